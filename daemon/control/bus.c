/* SPDX-License-Identifier: Apache-2.0 */

/* The daemon's place on the bus. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/bus.h"
#include "util/log.h"

#define USEC_PER_SEC UINT64_C(1000000)
#define OPEN_TIMEOUT USEC_PER_SEC
/* Of what the bus itself is asked: for the name, and about a caller. A busy machine may let it wait
 * for seconds; the loop waits with it only for who writes a property. */
#define CALL_TIMEOUT   (10 * USEC_PER_SEC)
#define RETRY_FIRST    USEC_PER_SEC
#define RETRY_LONGEST  (64 * USEC_PER_SEC)
#define RETRY_ACCURACY (USEC_PER_SEC / 4)
#define NAME_MAX_SIZE  256U /* with its end */

/* What RequestName answers. */
enum { NAME_IS_OURS = 1, NAME_IN_QUEUE = 2 };

typedef enum BusState {
        BUS_AWAY,    /* no connection; the timer runs */
        BUS_OPENING, /* the name was asked for */
        BUS_OPEN,
} BusState;

struct Bus {
        sd_event *event;
        BusKind kind;
        char name[NAME_MAX_SIZE];
        BusObject *objects;
        size_t n_objects;
        BusState state;
        sd_bus *connection;
        sd_event_source *timer, *exit;
        uint64_t retry; /* microseconds until the next attempt */
        bool told;      /* that there is no bus: once is enough */
};

static const char *bus_kind_name(const Bus *bus)
{
        return bus->kind == BUS_SESSION ? "session" : "system";
}

static void bus_close(Bus *bus)
{
        bus->connection = sd_bus_close_unref(bus->connection);
        bus->state = BUS_AWAY;
}

static void bus_retry_later(Bus *bus)
{
        int r;

        r = sd_event_source_set_time_relative(bus->timer, bus->retry);
        if (r >= 0)
                r = sd_event_source_set_enabled(bus->timer, SD_EVENT_ONESHOT);
        if (r < 0)
                log_warning("There will be no new attempt to reach the bus: %s", strerror(-r));
        bus->retry = MIN(2 * bus->retry, RETRY_LONGEST);
}

/* The connection may be in the middle of a call of ours: the timer lets go of it. */
static void bus_away(Bus *bus)
{
        bus->told = true;
        bus->state = BUS_AWAY;
        bus_retry_later(bus);
}

static void bus_lost(Bus *bus, int error)
{
        if (bus->state == BUS_AWAY)
                return;
        if (!bus->told)
                log_info("There is no %s bus to be administered over: %s", bus_kind_name(bus),
                         strerror(-error));
        bus_away(bus);
}

static int on_disconnected(sd_bus_message *signal, void *data, sd_bus_error *error)
{
        bus_lost(data, -ECONNRESET);
        return 0;
}

/* A bus reads its policy anew from time to time: that of a package that is just being installed
 * speaks of a user whom it did not know when it read it. */
static void bus_refused(Bus *bus, const sd_bus_error *error)
{
        if (!bus->told)
                log_info("The %s bus does not give us the name %s: %s", bus_kind_name(bus),
                         bus->name, error->message);
        sd_bus_close(bus->connection);
        bus_away(bus);
}

static int on_name(sd_bus_message *reply, void *data, sd_bus_error *ret_error)
{
        const sd_bus_error *error = sd_bus_message_get_error(reply);
        Bus *bus = data;
        uint32_t answer = 0;

        if (sd_bus_error_has_name(error, SD_BUS_ERROR_ACCESS_DENIED)) {
                bus_refused(bus, error);
                return 0;
        }
        if (error || sd_bus_message_read(reply, "u", &answer) < 0) {
                bus_lost(bus, -sd_bus_message_get_errno(reply));
                return 0;
        }
        bus->state = BUS_OPEN;
        bus->retry = RETRY_FIRST;
        bus->told = false;
        if (answer == NAME_IS_OURS)
                log_info("Administered as %s on the %s bus", bus->name, bus_kind_name(bus));
        else if (answer == NAME_IN_QUEUE)
                log_info("%s on the %s bus is another broker: waiting for the name", bus->name,
                         bus_kind_name(bus));
        return 0;
}

static int bus_add_object(Bus *bus, const BusObject *object)
{
        int r;

        if (!object->children)
                return sd_bus_add_object_vtable(bus->connection, NULL, object->path,
                                                object->interface, object->vtable, object->data);
        r = sd_bus_add_fallback_vtable(bus->connection, NULL, object->path, object->interface,
                                       object->vtable, object->find, object->data);
        if (r >= 0)
                r = sd_bus_add_node_enumerator(bus->connection, NULL, object->path,
                                               object->children, object->data);
        return r;
}

/* The one at BUS_PATH tells of those below it that come and go. */
static int bus_add_objects(Bus *bus)
{
        int r;

        r = sd_bus_add_object_manager(bus->connection, NULL, BUS_PATH);
        for (size_t i = 0; i < bus->n_objects && r >= 0; i++)
                r = bus_add_object(bus, &bus->objects[i]);
        return r;
}

