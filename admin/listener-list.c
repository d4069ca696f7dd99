/* SPDX-License-Identifier: Apache-2.0 */

/* The listeners of the broker. */
#include "admin/listener-list.h"

#include <string.h>

#include "util/macro.h"

#define OBJECTS    "{oa{sa{sv}}}"
#define INTERFACES "{sa{sv}}"

static int new_call(const Broker *broker, sd_bus_message **ret_call)
{
        return broker_new_call(broker, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
                               ret_call);
}

int listener_list_ask(const Broker *broker, ListenerList *ret_list)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r, status;

        r = new_call(broker, &call);
        if (r < 0)
                return broker_failed(r);
        status = broker_call(broker, call, 0, &ret_list->reply);
        if (status != EXIT_DONE)
                return status;
        r = sd_bus_message_enter_container(ret_list->reply, 'a', OBJECTS);
        return r < 0 ? broker_failed(r) : EXIT_DONE;
}

int listener_list_try(const Broker *broker, ListenerList *ret_list)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        _cleanup_(listener_list_done) ListenerList list = {};
        int r = new_call(broker, &call);

        if (r >= 0)
                r = sd_bus_call(broker->bus, call, 0, NULL, &list.reply);
        if (r >= 0)
                r = sd_bus_message_enter_container(list.reply, 'a', OBJECTS);
        if (r < 0)
                return r;
        *ret_list = (ListenerList){TAKE_PTR(list.reply)};
        return 0;
}

void listener_list_done(ListenerList *list)
{
        list->reply = sd_bus_message_unref(list->reply);
}

int listener_list_rewind(ListenerList *list)
{
        int r = sd_bus_message_rewind(list->reply, true);

        return r < 0 ? r : sd_bus_message_enter_container(list->reply, 'a', OBJECTS);
}

/* Whether the object that was entered is a listener: then its properties follow. */
static int find_interface(sd_bus_message *reply)
{
        const char *name;
        int r;

        while ((r = sd_bus_message_enter_container(reply, 'e', "sa{sv}")) > 0) {
                r = sd_bus_message_read(reply, "s", &name);
                if (r >= 0 && strcmp(name, BROKER_LISTENER) == 0)
                        return 1;
                if (r >= 0)
                        r = sd_bus_message_skip(reply, "a{sv}");
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
                if (r < 0)
                        return r;
        }
        return r;
}

/* The rest of the object that was entered. */
static int leave_object(sd_bus_message *reply)
{
        int r;

        while ((r = sd_bus_message_at_end(reply, false)) == 0) {
                r = sd_bus_message_skip(reply, INTERFACES);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(reply);
        return r < 0 ? r : sd_bus_message_exit_container(reply);
}

int listener_list_enter(ListenerList *list)
{
        int r;

        while ((r = sd_bus_message_enter_container(list->reply, 'e', "oa{sa{sv}}")) > 0) {
                r = sd_bus_message_skip(list->reply, "o");
                if (r >= 0)
                        r = sd_bus_message_enter_container(list->reply, 'a', INTERFACES);
                if (r >= 0)
                        r = find_interface(list->reply);
                if (r != 0)
                        return r;
                r = leave_object(list->reply);
                if (r < 0)
                        return r;
        }
        return r;
}

int listener_list_leave(ListenerList *list)
{
        int r = sd_bus_message_exit_container(list->reply);

        return r < 0 ? r : leave_object(list->reply);
}

/* --- of one --- */

static int read_addresses(ListenerRow *row, sd_bus_message *reply)
{
        const char *address;
        int r;

        r = sd_bus_message_enter_container(reply, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'a', "s");
        while (r >= 0 && (r = sd_bus_message_read(reply, "s", &address)) > 0)
                if (row->n_addresses < ARRAY_SIZE(row->addresses))
                        row->addresses[row->n_addresses++] = address;
        if (row->n_addresses > 0)
                row->address = row->addresses[0];
        if (r >= 0)
                r = sd_bus_message_exit_container(reply);
        return r < 0 ? r : sd_bus_message_exit_container(reply);
}

/* All of them together. */
static int read_refused(ListenerRow *row, sd_bus_message *reply)
{
        const char *reason;
        uint64_t n;
        int r;

        r = sd_bus_message_enter_container(reply, 'v', "a{st}");
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'a', "{st}");
        while (r >= 0 && (r = sd_bus_message_read(reply, "{st}", &reason, &n)) > 0)
                row->refused += n;
        if (r >= 0)
                r = sd_bus_message_exit_container(reply);
        return r < 0 ? r : sd_bus_message_exit_container(reply);
}

#define FIELD(property, type, member)                                                              \
        {                                                                                          \
                property, type, offsetof(ListenerRow, member), NULL                                \
        }

static const struct {
        const char *property;
        const char *type;
        size_t offset;
        int (*read)(ListenerRow *row, sd_bus_message *reply);
} fields[] = {
        FIELD("Name", "s", name),
        FIELD("Protocol", "s", protocol),
        FIELD("TLS", "b", tls),
        FIELD("Paused", "b", paused),
        FIELD("CertificateSubject", "s", subject),
        FIELD("CertificateNotAfter", "t", not_after),
        FIELD("Connections", "t", connections),
        FIELD("Accepted", "t", accepted),
        {"Addresses", NULL, 0, read_addresses},
        {"Refused", NULL, 0, read_refused},
};

static int read_field(ListenerRow *row, sd_bus_message *reply)
{
        const char *name;
        int r = sd_bus_message_read(reply, "s", &name);

        if (r < 0)
                return r;
        for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
                if (strcmp(fields[i].property, name) != 0)
                        continue;
                if (fields[i].read)
                        return fields[i].read(row, reply);
                return sd_bus_message_read(reply, "v", fields[i].type,
                                           (char *)row + fields[i].offset);
        }
        return sd_bus_message_skip(reply, "v");
}

int listener_list_next(ListenerList *list, ListenerRow *ret_row)
{
        ListenerRow row = {.name = "", .protocol = "", .subject = "", .address = ""};
        int r;

        r = listener_list_enter(list);
        if (r <= 0)
                return r;
        r = sd_bus_message_enter_container(list->reply, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(list->reply, 'e', "sv")) > 0) {
                r = read_field(&row, list->reply);
                if (r >= 0)
                        r = sd_bus_message_exit_container(list->reply);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(list->reply);
        if (r >= 0)
                r = listener_list_leave(list);
        if (r < 0)
                return r;
        *ret_row = row;
        return 1;
}
