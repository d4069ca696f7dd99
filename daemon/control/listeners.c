/* SPDX-License-Identifier: Apache-2.0 */

/* All listeners of the settings. */
#include "control/listeners.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/access-files.h"
#include "control/credential-changes.h"
#include "control/listener-open.h"
#include "control/listener-pause.h"
#include "util/log.h"

void listeners_done(Listeners *listeners)
{
        for (size_t i = 0; i < listeners->n; i++)
                listener_free(listeners->items[i]);
        free(listeners->items);
        *listeners = (Listeners){};
}

/* --- open --- */

static bool is_family_missing(int error)
{
        return error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL;
}

/* Bad credentials before all others: they are a fault of the configuration. */
static void note(int *result, int r)
{
        if (r < 0 && *result != -EKEYREJECTED)
                *result = r;
}

/* One that may be missing is only warned about: 1: open, 0: missing, -errno. */
static int open_one(Listener *listener, const ListenerMeans *means, ConfigErrors *errors)
{
        _cleanup_(config_errors_done) ConfigErrors own = CONFIG_ERRORS_INIT;
        const int r = listener_open(listener, means, &own);
        const Listener *before =
                listener_counterpart(means->before, listener->settings, listener->of);
        const bool optional = listener->settings->local_only && is_family_missing(r);

        for (size_t k = 0; k < own.n_items; k++)
                config_errors_add(errors, optional ? CONFIG_WARNING : own.items[k].severity,
                                  own.items[k].file, own.items[k].line, "%s", own.items[k].text);
        if (r == 0)
                listener_inherit_pause(listener, before);
        if (r == 0)
                return 1;
        return optional ? 0 : r;
}

/* Those that cannot be opened are taken out, missing or not. */
static int open_each(const ListenerMeans *means, ConfigErrors *errors, Listeners *listeners)
{
        size_t n = 0;
        int result = 0;

        for (size_t i = 0; i < listeners->n; i++) {
                const int r = open_one(listeners->items[i], means, errors);

                note(&result, r);
                if (r > 0)
                        listeners->items[n++] = listeners->items[i];
                else
                        listener_free(listeners->items[i]);
        }
        listeners->n = n;
        return result;
}

static int load_policy(Listener *listener, AccessFiles *files, const ListenerMeans *means,
                       ConfigErrors *errors)
{
        _cleanup_(access_policy_unrefp) AccessPolicy *policy = NULL;
        int r = access_files_policy(files, listener->settings, listener->of, errors, &policy);

        if (r == 0)
                listener_set_policy(listener, policy, means);
        return r;
}

/* All claim before one opens: what nobody has claimed then is in the way of nobody. */
static int claim_each(Settings *settings, const ListenerMeans *means, ConfigErrors *errors,
                      Listeners *listeners)
{
        /* Without configured listeners the sockets of hawker.socket stand in for our own. */
        const bool local =
                settings->local_only && passed_sockets_have(means->passed, PASSED_SOCKET_MQTT);
        const size_t n = local ? 1 : settings->n_listeners;
        _cleanup_(access_files_done) AccessFiles files = {};
        int result = 0;

        for (size_t i = 0; i < n; i++) {
                _cleanup_(listener_freep) Listener *listener = NULL;
                int r;

                r = listener_new(settings, &settings->listeners[i], means, errors, &listener);
                if (r == 0)
                        r = load_policy(listener, &files, means, errors);
                if (r == 0)
                        r = local ? listener_claim_local(listener, means, errors)
                                  : listener_claim(listener, means, errors);
                note(&result, r);
                if (r == 0 && (!local || listener->n_sockets > 0))
                        listeners->items[listeners->n++] = TAKE_PTR(listener);
        }
        return result;
}

static bool is_overlapping(const ListenerSocket *a, const ListenerSocket *b)
{
        const int family = a->address.storage.ss_family;
        const uint16_t port = address_port(&a->address);
        Address all;

        if (family != b->address.storage.ss_family || address_is_unix(&a->address) ||
            port != address_port(&b->address) || address_parse(NULL, port, family, &all) < 0)
                return false;
        return address_equal_host(&a->address, &b->address) ||
               address_equal_host(&a->address, &all) || address_equal_host(&b->address, &all);
}

