/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What clients do, on its way from the workers to the control thread, for those who have asked to
 * be told. Bounded: what does not fit is counted and forgotten, and no worker ever waits.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/list.h"
#include "util/macro.h"

typedef enum ClientEventKind {
        CLIENT_EVENT_CONNECTED,
        CLIENT_EVENT_DISCONNECTED,
        CLIENT_EVENT_REFUSED,
        CLIENT_EVENT_QUEUE_FULL,
} ClientEventKind;

/* One moment of one client. Texts are made clean (utf8_clean()), and "" where there is none. */
typedef struct ClientEvent {
        List link; /* of whoever has it */
        ClientEventKind kind;
        const char *client, *user;
        const char *address;           /* with the port; the listener's name for a Unix socket */
        const char *listener;          /* its name */
        const char *reason;            /* of an end or a refusal */
        const char *protocol;          /* of one that has come: "3.1", "3.1.1", "5.0" */
        bool resumed;                  /* and whether its session was there */
        uint8_t code;                  /* of an end or a refusal: the reason code; 0: none */
        uint64_t queued, queued_bytes; /* of a queue that is full */
        size_t size;                   /* of the whole object */
        char text[];
} ClientEvent;

typedef struct EventQueue EventQueue;

/* Nobody listens yet. 0 or -errno. */
int event_queue_new(EventQueue **ret_queue);
EventQueue *event_queue_free(EventQueue *queue);
DEFINE_CLEANUP(EventQueue, event_queue_free)

/* While nobody listens nothing is to be pushed. What has been pushed before is forgotten with the
 * last who listens. */
void event_queue_listen(EventQueue *queue, bool on);
/* One relaxed load. */
bool event_queue_is_heard(const EventQueue *queue);

/* Whether another one may fit; if not, it counts as lost. */
bool event_queue_has_room(EventQueue *queue);
/* Takes it over. NULL: for want of memory, it is lost. */
void event_queue_push(EventQueue *queue, ClientEvent *event);

/* The oldest, which the caller frees; NULL: there is none. */
ClientEvent *event_queue_take(EventQueue *queue);
/* How many were lost since this was asked last. */
uint64_t event_queue_take_lost(EventQueue *queue);

/* Readable while there is something to take. */
int event_queue_fd(const EventQueue *queue);
