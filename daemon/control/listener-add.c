/* SPDX-License-Identifier: Apache-2.0 */

/* Listeners that are in no file. */
#include "control/listener-add.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "control/reload-message.h"
#include "control/reload.h"
#include "util/log.h"

#define NAME_MAX_LENGTH 64U
#define INVALID_SOCKET  "org.hawker.Error.InvalidSocket"

/* --- what was handed over --- */

static int option_of(int fd, int option)
{
        int value = -1;
        socklen_t length = sizeof(value);

        return getsockopt(fd, SOL_SOCKET, option, &value, &length) < 0 ? -errno : value;
}

/* What is wrong with it; NULL: nothing. */
static const char *judge_socket(int fd)
{
        const int type = option_of(fd, SO_TYPE), domain = option_of(fd, SO_DOMAIN);

        if (type < 0)
                return "That is no socket: hand over one of TCP, or a Unix socket, that listens";
        if (type != SOCK_STREAM)
                return "That socket carries no stream: hand over one of TCP, or a Unix socket of "
                       "type SOCK_STREAM";
        if (domain != AF_INET && domain != AF_INET6 && domain != AF_UNIX)
                return "That socket is neither of TCP nor a Unix socket";
        if (option_of(fd, SO_ACCEPTCONN) != 1)
                return "That socket does not listen: call bind() and listen() before it is handed "
                       "over";
        return NULL;
}

/* No name of a listener in a file can be like it: they are ports, addresses and paths. */
static bool name_is_valid(const char *name)
{
        const size_t n = strlen(name);

        if (n == 0 || n > NAME_MAX_LENGTH || !isalpha((unsigned char)name[0]))
                return false;
        for (size_t i = 0; i < n; i++)
                if (!isalnum((unsigned char)name[i]) && !strchr("-_", name[i]))
                        return false;
        return true;
}

static bool name_is_taken(const Manager *manager, const char *name)
{
        const Settings *settings = manager->settings;

        for (size_t i = 0; i < settings->n_listeners; i++) {
                const ListenerSettings *listener = &settings->listeners[i];

                if (strcmp(listener->name, name) == 0 ||
                    (listener->socket_name && strcmp(listener->socket_name, name) == 0))
                        return true;
        }
        return passed_sockets_have(&manager->passed, name);
}

static int check_name(const Manager *manager, const char *name, sd_bus_error *error)
{
        const char *others[PASSED_ADDED_MAX];

        if (!name_is_valid(name))
                return sd_bus_error_setf(error, "org.hawker.Error.InvalidName",
                                         "A name begins with a letter, and has letters, digits, - "
                                         "and _ only, %u at most",
                                         NAME_MAX_LENGTH);
        if (name_is_taken(manager, name))
                return sd_bus_error_setf(error, "org.hawker.Error.NameTaken",
                                         "There is a listener or a socket '%s' already: choose "
                                         "another name, or remove it first",
                                         name);
        if (passed_sockets_added(&manager->passed, others) == PASSED_ADDED_MAX)
                return sd_bus_error_setf(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                         "%u listeners were added, there can be no more: remove "
                                         "one first",
                                         PASSED_ADDED_MAX);
        return 0;
}

static int check(const Manager *manager, int fd, const char *name, sd_bus_error *error)
{
        const char *wrong = judge_socket(fd);
        int r;

        r = check_name(manager, name, error);
        if (r < 0)
                return r;
        if (wrong)
                return sd_bus_error_set(error, INVALID_SOCKET, wrong);
        if (manager->settings->local_only)
                return sd_bus_error_set(error, "org.hawker.Error.NoListenerConfigured",
                                        "Without a listener in the configuration only this machine "
                                        "is let in: say there who may come in, and add a listener "
                                        "there or reload first");
        return 0;
}

/* --- for the next process --- */

static void keep(int fd, const char *name)
{
        char text[sizeof("FDSTORE=1\nFDPOLL=0\nFDNAME=" PASSED_ADDED_PREFIX) + NAME_MAX_LENGTH];

        snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=" PASSED_ADDED_PREFIX "%s", name);
        if (sd_pid_notify_with_fds(0, false, text, &fd, 1) <= 0)
                log_notice("Nobody keeps the socket of listener %s over a restart", name);
}

static void forget(const char *name)
{
        sd_notifyf(false, "FDSTOREREMOVE=1\nFDNAME=" PASSED_ADDED_PREFIX "%s", name);
}

/* --- the methods --- */

int listener_add_bus(sd_bus_message *call, void *data, sd_bus_error *error)
{
        const ReloadResult *result;
        Manager *manager = data;
        const char *name;
        int fd, r;

        r = sd_bus_message_read(call, "hs", &fd, &name);
        if (r >= 0)
                r = check(manager, fd, name, error);
        if (r >= 0)
                r = passed_sockets_add(&manager->passed, fd, name);
        if (r < 0)
                return r;
        r = manager_reload(manager, &result);
        if (r < 0) {
                passed_socket_free(passed_sockets_take(&manager->passed, name));
                return reload_message_set_error(error, result, r);
        }
        keep(fd, name);
        return sd_bus_reply_method_return(call, NULL);
}

int listener_remove_bus(sd_bus_message *call, void *data, sd_bus_error *error)
{
        const ReloadResult *result;
        Manager *manager = data;
        PassedSocket *socket;
        const char *name;
        int r;

        r = sd_bus_message_read(call, "s", &name);
        if (r < 0)
                return r;
        socket = passed_sockets_take(&manager->passed, name);
        if (!socket)
                return sd_bus_error_setf(error, "org.hawker.Error.NoSuchListener",
                                         "No listener '%s' was added; those of the configuration "
                                         "are removed there, and by a reload",
                                         name);
        r = manager_reload(manager, &result);
        if (r < 0) {
                passed_sockets_put_back(&manager->passed, socket);
                return reload_message_set_error(error, result, r);
        }
        forget(name);
        passed_socket_free(socket);
        return sd_bus_reply_method_return(call, NULL);
}