static int bus_make_connection(Bus *bus)
{
        int r;

        r = bus->kind == BUS_SESSION
                    ? sd_bus_open_user_with_description(&bus->connection, "hawkerd")
                    : sd_bus_open_system_with_description(&bus->connection, "hawkerd");
        if (r >= 0)
                r = sd_bus_set_method_call_timeout(bus->connection, CALL_TIMEOUT);
        if (r >= 0)
                r = sd_bus_match_signal_async(bus->connection, NULL, "org.freedesktop.DBus.Local",
                                              "/org/freedesktop/DBus/Local",
                                              "org.freedesktop.DBus.Local", "Disconnected",
                                              on_disconnected, NULL, bus);
        if (r >= 0)
                r = bus_add_objects(bus);
        if (r >= 0)
                r = sd_bus_request_name_async(bus->connection, NULL, bus->name, SD_BUS_NAME_QUEUE,
                                              on_name, bus);
        if (r >= 0)
                r = sd_bus_attach_event(bus->connection, bus->event, SD_EVENT_PRIORITY_NORMAL);
        return r;
}

static void bus_connect(Bus *bus)
{
        int r;

        bus_close(bus);
        bus->state = BUS_OPENING;
        r = bus_make_connection(bus);
        if (r < 0) {
                bus_lost(bus, r);
                bus_close(bus);
        }
}

static int on_retry(sd_event_source *source, uint64_t usec, void *data)
{
        bus_connect(data);
        return 0;
}

/* Else sd-bus would flush, and wait for a bus that is stuck for as long as that takes. */
static int on_exit_loop(sd_event_source *source, void *data)
{
        bus_close(data);
        return 0;
}

static int bus_add_sources(Bus *bus, sd_event *event)
{
        int r;

        r = sd_event_add_exit(event, &bus->exit, on_exit_loop, bus);
        if (r >= 0)
                r = sd_event_source_set_priority(bus->exit, SD_EVENT_PRIORITY_IMPORTANT);
        if (r >= 0)
                r = sd_event_add_time_relative(event, &bus->timer, CLOCK_MONOTONIC, RETRY_FIRST,
                                               RETRY_ACCURACY, on_retry, bus);
        if (r >= 0)
                r = sd_event_source_set_enabled(bus->timer, SD_EVENT_OFF);
        if (r >= 0)
                sd_event_source_set_description(bus->timer, "bus");
        return r;
}

int bus_new(sd_event *event, BusKind kind, const char *instance, Bus **ret_bus)
{
        _cleanup_(bus_freep) Bus *bus = NULL;
        int r;

        if (kind == BUS_NONE) {
                *ret_bus = NULL;
                return 0;
        }
        bus = calloc(1, sizeof(*bus));
        if (!bus)
                return -ENOMEM;
        bus->kind = kind;
        bus->retry = RETRY_FIRST;
        r = snprintf(bus->name, sizeof(bus->name), "%s%s%s", BUS_NAME, instance ? ".instance_" : "",
                     instance ? instance : "");
        if ((size_t)r >= sizeof(bus->name) || !sd_bus_service_name_is_valid(bus->name))
                return -EINVAL;
        r = bus_add_sources(bus, event);
        if (r < 0)
                return r;
        bus->event = sd_event_ref(event);
        *ret_bus = TAKE_PTR(bus);
        return 0;
}

Bus *bus_free(Bus *bus)
{
        if (!bus)
                return NULL;
        bus_close(bus);
        sd_event_source_disable_unref(bus->timer);
        sd_event_source_disable_unref(bus->exit);
        sd_event_unref(bus->event);
        for (size_t i = 0; i < bus->n_objects; i++)
                if (bus->objects[i].free)
                        bus->objects[i].free(bus->objects[i].data);
        free(bus->objects);
        free(bus);
        return NULL;
}

int bus_add(Bus *bus, const BusObject *object)
{
        BusObject *objects;

        if (!bus)
                return 0;
        objects = reallocarray(bus->objects, bus->n_objects + 1, sizeof(*objects));
        if (!objects)
                return -ENOMEM;
        objects[bus->n_objects++] = *object;
        bus->objects = objects;
        return 0;
}

static uint64_t monotonic_usec(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

void bus_open(Bus *bus)
{
        uint64_t now, end = monotonic_usec() + OPEN_TIMEOUT;
        int r;

        if (!bus)
                return;
        bus_connect(bus);
        while (bus->state == BUS_OPENING && (now = monotonic_usec()) < end) {
                r = sd_bus_process(bus->connection, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus->connection, end - now);
                if (r < 0 && r != -EINTR) {
                        bus_lost(bus, r);
                        bus_close(bus);
                }
        }
}

sd_bus *bus_connection(const Bus *bus)
{
        return bus && bus->state == BUS_OPEN ? bus->connection : NULL;
}
