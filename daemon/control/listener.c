/* SPDX-License-Identifier: Apache-2.0 */

/* A listener of the settings with its sockets. */
#include "control/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "config/changes.h"
#include "control/credentials.h"
#include "control/listener-open.h"
#include "control/socket-match.h"
#include "transport/stream.h"
#include "util/clock.h"
#include "util/log.h"

static int blame_errno(ConfigErrors *errors, const ListenerSettings *of, int error)
{
        return listener_blame(errors, of, error, strerror(-error));
}

Listener *listener_counterpart(const Listeners *before, const Settings *settings,
                               const ListenerSettings *of)
{
        const ListenerSettings *old =
                before && before->n > 0
                        ? changes_counterpart(before->items[0]->settings, settings, of)
                        : NULL;

        for (size_t i = 0; old && i < before->n; i++)
                if (before->items[i]->of == old)
                        return before->items[i];
        return NULL;
}

/* The same content is the same credentials: nothing has changed. */
static TlsCredentials *settle_credentials(TlsCredentials *loaded, const Listener *before)
{
        if (!loaded || !before || !before->credentials ||
            memcmp(tls_credentials_digest(loaded), tls_credentials_digest(before->credentials),
                   sizeof(TlsDigest)) != 0)
                return loaded;
        tls_credentials_unref(loaded);
        return tls_credentials_ref(before->credentials);
}

static const TlsFacts *find_expired(const TlsCredentials *credentials)
{
        const int64_t now = (int64_t)clock_realtime();
        const TlsFacts *facts;
        size_t n;

        facts = tls_credentials_describe(credentials, &n);
        for (size_t i = 0; i < n; i++)
                if (facts[i].not_after <= now)
                        return &facts[i];
        return NULL;
}

/* A renewal that has gone wrong: clients trust the certificate that is in force, and not this one.
 * At a start there is no better one, and only a warning. */
static int refuse_expired(const Listener *listener, const Listener *before, ConfigErrors *errors)
{
        _cleanup_free_ char *line = NULL;
        const TlsFacts *expired;

        if (!listener->credentials || !before || !before->credentials ||
            listener->credentials == before->credentials || find_expired(before->credentials))
                return 0;
        expired = find_expired(listener->credentials);
        if (!expired)
                return 0;
        if (asprintf(&line,
                     "The new certificate (%s, serial %s) has expired: the one before, which has "
                     "not, "
                     "goes on",
                     expired->subject, expired->serial) < 0)
                return blame_errno(errors, listener->of, -ENOMEM);
        return listener_blame(errors, listener->of, -EKEYREJECTED, line);
}

int listener_new(Settings *settings, const ListenerSettings *of, const ListenerMeans *means,
                 ConfigErrors *errors, Listener **ret_listener)
{
        _cleanup_(listener_freep) Listener *listener = calloc(1, sizeof(*listener));
        const Listener *before = listener_counterpart(means->before, settings, of);
        int r;

        if (!listener)
                return blame_errno(errors, of, -ENOMEM);
        listener->settings = settings_ref(settings);
        listener->of = of;
        r = credentials_load(of, means->ticket_key, errors, &listener->credentials);
        if (r < 0)
                return r == -ENOMEM ? blame_errno(errors, of, r) : r;
        listener->credentials = settle_credentials(listener->credentials, before);
        r = refuse_expired(listener, before, errors);
        if (r < 0)
                return r;
        *ret_listener = TAKE_PTR(listener);
        return 0;
}

void listener_set_policy(Listener *listener, AccessPolicy *policy, const ListenerMeans *means)
{
        for (size_t i = 0; policy && means->before && i < means->before->n; i++)
                if (access_policy_equal(policy, means->before->items[i]->policy)) {
                        policy = means->before->items[i]->policy;
                        break;
                }
        listener->policy = access_policy_ref(policy);
}

