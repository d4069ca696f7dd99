/* SPDX-License-Identifier: Apache-2.0 */

/* org.hawker.Broker1.Manager. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/ban-bus.h"
#include "control/client-bus.h"
#include "control/event-bus.h"
#include "control/manager-bus.h"
#include "control/manager-methods.h"
#include "control/reload-message.h"
#include "control/retained-bus.h"
#include "control/session-bus.h"
#include "control/subscription-bus.h"
#include "control/topic-bus.h"

#define USEC_PER_SEC UINT64_C(1000000)

/* PropertiesChanged is sent this often at most. */
#define ANNOUNCE_USEC     USEC_PER_SEC
#define ANNOUNCE_ACCURACY (USEC_PER_SEC / 10)

typedef struct ManagerBus {
        Manager *manager;
        sd_event_source *post, *timer;
        bool waiting; /* the timer runs */

        /* What others know: */
        unsigned reload; /* its number, as of ReloadFinished */
        unsigned announced_reload;
        char announced_status[STATUS_LINE_MAX];
        BanTable *announced_bans; /* a reference */
} ManagerBus;

static unsigned last_reload_number(const ManagerBus *object)
{
        const ReloadResult *last = object->manager->last_reload;

        return last ? last->number : 0;
}

/* Degraded: what the files say is not what runs. */
static int get_state(sd_bus *bus, const char *path, const char *interface, const char *property,
                     sd_bus_message *reply, void *data, sd_bus_error *error)
{
        const ManagerBus *object = data;
        const ReloadResult *last = object->manager->last_reload;

        return sd_bus_message_append(reply, "s", last && last->error < 0 ? "degraded" : "running");
}

static int get_last_reload(sd_bus *bus, const char *path, const char *interface,
                           const char *property, sd_bus_message *reply, void *data,
                           sd_bus_error *error)
{
        const ManagerBus *object = data;

        return reload_message_append(reply, object->manager->last_reload);
}

static int get_version(sd_bus *bus, const char *path, const char *interface, const char *property,
                       sd_bus_message *reply, void *data, sd_bus_error *error)
{
        return sd_bus_message_append(reply, "s", VERSION);
}

/* Beside figures that are read at the same time: not as it was announced, which is seconds old. */
static int get_status(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *data, sd_bus_error *error)
{
        const ManagerBus *object = data;
        char text[STATUS_LINE_MAX];

        status_line_format(object->manager->status_line, text, sizeof(text));
        return sd_bus_message_append(reply, "s", text);
}

static int get_workers(sd_bus *bus, const char *path, const char *interface, const char *property,
                       sd_bus_message *reply, void *data, sd_bus_error *error)
{
        const ManagerBus *object = data;

        return sd_bus_message_append(reply, "u", server_n_workers(object->manager->server));
}

static int on_method(sd_bus_message *call, void *data, sd_bus_error *error)
{
        const ManagerBus *object = data;

        return manager_methods_call(call, object->manager, error);
}

