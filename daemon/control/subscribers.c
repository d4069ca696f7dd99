/* SPDX-License-Identifier: Apache-2.0 */

/* Who is told what happens to clients. */

#include "control/subscribers.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "util/bucket.h"
#include "util/log.h"

#define USEC_PER_SEC UINT64_C(1000000)

#define SUBSCRIBERS_MAX 64U

/* Signals a second, and at once. */
#define SIGNAL_RATE  1000U
#define SIGNAL_BURST 2000U

/* A bus that does not take what we send must not fill our memory. */
#define UNSENT_MAX 8192U

/* Between two counts of what was left out. */
#define LOST_USEC     USEC_PER_SEC
#define LOST_ACCURACY (USEC_PER_SEC / 10)

struct Subscribers {
        const Bus *bus;
        sd_bus_track *track; /* of the connection that they are on; NULL: there was none */
        void (*changed)(bool any, void *data);
        void *data;
        bool any; /* as `changed` knows it */
        sd_event_source *timer;
        uint64_t bucket;
        uint64_t lost; /* not told yet */
};

static void note_change(Subscribers *subscribers)
{
        const bool any = subscribers_are_there(subscribers);

        if (any == subscribers->any)
                return;
        subscribers->any = any;
        if (!any)
                subscribers->lost = 0;
        subscribers->changed(any, subscribers->data);
}

/* The last one has vanished, or the bus has. With 0 we would be called again and again. */
static int on_nobody(sd_bus_track *track, void *data)
{
        note_change(data);
        return 1;
}

bool subscribers_are_there(const Subscribers *subscribers)
{
        sd_bus_track *track = subscribers->track;

        return track && sd_bus_track_get_bus(track) == bus_connection(subscribers->bus) &&
               sd_bus_track_count(track) > 0;
}

static int make_track(Subscribers *subscribers, sd_bus *bus)
{
        if (subscribers->track && sd_bus_track_get_bus(subscribers->track) == bus)
                return 0;
        subscribers->track = sd_bus_track_unref(subscribers->track);
        return sd_bus_track_new(bus, &subscribers->track, on_nobody, subscribers);
}

int subscribers_add(Subscribers *subscribers, sd_bus_message *call)
{
        int r;

        r = make_track(subscribers, sd_bus_message_get_bus(call));
        if (r < 0)
                return r;
        if (sd_bus_track_contains(subscribers->track, sd_bus_message_get_sender(call)))
                return -EALREADY;
        if (sd_bus_track_count(subscribers->track) >= SUBSCRIBERS_MAX)
                return -EMFILE;
        r = sd_bus_track_add_sender(subscribers->track, call);
        if (r >= 0)
                note_change(subscribers);
        return r < 0 ? r : 0;
}

int subscribers_remove(Subscribers *subscribers, sd_bus_message *call)
{
        int r;

        if (!subscribers->track)
                return -ENOENT;
        r = sd_bus_track_remove_sender(subscribers->track, call);
        if (r == 0 || r == -EUNATCH)
                return -ENOENT;
        note_change(subscribers);
        return r < 0 ? r : 0;
}

/* --- tell --- */

static bool may_send(Subscribers *subscribers, sd_bus *bus)
{
        static const BucketFlow flow = {SIGNAL_RATE, SIGNAL_BURST};
        uint64_t unsent = 0;

        return sd_bus_get_n_queued_write(bus, &unsent) >= 0 && unsent < UNSENT_MAX &&
               bucket_take(&subscribers->bucket, flow, 1, clock_boottime());
}

static int tell_one(sd_bus *bus, const char *name, const char *signal, const char *types,
                    va_list arguments)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        va_list copy;
        int r;

        r = sd_bus_message_new_signal(bus, &message, BUS_PATH, MANAGER_INTERFACE, signal);
        if (r >= 0)
                r = sd_bus_message_set_destination(message, name);
        if (r < 0)
                return r;
        va_copy(copy, arguments);
        r = sd_bus_message_appendv(message, types, copy);
        va_end(copy);
        return r < 0 ? r : sd_bus_send(bus, message, NULL);
}

static int tell_all(Subscribers *subscribers, const char *signal, const char *types,
                    va_list arguments)
{
        sd_bus *bus = sd_bus_track_get_bus(subscribers->track);
        int r = 0;

        for (const char *name = sd_bus_track_first(subscribers->track); name;
             name = sd_bus_track_next(subscribers->track)) {
                const int q = tell_one(bus, name, signal, types, arguments);

                r = q < 0 ? q : r;
        }
        return r;
}

void subscribers_note_lost(Subscribers *subscribers, uint64_t n)
{
        if (n == 0 || !subscribers->any)
                return;
        if (subscribers->lost == 0 &&
            (sd_event_source_set_time_relative(subscribers->timer, LOST_USEC) < 0 ||
             sd_event_source_set_enabled(subscribers->timer, SD_EVENT_ONESHOT) < 0))
                log_debug("Signals were left out, and nobody will know how many");
        subscribers->lost += n;
}

void subscribers_tell(Subscribers *subscribers, const char *signal, const char *types, ...)
{
        va_list arguments;
        int r;

        if (!subscribers_are_there(subscribers))
                return;
        if (!may_send(subscribers, sd_bus_track_get_bus(subscribers->track))) {
                subscribers_note_lost(subscribers, 1);
                return;
        }
        va_start(arguments, types);
        r = tell_all(subscribers, signal, types, arguments);
        va_end(arguments);
        if (r < 0)
                subscribers_note_lost(subscribers, 1);
}

/* Beside the rate: it is one a second at most itself. */
static void tell_lost(Subscribers *subscribers, const char *types, ...)
{
        va_list arguments;

        va_start(arguments, types);
        tell_all(subscribers, "SignalsLost", types, arguments);
        va_end(arguments);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *data)
{
        Subscribers *subscribers = data;

        if (subscribers_are_there(subscribers) && subscribers->lost > 0)
                tell_lost(subscribers, "t", subscribers->lost);
        subscribers->lost = 0;
        return 0;
}

int subscribers_new(sd_event *event, const Bus *bus, void (*changed)(bool any, void *data),
                    void *data, Subscribers **ret_subscribers)
{
        _cleanup_(subscribers_freep) Subscribers *subscribers = calloc(1, sizeof(*subscribers));
        int r;

        if (!subscribers)
                return -ENOMEM;
        subscribers->bus = bus;
        subscribers->changed = changed;
        subscribers->data = data;
        r = sd_event_add_time_relative(event, &subscribers->timer, CLOCK_MONOTONIC, LOST_USEC,
                                       LOST_ACCURACY, on_timer, subscribers);
        if (r >= 0)
                r = sd_event_source_set_enabled(subscribers->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret_subscribers = TAKE_PTR(subscribers);
        return 0;
}

Subscribers *subscribers_free(Subscribers *subscribers)
{
        if (!subscribers)
                return NULL;
        sd_bus_track_unref(subscribers->track);
        sd_event_source_disable_unref(subscribers->timer);
        free(subscribers);
        return NULL;
}
