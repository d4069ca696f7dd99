/* SPDX-License-Identifier: Apache-2.0 */

/*
 * bus-doc [listener]: writes what introspection of /org/hawker/Broker1, or of a listener below it,
 * answers, for the files that programs are written against. sd-bus makes it of the vtables, over a
 * pair of sockets in place of a bus.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "control/figures-bus.h"
#include "control/listener-bus.h"
#include "control/manager-bus.h"

static int on_answer(sd_bus_message *reply, void *data, sd_bus_error *error)
{
        bool *answered = data;
        const char *text;
        int r;

        r = sd_bus_message_get_errno(reply);
        if (r > 0)
                return -r;
        r = sd_bus_message_read(reply, "s", &text);
        if (r < 0)
                return r;
        *answered = true;
        return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? -EIO : 0;
}

/* Any listener is as good as another. */
static int find(sd_bus *bus, const char *path, const char *interface, void *data, void **ret_found,
                sd_bus_error *error)
{
        return strcmp(path, LISTENER_PATH) != 0;
}

static int add_objects(sd_bus *bus)
{
        int r;

        r = sd_bus_add_object_manager(bus, NULL, BUS_PATH);
        if (r >= 0)
                r = sd_bus_add_object_vtable(bus, NULL, BUS_PATH, MANAGER_INTERFACE, manager_vtable,
                                             NULL);
        if (r >= 0)
                r = sd_bus_add_object_vtable(bus, NULL, BUS_PATH, MANAGER_INTERFACE, figures_vtable,
                                             NULL);
        if (r >= 0)
                r = sd_bus_add_fallback_vtable(bus, NULL, LISTENER_PATH, LISTENER_INTERFACE,
                                               listener_vtable, find, NULL);
        return r;
}

static int open_server(int fd, sd_bus **ret_bus)
{
        _cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
        int r;

        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_fd(bus, fd, fd);
        if (r >= 0)
                r = sd_bus_set_server(bus, true,
                                      SD_ID128_MAKE(68, 61, 77, 6b, 65, 72, 2d, 62, 75, 73, 2d, 64,
                                                    6f, 63, 2d, 31));
        if (r >= 0)
                r = add_objects(bus);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r >= 0)
                *ret_bus = TAKE_PTR(bus);
        return r;
}

static int open_client(int fd, const char *path, bool *answered, sd_bus **ret_bus)
{
        _cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
        int r;

        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_fd(bus, fd, fd);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r >= 0)
                r = sd_bus_call_method_async(bus, NULL, NULL, path,
                                             "org.freedesktop.DBus.Introspectable", "Introspect",
                                             on_answer, answered, NULL);
        if (r >= 0)
                *ret_bus = TAKE_PTR(bus);
        return r;
}

int main(int argc, char **argv)
{
        _cleanup_(sd_bus_unrefp) sd_bus *server = NULL, *client = NULL;
        bool answered = false;
        int fds[2], r;

        r = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0 ? -errno
                                                                                        : 0;
        if (r == 0)
                r = open_server(fds[0], &server);
        if (r >= 0)
                r = open_client(fds[1], argc > 1 ? LISTENER_PATH "/any" : BUS_PATH, &answered,
                                &client);
        while (r >= 0 && !answered) {
                r = sd_bus_process(server, NULL);
                if (r >= 0)
                        r = sd_bus_process(client, NULL);
        }
        if (r < 0)
                fprintf(stderr, "bus-doc: %s\n", strerror(-r));
        return r < 0;
}
