/* SPDX-License-Identifier: Apache-2.0 */

/* The figures of org.hawker.Broker1.Manager. */
#include "control/figures-bus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/event-bus.h"
#include "control/listener-bus.h"
#include "control/memory-watch.h"
#include "control/metrics.h"

#define USEC_PER_SEC UINT64_C(1000000)

/* PropertiesChanged is sent this often at most. */
#define ANNOUNCE_USEC     USEC_PER_SEC
#define ANNOUNCE_ACCURACY (USEC_PER_SEC / 10)

/* The properties that are counters, and announce their changes: X(name, field). */
#define COUNTER_PROPERTIES(X)                                                                      \
        X("BytesReceived", bytes_received)                                                         \
        X("BytesSent", bytes_sent)                                                                 \
        X("ClientsConnected", clients_connected)                                                   \
        X("Connections", connections)                                                              \
        X("ConnectionsRefused", connects_refused)                                                  \
        X("MessagesDropped", publish_dropped)                                                      \
        X("MessagesQueued", messages_queued)                                                       \
        X("MessagesQueuedBytes", messages_queued_bytes)                                            \
        X("MessagesReceived", publish_received)                                                    \
        X("MessagesSent", publish_sent)                                                            \
        X("RetainedMessages", retained)                                                            \
        X("RetainedMessagesBytes", retained_bytes)                                                 \
        X("Sessions", sessions)                                                                    \
        X("SessionsAway", sessions_away)                                                           \
        X("Subscriptions", subscriptions)

static const struct {
        const char *property;
        size_t offset; /* in ServerCounters */
} counter_properties[] = {
#define COUNTER_OFFSET(property, field) {property, offsetof(ServerCounters, field)},
        COUNTER_PROPERTIES(COUNTER_OFFSET)
#undef COUNTER_OFFSET
};

#define COUNTERS_N ARRAY_SIZE(counter_properties)

typedef struct FiguresBus {
        Manager *manager;
        sd_event_source *timer;

        /* What others know: */
        uint64_t announced[COUNTERS_N];
        uint64_t announced_expiry;
} FiguresBus;

static uint64_t counter_of(const ServerCounters *counters, size_t i)
{
        uint64_t value;

        memcpy(&value, (const char *)counters + counter_properties[i].offset, sizeof(value));
        return value;
}

/* Microseconds since 1970; 0: there is no certificate. */
static uint64_t certificates_expire(const Manager *manager)
{
        const int64_t first = listeners_expire(&manager->listeners);

        return first == INT64_MAX || first < 0 ? 0 : (uint64_t)first * USEC_PER_SEC;
}

/* --- properties --- */

static int get_started(sd_bus *bus, const char *path, const char *interface, const char *property,
                       sd_bus_message *reply, void *data, sd_bus_error *error)
{
        const FiguresBus *object = data;

        return sd_bus_message_append(reply, "t", object->manager->started);
}

static int get_counter(sd_bus *bus, const char *path, const char *interface, const char *property,
                       sd_bus_message *reply, void *data, sd_bus_error *error)
{
        const FiguresBus *object = data;
        ServerCounters counters;

        server_counters(object->manager->server, &counters);
        for (size_t i = 0; i < COUNTERS_N; i++)
                if (strcmp(counter_properties[i].property, property) == 0)
                        return sd_bus_message_append(reply, "t", counter_of(&counters, i));
        return -ENOENT;
}

static int get_listener_counters(sd_bus *bus, const char *path, const char *interface,
                                 const char *property, sd_bus_message *reply, void *data,
                                 sd_bus_error *error)
{
        const FiguresBus *object = data;

        return listener_bus_append_counters(reply, &object->manager->listeners);
}

/* What the process before has handed on, and went on here. */
static int get_taken_over(sd_bus *bus, const char *path, const char *interface,
                          const char *property, sd_bus_message *reply, void *data,
                          sd_bus_error *error)
{
        const ArrivalCounts *counts = &((const FiguresBus *)data)->manager->hand_over.counts;
        const bool is_sessions = strcmp(property, "SessionsTakenOver") == 0;

        return sd_bus_message_append(
                reply, "t", (uint64_t)(is_sessions ? counts->sessions : counts->connections));
}

static int get_expiry(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *data, sd_bus_error *error)
{
        const FiguresBus *object = data;

        return sd_bus_message_append(reply, "t", certificates_expire(object->manager));
}

static int get_resident(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *data, sd_bus_error *error)
{
        return sd_bus_message_append(reply, "t", memory_resident());
}

/* What the system knows of the process, then what the broker knows of itself. */
static int get_memory(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *data, sd_bus_error *error)
{
        const FiguresBus *object = data;
        ServerCounters counters;
        MemoryFigures memory;

        memory_read(&memory);
        server_counters(object->manager->server, &counters);
        return sd_bus_message_append(reply, "a{st}", 5, "resident", memory.resident, "file",
                                     memory.file, "output", counters.output_bytes, "queued",
                                     counters.messages_queued_bytes, "retained",
                                     counters.retained_bytes);
}