Listener *listener_free(Listener *listener)
{
        int r;

        if (!listener)
                return NULL;
        for (size_t i = 0; i < listener->n_sockets; i++) {
                endpoint_unref(listener->sockets[i].endpoint);
                endpoint_unref(listener->sockets[i].before);
                closep(&listener->sockets[i].fd);
        }
        if (listener->has_path) {
                r = stream_remove_stale(listener->of->path);
                if (r < 0)
                        log_debug("The socket %s stays: %s", listener->of->path, strerror(-r));
        }
        tls_credentials_unref(listener->credentials);
        access_policy_unref(listener->policy);
        settings_unref(listener->settings);
        free(listener);
        return NULL;
}

/* --- what is there --- */

static int address_of(int fd, Address *ret_address)
{
        Address address = {.length = sizeof(address.storage)};

        if (getsockname(fd, (struct sockaddr *)&address.storage, &address.length) < 0)
                return -errno;
        *ret_address = address;
        return 0;
}

/* The one that runs keeps its endpoint; the new one follows it. */
static void keep(Listener *listener, ListenerSocket *old)
{
        ListenerSocket *socket = &listener->sockets[listener->n_sockets++];

        old->is_kept = true;
        *socket = (ListenerSocket){
                .before = endpoint_ref(old->endpoint),
                .passed = old->passed,
                .fd = -1,
                .address = old->address,
        };
}

static ListenerSocket *find_passed(const Listeners *before, const PassedSocket *passed)
{
        for (size_t i = 0; before && i < before->n; i++)
                for (size_t k = 0; k < before->items[i]->n_sockets; k++)
                        if (before->items[i]->sockets[k].passed == passed)
                                return &before->items[i]->sockets[k];
        return NULL;
}

/* A copy: who passed it may want it back for another listener. */
static int add_passed(Listener *listener, PassedSocket *passed)
{
        const int fd = fcntl(passed->fd, F_DUPFD_CLOEXEC, 3);

        if (fd < 0)
                return -errno;
        listener->sockets[listener->n_sockets++] = (ListenerSocket){
                .passed = passed,
                .fd = fd,
                .address = passed->address,
        };
        return 0;
}

static int take_claim(Listener *listener, const ListenerMeans *means, const PassedClaim *claim)
{
        int r = 0;

        for (size_t i = 0; i < claim->n && r == 0; i++) {
                ListenerSocket *old = find_passed(means->before, claim->items[i]);

                if (old)
                        keep(listener, old);
                else
                        r = add_passed(listener, claim->items[i]);
        }
        return r;
}

static int warn_of_addresses(const Listener *listener, ConfigErrors *errors)
{
        const ListenerSettings *of = listener->of;
        char line[300], text[ADDRESS_TEXT_MAX];
        Address all;

        if (of->host || of->path || of->socket_name)
                return 0;
        for (size_t i = 0; i < listener->n_sockets; i++) {
                const Address *address = &listener->sockets[i].address;

                if (address_parse(NULL, of->port, address->storage.ss_family, &all) < 0 ||
                    address_equal_host(address, &all))
                        continue;
                snprintf(line, sizeof(line),
                         "listener %s is not on all addresses: systemd passed %s, and only what it "
                         "passed is served (see systemctl list-sockets)",
                         of->name, address_format(address, text, sizeof(text)));
                return listener_warn(errors, of, line);
        }
        return 0;
}

