/* SPDX-License-Identifier: Apache-2.0 */

/* What happens to clients, in signals of the bus. */

#include "control/event-bus.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "control/certificate-watch.h"

#define USEC_PER_SEC UINT64_C(1000000)

/* In one turn of the loop: others have work, too. */
#define SLICE_MAX 256U

struct EventBus {
        Server *server;
        Subscribers *subscribers;
        sd_event_source *source;
};

Subscribers *event_bus_subscribers(const Manager *manager)
{
        return manager->events ? manager->events->subscribers : NULL;
}

static void on_change(bool any, void *data)
{
        EventBus *events = data;

        event_queue_listen(server_events(events->server), any);
}

static void tell(Subscribers *to, const ClientEvent *event)
{
        const uint32_t code = event->code;

        switch (event->kind) {
        case CLIENT_EVENT_CONNECTED:
                subscribers_tell(to, "ClientConnected", "sssssb", event->client, event->user,
                                 event->address, event->listener, event->protocol,
                                 (int)event->resumed);
                break;
        case CLIENT_EVENT_DISCONNECTED:
                subscribers_tell(to, "ClientDisconnected", "ssssus", event->client, event->user,
                                 event->address, event->listener, code, event->reason);
                break;
        case CLIENT_EVENT_REFUSED:
                subscribers_tell(to, "ClientRefused", "ssssus", event->client, event->user,
                                 event->address, event->listener, code, event->reason);
                break;
        case CLIENT_EVENT_QUEUE_FULL:
                subscribers_tell(to, "QueueFull", "stt", event->client, event->queued,
                                 event->queued_bytes);
                break;
        }
}

static int on_waiting(sd_event_source *source, int fd, uint32_t mask, void *data)
{
        EventBus *events = data;
        EventQueue *queue = server_events(events->server);
        ClientEvent *event;

        for (unsigned i = 0; i < SLICE_MAX && (event = event_queue_take(queue)); i++) {
                tell(events->subscribers, event);
                free(event);
        }
        subscribers_note_lost(events->subscribers, event_queue_take_lost(queue));
        return 0;
}

static void on_certificate(const CertificateTerm *term, void *data)
{
        const EventBus *events = data;

        subscribers_tell(events->subscribers, "CertificateExpiring", "ssstb", term->listener,
                         term->subject, term->serial,
                         (uint64_t)MAX(term->not_after, (int64_t)0) * USEC_PER_SEC,
                         (int)term->is_staple);
}

int event_bus_new(Manager *manager, EventBus **ret_events)
{
        _cleanup_(event_bus_freep) EventBus *events = calloc(1, sizeof(*events));
        int r;

        if (!events)
                return -ENOMEM;
        events->server = manager->server;
        r = subscribers_new(manager->event, manager->bus, on_change, events, &events->subscribers);
        if (r >= 0)
                r = sd_event_add_io(manager->event, &events->source,
                                    event_queue_fd(server_events(manager->server)), EPOLLIN,
                                    on_waiting, events);
        if (r < 0)
                return r;
        certificate_watch_tell(manager->certificate_watch, on_certificate, events);
        *ret_events = TAKE_PTR(events);
        return 0;
}

EventBus *event_bus_free(EventBus *events)
{
        if (!events)
                return NULL;
        event_queue_listen(server_events(events->server), false);
        sd_event_source_disable_unref(events->source);
        subscribers_free(events->subscribers);
        free(events);
        return NULL;
}

/* --- methods --- */

int event_bus_subscribe(sd_bus_message *call, void *data, sd_bus_error *error)
{
        const Manager *manager = data;
        int r;

        r = subscribers_add(event_bus_subscribers(manager), call);
        if (r == -EALREADY)
                return sd_bus_error_set(error, "org.hawker.Error.AlreadySubscribed",
                                        "This connection of the bus has subscribed before");
        if (r == -EMFILE)
                return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                        "Too many have subscribed: end some of them");
        return r < 0 ? r : sd_bus_reply_method_return(call, NULL);
}

int event_bus_unsubscribe(sd_bus_message *call, void *data, sd_bus_error *error)
{
        const Manager *manager = data;
        int r;

        r = subscribers_remove(event_bus_subscribers(manager), call);
        if (r == -ENOENT)
                return sd_bus_error_set(error, "org.hawker.Error.NotSubscribed",
                                        "This connection of the bus has not subscribed");
        return r < 0 ? r : sd_bus_reply_method_return(call, NULL);
}