const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Workers", "u", get_workers, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("State", "s", get_state, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Status", "s", get_status, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("LastReload", RELOAD_RESULT_TYPE, get_last_reload, 0,
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        /* clang-format off */
        SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_NO_ARGS,
                                SD_BUS_RESULT(RELOAD_CHANGES_TYPE, changes),
                                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Restart", NULL, NULL, on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("AddListener", SD_BUS_ARGS("h", socket, "s", name),
                                SD_BUS_NO_RESULT, on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RemoveListener", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT,
                                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Ban",
                                SD_BUS_ARGS("s", kind, "s", subject, "s", reason, "t", seconds),
                                SD_BUS_RESULT("t", until, "b", kept),
                                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Unban", SD_BUS_ARGS("s", kind, "s", subject),
                                SD_BUS_RESULT("b", kept),
                                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListBans", SD_BUS_ARGS("s", after, "u", max),
                                SD_BUS_RESULT(BAN_ROWS_TYPE, bans, "s", next),
                                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Backup", SD_BUS_ARGS("h", file), SD_BUS_NO_RESULT,
                                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ClearRetained", SD_BUS_ARGS("s", filter),
                                SD_BUS_RESULT("t", count),
                                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Publish",
                                SD_BUS_ARGS("s", topic, "ay", payload, "y", qos, "b", retain,
                                            "a{sv}", properties),
                                SD_BUS_RESULT("b", matched),
                                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Disconnect",
                                SD_BUS_ARGS("s", client, "u", code, "b", will, "s", text),
                                SD_BUS_NO_RESULT,
                                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetClient", SD_BUS_ARGS("s", client),
                                SD_BUS_RESULT("a{sv}", facts),
                                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListClients",
                                SD_BUS_ARGS("s", client, "s", listener, "s", user, "s", address,
                                            "s", after, "u", max),
                                SD_BUS_RESULT(CLIENT_ROWS_TYPE, clients, "s", next),
                                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("DropSession", SD_BUS_ARGS("s", client, "b", will, "s", text),
                                SD_BUS_NO_RESULT,
                                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetSession", SD_BUS_ARGS("s", client),
                                SD_BUS_RESULT("a{sv}", facts),
                                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListSessions",
                                SD_BUS_ARGS("s", client, "s", state, "t", queued, "s", after,
                                            "u", max),
                                SD_BUS_RESULT(SESSION_ROWS_TYPE, sessions, "s", next),
                                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListSubscriptions",
                                SD_BUS_ARGS("s", client, "s", filter, "s", topic, "s", after,
                                            "u", max),
                                SD_BUS_RESULT(SUBSCRIPTION_ROWS_TYPE, subscriptions, "s", next),
                                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListRetained", SD_BUS_ARGS("s", filter, "s", after, "u", max),
                                SD_BUS_RESULT(RETAINED_ROWS_TYPE, messages, "s", next),
                                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetRetained", SD_BUS_ARGS("s", topic),
                                SD_BUS_RESULT("ay", payload, "a{sv}", properties),
                                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListBusyTopics", SD_BUS_ARGS("u", max),
                                SD_BUS_RESULT(TOPIC_ROWS_TYPE, topics),
                                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Subscribe", NULL, NULL, on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("TraceClient", SD_BUS_ARGS("s", client),
                                SD_BUS_RESULT("h", packets),
                                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Unsubscribe", NULL, NULL, on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("TestAccess",
                                SD_BUS_ARGS("s", user, "s", client, "s", action, "s", topic,
                                            "s", address, "s", listener),
                                SD_BUS_RESULT("b", allowed, "s", answer, "as", reasons),
                                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL_WITH_ARGS("BanAdded",
                                SD_BUS_ARGS("s", kind, "s", subject, "t", until, "s", reason), 0),
        SD_BUS_SIGNAL_WITH_ARGS("BanRemoved", SD_BUS_ARGS("s", kind, "s", subject), 0),
        SD_BUS_SIGNAL_WITH_ARGS("CertificateExpiring",
                                SD_BUS_ARGS("s", listener, "s", subject, "s", serial,
                                            "t", not_after, "b", staple), 0),
        SD_BUS_SIGNAL_WITH_ARGS("ClientConnected",
                                SD_BUS_ARGS("s", client, "s", user, "s", address, "s", listener,
                                            "s", protocol, "b", resumed), 0),
        SD_BUS_SIGNAL_WITH_ARGS("ClientDisconnected",
                                SD_BUS_ARGS("s", client, "s", user, "s", address, "s", listener,
                                            "u", code, "s", reason), 0),
        SD_BUS_SIGNAL_WITH_ARGS("ClientRefused",
                                SD_BUS_ARGS("s", client, "s", user, "s", address, "s", listener,
                                            "u", code, "s", reason), 0),
        SD_BUS_SIGNAL_WITH_ARGS("QueueFull",
                                SD_BUS_ARGS("s", client, "t", queued, "t", queued_bytes), 0),
        SD_BUS_SIGNAL_WITH_ARGS("SignalsLost", SD_BUS_ARGS("t", count), 0),
        SD_BUS_SIGNAL_WITH_ARGS("ReloadFinished",
                                SD_BUS_ARGS(RELOAD_RESULT_TYPE, result), 0),
        SD_BUS_VTABLE_END,
        /* clang-format on */
};

static void tell_reload(ManagerBus *object)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *signal = NULL;
        sd_bus *bus = bus_connection(object->manager->bus);

        if (last_reload_number(object) == object->reload)
                return;
        object->reload = last_reload_number(object);
        if (bus &&
            sd_bus_message_new_signal(bus, &signal, BUS_PATH, MANAGER_INTERFACE,
                                      "ReloadFinished") >= 0 &&
            reload_message_append(signal, object->manager->last_reload) >= 0)
                sd_bus_send(bus, signal, NULL);
}