/* The kernel cannot tell: what shares a port with a socket of before shares it with any other. */
static int refuse_overlap(const Listener *a, const Listener *b, ConfigErrors *errors)
{
        char text[ADDRESS_TEXT_MAX], line[sizeof(text) + 100];

        if (!a->of->bind_interface != !b->of->bind_interface ||
            (a->of->bind_interface && strcmp(a->of->bind_interface, b->of->bind_interface) != 0))
                return 0;
        for (size_t i = 0; i < a->n_sockets; i++)
                for (size_t k = 0; k < b->n_sockets; k++) {
                        if (!is_overlapping(&a->sockets[i], &b->sockets[k]))
                                continue;
                        address_format(&b->sockets[k].address, text, sizeof(text));
                        snprintf(line, sizeof(line),
                                 "Cannot listen on %s: another listener of the configuration does",
                                 text);
                        return listener_blame(errors, b->of, -EADDRINUSE, line);
                }
        return 0;
}

static int refuse_overlaps(const Listeners *listeners, ConfigErrors *errors)
{
        int result = 0;

        for (size_t i = 0; i < listeners->n; i++)
                for (size_t k = 0; k < i; k++)
                        note(&result,
                             refuse_overlap(listeners->items[k], listeners->items[i], errors));
        return result;
}

/* Nobody keeps anything of those that run. */
static void forget_claims(const ListenerMeans *means)
{
        passed_sockets_release(means->passed);
        for (size_t i = 0; means->before && i < means->before->n; i++)
                for (size_t k = 0; k < means->before->items[i]->n_sockets; k++)
                        means->before->items[i]->sockets[k].is_kept = false;
}

int listeners_open(Settings *settings, const ListenerMeans *means, ConfigErrors *errors,
                   Listeners *ret_listeners)
{
        Listeners listeners = {.items = calloc(settings->n_listeners + 1, sizeof(Listener *))};
        int r, result;

        if (!listeners.items)
                return -ENOMEM;
        forget_claims(means);
        result = claim_each(settings, means, errors, &listeners);
        if (means->parked)
                parked_close(means->parked, PARKED_LISTENER);
        r = open_each(means, errors, &listeners);
        note(&result, r);
        if (result == 0 && means->before)
                result = refuse_overlaps(&listeners, errors);
        if (result == 0 && listeners.n == 0 && settings->n_listeners > 0)
                result = -EADDRNOTAVAIL;
        if (result < 0) {
                listeners_abandon(&listeners, means);
                return result;
        }
        *ret_listeners = listeners;
        return 0;
}

/* --- the change --- */

static bool is_admitted_otherwise(const ListenerSettings *a, const ListenerSettings *b)
{
        const char *const owners[] = {a->socket_owner, b->socket_owner};
        const char *const groups[] = {a->socket_group, b->socket_group};

        return a->socket_mode != b->socket_mode || strcmp(owners[0] ?: "", owners[1] ?: "") != 0 ||
               strcmp(groups[0] ?: "", groups[1] ?: "") != 0;
}

/* The one that runs, if its socket file gets another mode or owner. */
static const ListenerSettings *find_admitted(const Listener *listener)
{
        const ListenerSocket *socket = &listener->sockets[0];

        if (!listener->of->path || listener->n_sockets == 0 || !socket->before || socket->passed ||
            !is_admitted_otherwise(socket->before->listener, listener->of))
                return NULL;
        return socket->before->listener;
}

void listeners_restore(const Listeners *listeners)
{
        _cleanup_(config_errors_done) ConfigErrors ignored = CONFIG_ERRORS_INIT;

        for (size_t i = 0; i < listeners->n; i++) {
                const ListenerSettings *old = find_admitted(listeners->items[i]);

                if (old)
                        listener_admit(old, &ignored);
        }
}

static int listen_each(const Listener *listener, ConfigErrors *errors)
{
        for (size_t i = 0; i < listener->n_sockets; i++) {
                const ListenerSocket *socket = &listener->sockets[i];
                char text[ADDRESS_TEXT_MAX], line[sizeof(text) + 100];
                int r;

                if (socket->before || socket->passed || address_is_unix(&socket->address))
                        continue;
                r = stream_listen(socket->endpoint->socket->fd);
                if (r == 0)
                        continue;
                address_format(&socket->address, text, sizeof(text));
                snprintf(line, sizeof(line), "Cannot listen on %s: %s", text, strerror(-r));
                return listener_blame(errors, listener->of, r, line);
        }
        return 0;
}