static bool text_equal(const char *a, const char *b)
{
        return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_same_binding(const ListenerSettings *a, const ListenerSettings *b)
{
        return a->port == b->port && text_equal(a->host, b->host) && text_equal(a->path, b->path) &&
               a->socket_domain == b->socket_domain &&
               text_equal(a->bind_interface, b->bind_interface) &&
               text_equal(a->socket_name, b->socket_name);
}

/* On all addresses is not on one of them. */
static int is_wanted(const ListenerSettings *of, int fd, const Address *address)
{
        Address all;

        if (!of->path && !of->host &&
            (address_parse(NULL, of->port, address->storage.ss_family, &all) < 0 ||
             !address_equal_host(address, &all)))
                return 0;
        return socket_is_at(fd, address, of);
}

static int claim_of(Listener *listener, Listener *old)
{
        const bool all = is_same_binding(listener->of, old->of);
        int r = 1;

        for (size_t i = 0; i < old->n_sockets; i++) {
                ListenerSocket *socket = &old->sockets[i];

                if (socket->passed || socket->is_kept ||
                    listener->n_sockets == STREAM_LISTENING_MAX)
                        continue;
                if (!all)
                        r = is_wanted(listener->of, socket->endpoint->socket->fd, &socket->address);
                if (r < 0)
                        return r;
                if (r > 0)
                        keep(listener, socket);
        }
        listener->is_complete |= all;
        return 0;
}

/* Somebody may have taken the file of a Unix socket away: then nobody finds it any more. */
static bool can_be_found(const ListenerSettings *of)
{
        struct stat status;

        return !of->path || of->path[0] == '@' || lstat(of->path, &status) == 0;
}

/* Who waits in it is served here. */
static int claim_parked(Listener *listener, ParkedItem *item, ConfigErrors *errors)
{
        Address address;
        int r;

        if (item->fd < 0 || listener->n_sockets == STREAM_LISTENING_MAX)
                return 0;
        r = address_of(item->fd, &address);
        if (r == 0)
                r = is_wanted(listener->of, item->fd, &address);
        if (r <= 0 || !can_be_found(listener->of))
                return r < 0 ? r : 0;
        listener->sockets[listener->n_sockets++] = (ListenerSocket){
                .fd = TAKE_FD(item->fd),
                .address = address,
        };
        if (!listener->of->path)
                return 0;
        listener->has_path = true;
        return listener_admit(listener->of, errors);
}

static int claim_all_parked(Listener *listener, Parked *parked, ConfigErrors *errors)
{
        int r = 0;

        for (size_t i = 0; parked && i < parked->n[PARKED_LISTENER] && r == 0; i++)
                r = claim_parked(listener, &parked->items[PARKED_LISTENER][i], errors);
        return r;
}

int listener_claim(Listener *listener, const ListenerMeans *means, ConfigErrors *errors)
{
        const ListenerSettings *of = listener->of;
        PassedClaim claim = {};
        int r;

        r = passed_sockets_claim(means->passed, listener->settings, of, &claim);
        if (r == 0)
                r = take_claim(listener, means, &claim);
        /* Sockets of a name are all that there is to serve, and beside any on its port a listener
         * on all addresses could not open its own. */
        listener->is_complete = claim.n > 0 && (of->path || of->socket_name || !of->host);
        if (r == 0 && listener->is_complete)
                return warn_of_addresses(listener, errors);
        for (size_t i = 0; r == 0 && means->before && i < means->before->n; i++)
                r = claim_of(listener, means->before->items[i]);
        if (r == 0)
                r = claim_all_parked(listener, means->parked, errors);
        return r < 0 ? blame_errno(errors, of, r) : 0;
}

int listener_claim_local(Listener *listener, const ListenerMeans *means, ConfigErrors *errors)
{
        PassedClaim claim = {};
        int r;

        passed_sockets_claim_local(means->passed, &claim);
        r = take_claim(listener, means, &claim);
        listener->is_complete = true;
        return r < 0 ? blame_errno(errors, listener->of, r) : 0;
}

/* --- what is not --- */

/* Those of before at its port that will be closed; at most max. */
static size_t find_rivals(const Listener *listener, const Listeners *before, int *fds, size_t max)
{
        size_t n = 0;

        for (size_t i = 0; before && i < before->n; i++)
                for (size_t k = 0; k < before->items[i]->n_sockets && n < max; k++) {
                        const ListenerSocket *socket = &before->items[i]->sockets[k];

                        if (!socket->passed && !socket->is_kept &&
                            !address_is_unix(&socket->address) &&
                            address_port(&socket->address) == listener->of->port)
                                fds[n++] = socket->endpoint->socket->fd;
                }
        return n;
}

static int open_missing(Listener *listener, const ListenerMeans *means, ConfigErrors *errors)
{
        _cleanup_(stream_listening_done) StreamListening own = {};
        Address served[STREAM_LISTENING_MAX];
        int rivals[4 * STREAM_LISTENING_MAX];
        const ListenerHave have = {
                .served = served,
                .n_served = listener->n_sockets,
                .rivals = rivals,
                .n_rivals = find_rivals(listener, means->before, rivals, ARRAY_SIZE(rivals)),
                .is_running = means->is_running,
                .bind_only = means->before,
        };
        int r;

        for (size_t i = 0; i < listener->n_sockets; i++)
                served[i] = listener->sockets[i].address;
        r = listener_open_own(listener->settings, listener->of, &have, errors, &own);
        if (r < 0)
                return r;
        listener->has_path |= listener->of->path && own.n > 0;
        for (size_t i = 0; i < own.n && listener->n_sockets < STREAM_LISTENING_MAX; i++) {
                ListenerSocket *socket = &listener->sockets[listener->n_sockets];

                *socket = (ListenerSocket){.fd = -1};
                r = address_of(own.fds[i], &socket->address);
                if (r < 0)
                        return blame_errno(errors, listener->of, r);
                socket->fd = TAKE_FD(own.fds[i]);
                listener->n_sockets++;
        }
        return 0;
}

static int make_endpoint(const Listener *listener, ListenerSocket *socket)
{
        int r;

        if (socket->before)
                r = endpoint_renew(socket->before, listener->settings, listener->of,
                                   listener->credentials, &socket->endpoint);
        else
                r = endpoint_new(listener->settings, listener->of, socket->fd, &socket->endpoint);
        if (r < 0)
                return r;
        socket->endpoint->policy = access_policy_ref(listener->policy);
        if (socket->before)
                return 0;
        socket->fd = -1;
        socket->endpoint->credentials = tls_credentials_ref(listener->credentials);
        return 0;
}

static int set_tcp_options(const Listener *listener, bool with_kept)
{
        const Settings *settings = listener->settings;
        int r = 0;

        for (size_t i = 0; i < listener->n_sockets && r == 0; i++) {
                const ListenerSocket *socket = &listener->sockets[i];

                if (!address_is_unix(&socket->address) && (with_kept || !socket->before))
                        r = stream_set_options(socket->endpoint->socket->fd,
                                               settings->set_tcp_nodelay,
                                               settings->tcp_user_timeout);
        }
        return r;
}

int listener_set_tcp_options(const Listener *listener)
{
        return set_tcp_options(listener, true);
}

int listener_open(Listener *listener, const ListenerMeans *means, ConfigErrors *errors)
{
        int r = 0;

        if (!listener->is_complete)
                r = open_missing(listener, means, errors);
        if (r < 0)
                return r;
        for (size_t i = 0; i < listener->n_sockets && r == 0; i++)
                r = make_endpoint(listener, &listener->sockets[i]);
        if (r == 0)
                r = set_tcp_options(listener, false);
        return r < 0 ? blame_errno(errors, listener->of, r) : 0;
}

void listener_figures(const Listener *listener, ListenerFigures *ret_figures)
{
        *ret_figures = (ListenerFigures){};
        for (size_t i = 0; i < listener->n_sockets; i++)
                if (listener->sockets[i].endpoint)
                        listening_socket_sum(listener->sockets[i].endpoint->socket, ret_figures);
}

const TlsFacts *listener_certificate(const Listener *listener)
{
        const TlsFacts *all, *first = NULL;
        size_t n = 0;

        if (!listener->credentials)
                return NULL;
        all = tls_credentials_describe(listener->credentials, &n);
        for (size_t i = 0; i < n; i++)
                if (!first || all[i].not_after < first->not_after)
                        first = &all[i];
        return first;
}
