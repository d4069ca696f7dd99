/* SPDX-License-Identifier: Apache-2.0 */

/* A listener of the settings, opened. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "control/account.h"
#include "control/credentials.h"
#include "control/listener.h"
#include "control/passed-sockets.h"
#include "transport/stream-listen.h"
#include "transport/stream.h"
#include "util/address.h"
#include "util/log.h"

struct Listener {
        Settings *settings; /* a reference: owns of */
        const ListenerSettings *of;
        TlsCredentials *credentials; /* NULL: no TLS */
        bool made_path;              /* the socket file is ours to remove */
        size_t n_endpoints;
        Endpoint *endpoints[STREAM_LISTENING_MAX];
};

static int blame(ConfigErrors *errors, const ListenerSettings *of, int error, const char *why)
{
        config_errors_add(errors, CONFIG_ERROR, of->where.file, of->where.line, "%s", why);
        return error;
}

static int blame_name(ConfigErrors *errors, const ListenerSettings *of, const char *kind,
                      const char *name)
{
        config_errors_add(errors, CONFIG_ERROR, of->where.file, of->where.line,
                          "There is no %s %s for the socket %s", kind, name, of->path);
        return -ENOENT;
}

static int open_unix(const ListenerSettings *of, ConfigErrors *errors, StreamListening *ret)
{
        StreamUnixAddress address = {
                .path = of->path,
                .mode = of->socket_mode,
                .owner = (uid_t)-1,
                .group = (gid_t)-1,
        };
        Account owner;
        int r;

        if (of->socket_owner) {
                if (account_find_user(of->socket_owner, &owner) < 0)
                        return blame_name(errors, of, "user", of->socket_owner);
                address.owner = owner.uid;
        }
        if (of->socket_group && account_find_group(of->socket_group, &address.group) < 0)
                return blame_name(errors, of, "group", of->socket_group);

        r = stream_listen_unix(&address, ret);
        return r < 0 ? blame(errors, of, r, ret->why) : 0;
}

static int warn(ConfigErrors *errors, const ListenerSettings *of, const char *what)
{
        return config_errors_add(errors, CONFIG_WARNING, of->where.file, of->where.line, "%s",
                                 what);
}

static int address_of(int fd, Address *ret_address)
{
        Address address = {.length = sizeof(address.storage)};

        if (getsockname(fd, (struct sockaddr *)&address.storage, &address.length) < 0)
                return -errno;
        *ret_address = address;
        return 0;
}

/* A number may come up later; a name that the resolver knows stands for addresses that are up. */
static bool is_number(const ListenerSettings *of)
{
        Address address;

        return of->host && address_parse(of->host, of->port, AF_UNSPEC, &address) == 0;
}

/* Opens what sockets, which was passed, lacks; adds it there. */
static int open_tcp(const Settings *settings, const ListenerSettings *of, ConfigErrors *errors,
                    StreamListening *sockets)
{
        static const int families[] = {
                [SOCKET_DOMAIN_ANY] = AF_UNSPEC,
                [SOCKET_DOMAIN_IPV4] = AF_INET,
                [SOCKET_DOMAIN_IPV6] = AF_INET6,
        };
        _cleanup_(stream_listening_done) StreamListening own = {};
        Address served[STREAM_LISTENING_MAX];
        StreamTcpAddress address = {
                .host = of->host,
                .port = of->port,
                .family = families[of->socket_domain],
                .interface = of->bind_interface,
                .freebind = !settings->local_only && is_number(of),
                .served = served,
                .n_served = sockets->n,
        };
        int r = 0;

        for (size_t i = 0; i < sockets->n && r == 0; i++)
                r = address_of(sockets->fds[i], &served[i]);
        if (r < 0)
                return blame(errors, of, r, strerror(-r));
        r = stream_listen_tcp(&address, &own);
        if (r < 0)
                return blame(errors, of, r, own.why);
        if (own.why[0] && warn(errors, of, own.why) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < own.n && sockets->n < STREAM_LISTENING_MAX; i++)
                sockets->fds[sockets->n++] = TAKE_FD(own.fds[i]);
        return 0;
}

/* What is accepted inherits them: no system call for each connection. */
static int set_tcp_options(const Settings *settings, const StreamListening *sockets)
{
        Address address;
        int r = 0;

        for (size_t i = 0; i < sockets->n && r == 0; i++) {
                r = address_of(sockets->fds[i], &address);
                if (r == 0 && !address_is_unix(&address))
                        r = stream_set_options(sockets->fds[i], settings->set_tcp_nodelay,
                                               settings->tcp_user_timeout);
        }
        return r;
}