int listeners_listen(const Listeners *listeners, const ListenerMeans *means, ConfigErrors *errors)
{
        int r = 0;

        for (size_t i = 0; i < listeners->n && r == 0; i++)
                r = listen_each(listeners->items[i], errors);
        for (size_t i = 0; i < listeners->n && r == 0; i++) {
                if (!find_admitted(listeners->items[i]))
                        continue;
                r = listener_admit(listeners->items[i]->of, errors);
        }
        if (r < 0)
                listeners_restore(listeners);
        return r;
}

int listeners_compare(const Listeners *listeners, const ListenerMeans *means,
                      EndpointChange **ret_changes, size_t *ret_n)
{
        const Listeners *before = means->before;
        EndpointChange *changes;
        size_t n = 0;

        changes = calloc((listeners->n + before->n) * STREAM_LISTENING_MAX + 1, sizeof(*changes));
        if (!changes)
                return -ENOMEM;
        for (size_t i = 0; i < listeners->n; i++)
                for (size_t k = 0; k < listeners->items[i]->n_sockets; k++) {
                        const ListenerSocket *socket = &listeners->items[i]->sockets[k];

                        changes[n++] = (EndpointChange){socket->before, socket->endpoint};
                }
        for (size_t i = 0; i < before->n; i++)
                for (size_t k = 0; k < before->items[i]->n_sockets; k++) {
                        const ListenerSocket *socket = &before->items[i]->sockets[k];

                        if (!socket->is_kept)
                                changes[n++] = (EndpointChange){.before = socket->endpoint};
                }
        *ret_changes = changes;
        *ret_n = n;
        return 0;
}

int listeners_compare_credentials(const Listeners *listeners, const ListenerMeans *means,
                                  Changes *changes)
{
        int r = 0;

        for (size_t i = 0; i < listeners->n && r == 0; i++) {
                const Listener *now = listeners->items[i];
                const Listener *old = listener_counterpart(means->before, now->settings, now->of);

                if (old && old->credentials && now->credentials)
                        r = credentials_compare(now->of->name, old->credentials, now->credentials,
                                                changes);
                if (r == 0 && old)
                        r = access_files_compare(now->settings, now->of, old->policy, now->policy,
                                                 changes);
        }
        return r;
}

static void share_ports(const Listeners *listeners, bool on)
{
        for (size_t i = 0; i < listeners->n; i++)
                for (size_t k = 0; k < listeners->items[i]->n_sockets; k++) {
                        const ListenerSocket *socket = &listeners->items[i]->sockets[k];

                        if (!socket->passed && !address_is_unix(&socket->address))
                                stream_share_port(socket->endpoint->socket->fd, on);
                }
}

/* Its file is that of a socket which now is another's. */
static void hand_path_on(Listener *listener, const Listeners *before)
{
        const ListenerSocket *socket = &listener->sockets[0];

        for (size_t i = 0; i < before->n; i++) {
                Listener *old = before->items[i];

                if (old->has_path && listener->n_sockets > 0 && socket->before &&
                    old->sockets[0].endpoint == socket->before) {
                        old->has_path = false;
                        listener->has_path = true;
                }
        }
}

void listeners_commit(Listeners *listeners, const ListenerMeans *means)
{
        share_ports(listeners, false);
        for (size_t i = 0; i < listeners->n; i++) {
                Listener *listener = listeners->items[i];
                int r = listener_set_tcp_options(listener);

                if (r < 0)
                        log_warning("Cannot set the options of listener %s: %s", listener->of->name,
                                    strerror(-r));
                hand_path_on(listener, means->before);
                for (size_t k = 0; k < listener->n_sockets; k++)
                        listener->sockets[k].before = endpoint_unref(listener->sockets[k].before);
        }
        listeners_done(means->before);
        *means->before = *listeners;
        *listeners = (Listeners){};
}

