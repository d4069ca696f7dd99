/* SPDX-License-Identifier: Apache-2.0 */

/* The sockets that a listener opens for itself. */
#include "control/listener-open.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/account.h"

int listener_blame(ConfigErrors *errors, const ListenerSettings *of, int error, const char *why)
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

int listener_warn(ConfigErrors *errors, const ListenerSettings *of, const char *what)
{
        return config_errors_add(errors, CONFIG_WARNING, of->where.file, of->where.line, "%s",
                                 what);
}

/* Who may connect, by numbers. */
static int unix_address(const ListenerSettings *of, ConfigErrors *errors, StreamUnixAddress *ret)
{
        StreamUnixAddress address = {
                .path = of->path,
                .mode = of->socket_mode,
                .owner = (uid_t)-1,
                .group = (gid_t)-1,
        };
        Account owner;

        if (of->socket_owner) {
                if (account_find_user(of->socket_owner, &owner) < 0)
                        return blame_name(errors, of, "user", of->socket_owner);
                address.owner = owner.uid;
        }
        if (of->socket_group && account_find_group(of->socket_group, &address.group) < 0)
                return blame_name(errors, of, "group", of->socket_group);

        *ret = address;
        return 0;
}

static int open_unix(const ListenerSettings *of, const ListenerHave *have, ConfigErrors *errors,
                     StreamListening *ret_own)
{
        StreamUnixAddress address;
        int r;

        r = unix_address(of, errors, &address);
        if (r < 0)
                return r;
        r = stream_listen_unix(&address, ret_own);
        if (r == -EADDRINUSE && have->is_running)
                return 0;
        return r < 0 ? listener_blame(errors, of, r, ret_own->why) : 0;
}

/* A number may come up later; a name that the resolver knows stands for addresses that are up. */
static bool is_number(const ListenerSettings *of)
{
        Address address;

        return of->host && address_parse(of->host, of->port, AF_UNSPEC, &address) == 0;
}

/* Whoever meets this has most likely started the broker as somebody else than root, or asks for a
 * port after it has given up root. */
static int blame_open(ConfigErrors *errors, const ListenerSettings *of, int error, const char *why)
{
        char line[sizeof(((StreamListening *)NULL)->why) + 120];

        if (error != -EACCES || of->port >= IPPORT_RESERVED || geteuid() == 0)
                return listener_blame(errors, of, error, why);
        snprintf(line, sizeof(line),
                 "%s: the broker is not root (any more); a socket of systemd for this port would "
                 "do",
                 why);
        return listener_blame(errors, of, error, line);
}

static int open_tcp(const Settings *settings, const ListenerSettings *of, const ListenerHave *have,
                    ConfigErrors *errors, StreamListening *ret_own)
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
                .freebind = !settings->local_only && is_number(of),
                .served = have->served,
                .n_served = have->n_served,
                .bind_only = have->bind_only,
                .rivals = have->rivals,
                .n_rivals = have->n_rivals,
        };
        int r;

        r = stream_listen_tcp(&address, ret_own);
        if (r == -EADDRINUSE && have->is_running)
                return 0;
        if (r < 0)
                return blame_open(errors, of, r, ret_own->why);
        return ret_own->why[0] ? listener_warn(errors, of, ret_own->why) : 0;
}

int listener_open_own(const Settings *settings, const ListenerSettings *of,
                      const ListenerHave *have, ConfigErrors *errors, StreamListening *ret_own)
{
        if (!of->path)
                return open_tcp(settings, of, have, errors, ret_own);
        *ret_own = (StreamListening){};
        return have->n_served > 0 ? 0 : open_unix(of, have, errors, ret_own);
}

int listener_admit(const ListenerSettings *of, ConfigErrors *errors)
{
        StreamUnixAddress address;
        char line[300];
        int r;

        r = unix_address(of, errors, &address);
        if (r < 0)
                return r;
        /* Not given means as it comes, not as it was. */
        if (!of->socket_owner)
                address.owner = geteuid();
        if (!of->socket_group)
                address.group = getegid();
        r = stream_admit_unix(&address);
        if (r == 0)
                return 0;
        snprintf(line, sizeof(line), "Cannot change who may connect to the socket %s: %s", of->path,
                 strerror(-r));
        return listener_blame(errors, of, r, line);
}