/*
 * Whether what was passed is all that there is to serve: sockets of a name are, and beside any on
 * its port a listener on all addresses could not open its own.
 */
static bool is_complete(const ListenerSettings *of, const StreamListening *passed)
{
        return passed->n > 0 && (of->path || of->socket_name || !of->host);
}

static int warn_of_addresses(const ListenerSettings *of, const StreamListening *passed,
                             ConfigErrors *errors)
{
        char line[300], text[ADDRESS_TEXT_MAX];
        Address address, all;

        if (of->host || of->path || of->socket_name)
                return 0;
        for (size_t i = 0; i < passed->n; i++) {
                if (address_of(passed->fds[i], &address) < 0 ||
                    address_parse(NULL, of->port, address.storage.ss_family, &all) < 0 ||
                    address_equal_host(&address, &all))
                        continue;
                snprintf(line, sizeof(line),
                         "listener %s is not on all addresses: systemd passed %s, and only what it "
                         "passed is served (see systemctl list-sockets)",
                         of->name, address_format(&address, text, sizeof(text)));
                return warn(errors, of, line);
        }
        return 0;
}

static int make_endpoints(Listener *listener, StreamListening *sockets)
{
        for (size_t i = 0; i < sockets->n; i++) {
                int r = endpoint_new(listener->settings, listener->of, sockets->fds[i],
                                     &listener->endpoints[i]);

                if (r < 0)
                        return r;
                sockets->fds[i] = -1;
                listener->endpoints[i]->credentials = tls_credentials_ref(listener->credentials);
                listener->n_endpoints++;
        }
        return 0;
}

static int listener_open(Listener *listener, ConfigErrors *errors, StreamListening *sockets)
{
        const ListenerSettings *of = listener->of;
        int r;

        if (is_complete(of, sockets)) {
                r = warn_of_addresses(of, sockets, errors);
        } else if (of->path) {
                r = open_unix(of, errors, sockets);
                listener->made_path = r == 0;
        } else {
                r = open_tcp(listener->settings, of, errors, sockets);
        }
        if (r < 0)
                return r;
        r = set_tcp_options(listener->settings, sockets);
        if (r == 0)
                r = make_endpoints(listener, sockets);
        return r < 0 ? blame(errors, of, r, strerror(-r)) : 0;
}

/* With its credentials, and without a socket. */
static int listener_begin(Settings *settings, const ListenerSettings *of,
                          const TlsTicketKey *ticket_key, ConfigErrors *errors,
                          Listener **ret_listener)
{
        _cleanup_(listener_freep) Listener *listener = calloc(1, sizeof(*listener));
        int r;

        if (!listener)
                return blame(errors, of, -ENOMEM, strerror(ENOMEM));
        listener->settings = settings_ref(settings);
        listener->of = of;
        r = credentials_load(of, ticket_key, errors, &listener->credentials);
        if (r < 0)
                return r == -ENOMEM ? blame(errors, of, r, strerror(ENOMEM)) : r;
        *ret_listener = TAKE_PTR(listener);
        return 0;
}

int listener_new(Settings *settings, const ListenerSettings *of, const ListenerMeans *means,
                 ConfigErrors *errors, Listener **ret_listener)
{
        _cleanup_(stream_listening_done) StreamListening sockets = {};
        _cleanup_(listener_freep) Listener *listener = NULL;
        int r;

        r = passed_sockets_claim(means->passed, settings, of, &sockets);
        if (r < 0)
                return blame(errors, of, r, strerror(-r));
        r = listener_begin(settings, of, means->ticket_key, errors, &listener);
        if (r == 0)
                r = listener_open(listener, errors, &sockets);
        if (r < 0)
                return r;
        *ret_listener = TAKE_PTR(listener);
        return 0;
}

Listener *listener_free(Listener *listener)
{
        int r;

        if (!listener)
                return NULL;
        for (size_t i = 0; i < listener->n_endpoints; i++)
                endpoint_unref(listener->endpoints[i]);
        if (listener->made_path) {
                r = stream_remove_stale(listener->of->path);
                if (r < 0)
                        log_debug("The socket %s stays: %s", listener->of->path, strerror(-r));
        }
        tls_credentials_unref(listener->credentials);
        settings_unref(listener->settings);
        free(listener);
        return NULL;
}