void listeners_abandon(Listeners *listeners, const ListenerMeans *means)
{
        listeners_done(listeners);
        if (!means->before)
                return;
        share_ports(means->before, false);
        forget_claims(means);
        for (size_t i = 0; i < means->before->n; i++)
                for (size_t k = 0; k < means->before->items[i]->n_sockets; k++)
                        if (means->before->items[i]->sockets[k].passed)
                                means->before->items[i]->sockets[k].passed->is_claimed = true;
}

/* --- all of them --- */

int listeners_serve(const Listeners *listeners, Server *server)
{
        for (size_t i = 0; i < listeners->n; i++)
                for (size_t k = 0; k < listeners->items[i]->n_sockets; k++) {
                        const ListenerSocket *socket = &listeners->items[i]->sockets[k];
                        char text[ADDRESS_TEXT_MAX];
                        int r;

                        r = server_add_endpoint(server, socket->endpoint);
                        if (r < 0)
                                return r;
                        log_info("Listening on %s%s",
                                 address_format(&socket->address, text, sizeof(text)),
                                 listeners->items[i]->credentials ? " with TLS" : "");
                }
        return 0;
}

/* The kernel lets only sockets of the same user share a port. */
void listeners_give(const Listeners *listeners, uid_t user, gid_t group)
{
        for (size_t i = 0; i < listeners->n; i++)
                for (size_t k = 0; k < listeners->items[i]->n_sockets; k++) {
                        const ListenerSocket *socket = &listeners->items[i]->sockets[k];

                        if (!socket->passed && !address_is_unix(&socket->address) &&
                            fchown(socket->endpoint->socket->fd, user, group) < 0)
                                log_debug("A socket stays root's: %s", strerror(errno));
                }
}

bool listeners_forget_answers(const Listeners *listeners)
{
        bool any = false;

        for (size_t i = 0; i < listeners->n; i++) {
                Authority *authority = access_policy_parts(listeners->items[i]->policy).authority;

                if (authority)
                        authority_forget(authority);
                any |= authority != NULL;
        }
        return any;
}

int listeners_endpoints(const Listeners *listeners, Endpoint ***ret_endpoints, size_t *ret_n)
{
        Endpoint **endpoints;
        size_t n = 0;

        endpoints = calloc(listeners->n * STREAM_LISTENING_MAX + 1, sizeof(*endpoints));
        if (!endpoints)
                return -ENOMEM;
        for (size_t i = 0; i < listeners->n; i++)
                for (size_t k = 0; k < listeners->items[i]->n_sockets; k++)
                        endpoints[n++] = listeners->items[i]->sockets[k].endpoint;
        *ret_endpoints = endpoints;
        *ret_n = n;
        return 0;
}

int listeners_park(const Listeners *listeners, Parking *parking)
{
        int result = 0;
        uint32_t number = 0;

        for (size_t i = 0; i < listeners->n; i++)
                for (size_t k = 0; k < listeners->items[i]->n_sockets; k++) {
                        const ListenerSocket *socket = &listeners->items[i]->sockets[k];
                        const ParkedItem item = {socket->endpoint->socket->fd, number++, 0};
                        size_t n;
                        int r;

                        if (socket->passed)
                                continue;
                        r = parking_send(parking, PARKED_LISTENER, &item, 1, &n);
                        if (r < 0)
                                result = r;
                        else
                                listeners->items[i]->has_path = false;
                }
        return result;
}

Listener *listeners_find(const Listeners *listeners, const char *name)
{
        for (size_t i = 0; i < listeners->n; i++)
                if (strcmp(listeners->items[i]->of->name, name) == 0)
                        return listeners->items[i];
        return NULL;
}

size_t listeners_n_addresses(const Listeners *listeners)
{
        size_t n = 0;

        for (size_t i = 0; i < listeners->n; i++)
                n += listeners->items[i]->n_sockets;
        return n;
}

int64_t listeners_expire(const Listeners *listeners)
{
        int64_t first = INT64_MAX;

        for (size_t i = 0; i < listeners->n; i++)
                if (listeners->items[i]->credentials) {
                        const int64_t expires =
                                tls_credentials_expires(listeners->items[i]->credentials);

                        first = MIN(first, expires);
                }
        return first;
}
