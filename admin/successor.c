/* SPDX-License-Identifier: Apache-2.0 */

/* The process that has the name of the broker next. */
#include "admin/successor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/macro.h"

/* owner: "" or NULL: nobody. */
static void note_owner(Successor *successor, const char *owner)
{
        const bool is_old = owner && strcmp(owner, successor->before) == 0;

        successor->has_left |= !is_old;
        successor->has_come = owner && owner[0] && !is_old;
}

static int on_owner(sd_bus_message *signal, void *data, sd_bus_error *error)
{
        const char *name, *before, *now;

        if (sd_bus_message_read(signal, "sss", &name, &before, &now) >= 0)
                note_owner(data, now);
        return 0;
}

static int on_bus_gone(sd_bus_message *signal, void *data, sd_bus_error *error)
{
        Successor *successor = data;

        successor->has_no_bus = true;
        return 0;
}

/* Both may have happened before anybody listened. */
static int look(Successor *successor)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *owner = NULL;
        int r;

        r = sd_bus_call_method(successor->broker->bus, "org.freedesktop.DBus",
                               "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetNameOwner",
                               &error, &reply, "s", successor->broker->name);
        if (r >= 0)
                r = sd_bus_message_read(reply, "s", &owner);
        if (r < 0 && !sd_bus_error_has_name(&error, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
                return r;
        note_owner(successor, owner);
        return 0;
}

static int watch(Successor *successor)
{
        sd_bus *bus = successor->broker->bus;
        char rule[512];
        int r;

        snprintf(rule, sizeof(rule),
                 "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                 "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='%s'",
                 successor->broker->name);
        r = sd_bus_add_match(bus, &successor->owners, rule, on_owner, successor);
        if (r >= 0)
                r = sd_bus_match_signal(bus, &successor->gone, NULL, "/org/freedesktop/DBus/Local",
                                        "org.freedesktop.DBus.Local", "Disconnected", on_bus_gone,
                                        successor);
        if (r >= 0)
                r = sd_bus_attach_event(bus, successor->event, SD_EVENT_PRIORITY_NORMAL);
        return r;
}

/* It may have ended before anybody listened. */
static bool is_end_of_bus(int r)
{
        return r == -ECONNRESET || r == -ENOTCONN || r == -EPIPE;
}

int successor_init(Successor *successor, const Broker *broker, sd_bus_message *from,
                   sd_event *event)
{
        const char *before = sd_bus_message_get_sender(from);
        int r;

        *successor = (Successor){.broker = broker};
        if (!before || strlen(before) >= sizeof(successor->before))
                return -EBADMSG;
        snprintf(successor->before, sizeof(successor->before), "%s", before);
        successor->event = sd_event_ref(event);
        r = watch(successor);
        if (r >= 0)
                r = look(successor);
        if (is_end_of_bus(r)) {
                successor->has_no_bus = true;
                r = 0;
        }
        if (r < 0)
                successor_done(successor);
        return r < 0 ? r : 0;
}

/* No sd_event_loop(): with its end sd-bus would close the bus. */
int successor_await(Successor *successor)
{
        int r, status;

        while (!successor->has_come && !successor->has_no_bus) {
                r = sd_event_run(successor->event, UINT64_MAX);
                if (r < 0)
                        return r;
                if (sd_event_get_state(successor->event) == SD_EVENT_FINISHED) {
                        r = sd_event_get_exit_code(successor->event, &status);
                        return r < 0 ? r : status;
                }
        }
        return successor->has_come ? EXIT_DONE : EXIT_FAILED;
}

void successor_done(Successor *successor)
{
        if (!successor->event)
                return;
        sd_bus_detach_event(successor->broker->bus);
        sd_bus_slot_unref(successor->owners);
        sd_bus_slot_unref(successor->gone);
        sd_event_unref(successor->event);
        *successor = (Successor){};
}