int listener_serve(const Listener *listener, Server *server)
{
        for (size_t i = 0; i < listener->n_endpoints; i++) {
                Address address = {.length = sizeof(address.storage)};
                char text[ADDRESS_TEXT_MAX];
                int r;

                r = server_add_endpoint(server, listener->endpoints[i]);
                if (r < 0)
                        return r;
                if (getsockname(listener->endpoints[i]->socket->fd,
                                (struct sockaddr *)&address.storage, &address.length) == 0)
                        log_info("Listening on %s%s", address_format(&address, text, sizeof(text)),
                                 listener->credentials ? " with TLS" : "");
        }
        return 0;
}

size_t listener_n_addresses(const Listener *listener)
{
        return listener->n_endpoints;
}

static bool is_family_missing(int error)
{
        return error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL;
}

/* Opens the listener i; one that may be missing is only warned about. 1: open, 0: missing, -errno.
 */
static int listeners_open_one(Settings *settings, size_t i, const ListenerMeans *means,
                              ConfigErrors *errors, Listener **ret_listener)
{
        _cleanup_(config_errors_done) ConfigErrors own = CONFIG_ERRORS_INIT;
        int r = listener_new(settings, &settings->listeners[i], means, &own, ret_listener);
        bool optional = settings->local_only && is_family_missing(r);

        for (size_t k = 0; k < own.n_items; k++)
                config_errors_add(errors, optional ? CONFIG_WARNING : own.items[k].severity,
                                  own.items[k].file, own.items[k].line, "%s", own.items[k].text);
        if (r == 0)
                return 1;
        return optional ? 0 : r;
}

/* Without configured listeners the sockets of hawker.socket stand in for those of the broker. */
static int listeners_open_local(Settings *settings, const ListenerMeans *means,
                                ConfigErrors *errors, Listener **listeners, size_t *n)
{
        _cleanup_(stream_listening_done) StreamListening sockets = {};
        _cleanup_(listener_freep) Listener *listener = NULL;
        int r;

        passed_sockets_claim_local(means->passed, &sockets);
        if (sockets.n == 0)
                return 0;
        r = listener_begin(settings, &settings->listeners[0], means->ticket_key, errors, &listener);
        if (r == 0)
                r = listener_open(listener, errors, &sockets);
        if (r < 0)
                return r;
        listeners[(*n)++] = TAKE_PTR(listener);
        return 0;
}

/* The reason of the listener that failed last, but bad credentials before all others: they are a
 * fault of the configuration. */
static int listeners_open_all(Settings *settings, const ListenerMeans *means, ConfigErrors *errors,
                              Listener **listeners, size_t *n)
{
        int result = 0;

        if (settings->local_only && passed_sockets_have(means->passed, PASSED_SOCKET_MQTT))
                return listeners_open_local(settings, means, errors, listeners, n);
        for (size_t i = 0; i < settings->n_listeners; i++) {
                int r = listeners_open_one(settings, i, means, errors, &listeners[*n]);

                if (r >= 0)
                        *n += (size_t)r;
                else if (result != -EKEYREJECTED)
                        result = r;
        }
        return result < 0 || *n > 0 || settings->n_listeners == 0 ? result : -EADDRNOTAVAIL;
}

int listeners_open(Settings *settings, const ListenerMeans *means, ConfigErrors *errors,
                   Listener ***ret_listeners, size_t *ret_n)
{
        ListenerMeans complete = *means;
        Listener **listeners;
        TlsTicketKey own_key;
        size_t n = 0;
        int r;

        if (!complete.ticket_key && tls_ticket_key_init(&own_key) < 0)
                return -EIO;
        if (!complete.ticket_key)
                complete.ticket_key = &own_key;

        listeners = calloc(settings->n_listeners + 1, sizeof(*listeners));
        if (!listeners)
                return -ENOMEM;
        r = listeners_open_all(settings, &complete, errors, listeners, &n);
        passed_sockets_report(means->passed, settings->local_only, errors);
        if (r < 0) {
                listeners_free(listeners, n);
                return r;
        }

        *ret_listeners = listeners;
        *ret_n = n;
        return 0;
}

Listener **listeners_free(Listener **listeners, size_t n)
{
        for (size_t i = 0; listeners && i < n; i++)
                listener_free(listeners[i]);
        free(listeners);
        return NULL;
}