/* As the histograms of Prometheus: each class has those below it, too. */
static int get_latency(sd_bus *bus, const char *path, const char *interface, const char *property,
                       sd_bus_message *reply, void *data, sd_bus_error *error)
{
        const FiguresBus *object = data;
        ServerTimes times;
        uint64_t n = 0;
        int r;

        server_times(object->manager->server, &times);
        r = sd_bus_message_open_container(reply, 'a', "(tt)");
        for (size_t i = 0; r >= 0 && i < HISTOGRAM_CLASSES; i++) {
                n += times.delivery.counts[i];
                r = sd_bus_message_append(
                        reply, "(tt)", i < HISTOGRAM_BOUNDS ? histogram_bounds[i] : UINT64_MAX, n);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* --- GetMetrics --- */

static int append_metric(const Metric *metric, void *data)
{
        if (metric->is_real)
                return sd_bus_message_append(data, "{sv}", metric->name, "d", metric->real);
        return sd_bus_message_append(data, "{sv}", metric->name, "t", metric->whole);
}

static int append_metrics(const FiguresBus *object, sd_bus_message *reply)
{
        MetricSample sample;
        int r;

        r = metric_sample_take(object->manager, &sample);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = metrics_give(&sample, append_metric, reply);
        metric_sample_done(&sample);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int on_get_metrics(sd_bus_message *call, void *data, sd_bus_error *error)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = append_metrics(data, reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

#define COUNTER_PROPERTY(property, field) SD_BUS_PROPERTY(property, "t", get_counter, 0, CHANGES),

const sd_bus_vtable figures_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("StartedAt", "t", get_started, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("ConnectionsTakenOver", "t", get_taken_over, 0,
                        SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("SessionsTakenOver", "t", get_taken_over, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("CertificatesExpire", "t", get_expiry, 0, CHANGES),
        SD_BUS_PROPERTY("Memory", "a{st}", get_memory, 0, 0),
        SD_BUS_PROPERTY("MessageLatency", "a(tt)", get_latency, 0, 0),
        SD_BUS_PROPERTY("MemoryResident", "t", get_resident, 0, 0),
        SD_BUS_PROPERTY("ListenerCounters", LISTENER_COUNTERS_TYPE, get_listener_counters, 0, 0),
        COUNTER_PROPERTIES(COUNTER_PROPERTY)
        /* clang-format off */
        SD_BUS_METHOD_WITH_ARGS("GetMetrics", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", metrics),
                                on_get_metrics, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
        /* clang-format on */
};

/* --- what changes --- */

/* Appends the names of counters that have changed; what they are now counts as announced. */
static size_t take_counters(FiguresBus *object, const char *names[static COUNTERS_N])
{
        ServerCounters counters;
        size_t n = 0;

        server_counters(object->manager->server, &counters);
        for (size_t i = 0; i < COUNTERS_N; i++) {
                const uint64_t value = counter_of(&counters, i);

                if (value != object->announced[i])
                        names[n++] = counter_properties[i].property;
                object->announced[i] = value;
        }
        return n;
}

/* The names of what has changed, NULL at the end. Counters change with each packet: only somebody
 * who has asked for signals is told, for everybody on the bus would be woken each second. */
static void take_changes(FiguresBus *object, const char *ret_names[static COUNTERS_N + 2])
{
        const Subscribers *subscribers = event_bus_subscribers(object->manager);
        const uint64_t expiry = certificates_expire(object->manager);
        size_t n = 0;

        if (subscribers && subscribers_are_there(subscribers))
                n = take_counters(object, ret_names);
        if (expiry != object->announced_expiry)
                ret_names[n++] = "CertificatesExpire";
        object->announced_expiry = expiry;
        ret_names[n] = NULL;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *data)
{
        FiguresBus *object = data;
        sd_bus *bus = bus_connection(object->manager->bus);
        const char *names[COUNTERS_N + 2];
        int r;

        take_changes(object, names);
        if (bus && names[0])
                sd_bus_emit_properties_changed_strv(bus, BUS_PATH, MANAGER_INTERFACE,
                                                    (char **)names);
        r = sd_event_source_set_time_relative(source, ANNOUNCE_USEC);
        return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void figures_bus_free(void *data)
{
        FiguresBus *object = data;

        sd_event_source_disable_unref(object->timer);
        free(object);
}

int figures_bus_add(Manager *manager)
{
        FiguresBus *object = calloc(1, sizeof(*object));
        int r;

        if (!object)
                return -ENOMEM;
        object->manager = manager;
        object->announced_expiry = certificates_expire(manager);
        r = sd_event_add_time_relative(manager->event, &object->timer, CLOCK_MONOTONIC,
                                       ANNOUNCE_USEC, ANNOUNCE_ACCURACY, on_timer, object);
        if (r >= 0)
                r = bus_add(manager->bus, &(BusObject){
                                                  .path = BUS_PATH,
                                                  .interface = MANAGER_INTERFACE,
                                                  .vtable = figures_vtable,
                                                  .data = object,
                                                  .free = figures_bus_free,
                                          });
        if (r < 0)
                figures_bus_free(object);
        return r < 0 ? r : 0;
}