/* The names of what has changed, NULL at the end; what it is now counts as announced. */
static void take_changes(ManagerBus *object, const char *ret_names[static 4])
{
        const char *status = status_line_text(object->manager->status_line);
        size_t n = 0;

        if (strcmp(status, object->announced_status) != 0) {
                snprintf(object->announced_status, sizeof(object->announced_status), "%s", status);
                ret_names[n++] = "Status";
        }
        if (last_reload_number(object) != object->announced_reload) {
                object->announced_reload = last_reload_number(object);
                ret_names[n++] = "State";
                ret_names[n++] = "LastReload";
        }
        ret_names[n] = NULL;
}

static void announce(ManagerBus *object)
{
        sd_bus *bus = bus_connection(object->manager->bus);
        const char *names[4];

        if (object->waiting)
                return;
        take_changes(object, names);
        if (!names[0])
                return;
        if (bus)
                sd_bus_emit_properties_changed_strv(bus, BUS_PATH, MANAGER_INTERFACE,
                                                    (char **)names);
        if (sd_event_source_set_time_relative(object->timer, ANNOUNCE_USEC) >= 0 &&
            sd_event_source_set_enabled(object->timer, SD_EVENT_ONESHOT) >= 0)
                object->waiting = true;
}

/* Something was done in the loop: perhaps it has changed what others know. */
static int on_post(sd_event_source *source, void *data)
{
        ManagerBus *object = data;

        tell_reload(object);
        ban_bus_tell(object->manager, &object->announced_bans);
        announce(object);
        return 0;
}

/* What has changed since the last time is found by on_post(). */
static int on_timer(sd_event_source *source, uint64_t usec, void *data)
{
        ManagerBus *object = data;

        object->waiting = false;
        return 0;
}

static void manager_bus_free(void *data)
{
        ManagerBus *object = data;

        sd_event_source_disable_unref(object->post);
        sd_event_source_disable_unref(object->timer);
        ban_table_unref(object->announced_bans);
        object->manager->events = event_bus_free(object->manager->events);
        free(object);
}

static int manager_bus_watch(ManagerBus *object)
{
        sd_event *event = object->manager->event;
        int r;

        r = sd_event_add_post(event, &object->post, on_post, object);
        if (r >= 0)
                r = sd_event_add_time_relative(event, &object->timer, CLOCK_MONOTONIC,
                                               ANNOUNCE_USEC, ANNOUNCE_ACCURACY, on_timer, object);
        if (r >= 0)
                r = sd_event_source_set_enabled(object->timer, SD_EVENT_OFF);
        return r;
}

int manager_bus_add(Manager *manager)
{
        ManagerBus *object;
        int r;

        object = calloc(1, sizeof(*object));
        if (!object)
                return -ENOMEM;
        object->manager = manager;
        object->announced_bans = server_bans(manager->server);
        polkit_init(&manager->polkit);
        gatherings_init(&manager->gatherings, manager->event, manager->server);
        trace_jobs_init(&manager->traces, manager->event, manager->server);
        r = event_bus_new(manager, &manager->events);
        if (r >= 0)
                r = manager_bus_watch(object);
        if (r >= 0)
                r = bus_add(manager->bus, &(BusObject){BUS_PATH, MANAGER_INTERFACE, manager_vtable,
                                                       object, manager_bus_free});
        if (r < 0)
                manager_bus_free(object);
        return r < 0 ? r : 0;
}
