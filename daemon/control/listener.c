/* SPDX-License-Identifier: Apache-2.0 */

/* A listener of the settings, opened. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "control/account.h"
#include "control/listener.h"
#include "transport/stream-listen.h"
#include "transport/stream.h"
#include "util/address.h"
#include "util/log.h"

struct Listener {
        Settings *settings; /* a reference: owns of */
        const ListenerSettings *of;
        bool made_path; /* the socket file is ours to remove */
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

static int open_tcp(const Settings *settings, const ListenerSettings *of, ConfigErrors *errors,
                    StreamListening *ret)
{
        static const int families[] = {
                [SOCKET_DOMAIN_ANY] = AF_UNSPEC,
                [SOCKET_DOMAIN_IPV4] = AF_INET,
                [SOCKET_DOMAIN_IPV6] = AF_INET6,
        };
        const StreamTcpAddress address = {
                .host = of->host,
                .port = of->port,
                .family = families[of->socket_domain],
                .interface = of->bind_interface,
        };
        int r;

        r = stream_listen_tcp(&address, ret);
        if (r < 0)
                return blame(errors, of, r, ret->why);

        /* What is accepted inherits them: no system call for each connection. */
        for (size_t i = 0; i < ret->n && r == 0; i++)
                r = stream_set_options(ret->fds[i], settings->set_tcp_nodelay,
                                       settings->tcp_user_timeout);
        return r < 0 ? blame(errors, of, r, strerror(-r)) : 0;
}

static int make_endpoints(Listener *listener, StreamListening *sockets)
{
        for (size_t i = 0; i < sockets->n; i++) {
                int r = endpoint_new(listener->settings, listener->of, sockets->fds[i],
                                     &listener->endpoints[i]);

                if (r < 0)
                        return r;
                sockets->fds[i] = -1;
                listener->n_endpoints++;
        }
        return 0;
}

int listener_new(Settings *settings, const ListenerSettings *of, ConfigErrors *errors,
                 Listener **ret_listener)
{
        _cleanup_(stream_listening_done) StreamListening sockets = {};
        _cleanup_(listener_freep) Listener *listener = NULL;
        int r;

        listener = calloc(1, sizeof(*listener));
        if (!listener)
                return blame(errors, of, -ENOMEM, strerror(ENOMEM));
        listener->settings = settings_ref(settings);
        listener->of = of;

        r = of->path ? open_unix(of, errors, &sockets) : open_tcp(settings, of, errors, &sockets);
        if (r < 0)
                return r;
        listener->made_path = of->path != NULL;
        r = make_endpoints(listener, &sockets);
        if (r < 0)
                return blame(errors, of, r, strerror(-r));

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
                if (getsockname(listener->endpoints[i]->fd, (struct sockaddr *)&address.storage,
                                &address.length) == 0)
                        log_info("Listening on %s", address_format(&address, text, sizeof(text)));
        }
        return 0;
}

static bool is_family_missing(int error)
{
        return error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL;
}

int listeners_open(Settings *settings, ConfigErrors *errors, Listener ***ret_listeners,
                   size_t *ret_n)
{
        Listener **listeners;
        size_t n = 0;
        int result = 0;

        listeners = calloc(settings->n_listeners + 1, sizeof(*listeners));
        if (!listeners)
                return -ENOMEM;
        for (size_t i = 0; i < settings->n_listeners; i++) {
                const ListenerSettings *of = &settings->listeners[i];
                _cleanup_(config_errors_done) ConfigErrors own = CONFIG_ERRORS_INIT;
                int r = listener_new(settings, of, &own, &listeners[n]);
                bool optional = settings->local_only && is_family_missing(r);

                if (r == 0)
                        n++;
                else if (!optional)
                        result = r;
                for (size_t k = 0; k < own.n_items; k++)
                        config_errors_add(errors, optional ? CONFIG_WARNING : own.items[k].severity,
                                          own.items[k].file, own.items[k].line, "%s",
                                          own.items[k].text);
        }
        if (result == 0 && n == 0 && settings->n_listeners > 0)
                result = -EADDRNOTAVAIL;
        if (result < 0) {
                listeners_free(listeners, n);
                return result;
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
