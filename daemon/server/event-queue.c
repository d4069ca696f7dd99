/* SPDX-License-Identifier: Apache-2.0 */

/* Events of clients on their way to the control thread. */

#include "server/event-queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EVENTS_MAX 4096U
#define BYTES_MAX  ((size_t)1024 * 1024)

struct EventQueue {
        atomic_bool is_heard;
        atomic_bool is_full; /* for those who ask before they make one */
        atomic_uint_fast64_t lost;
        int fd; /* an eventfd */
        pthread_mutex_t lock;
        List events;
        unsigned n;
        size_t bytes;
};

int event_queue_new(EventQueue **ret_queue)
{
        EventQueue *queue = calloc(1, sizeof(*queue));

        if (!queue)
                return -ENOMEM;
        queue->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (queue->fd < 0) {
                const int r = -errno;

                free(queue);
                return r;
        }
        pthread_mutex_init(&queue->lock, NULL);
        list_init(&queue->events);
        *ret_queue = queue;
        return 0;
}

static void forget_all(EventQueue *queue)
{
        ClientEvent *event;

        while ((event = event_queue_take(queue)))
                free(event);
        event_queue_take_lost(queue);
}

EventQueue *event_queue_free(EventQueue *queue)
{
        if (!queue)
                return NULL;
        forget_all(queue);
        close(queue->fd);
        pthread_mutex_destroy(&queue->lock);
        free(queue);
        return NULL;
}

void event_queue_listen(EventQueue *queue, bool on)
{
        atomic_store_explicit(&queue->is_heard, on, memory_order_relaxed);
        if (!on)
                forget_all(queue);
}

bool event_queue_is_heard(const EventQueue *queue)
{
        return atomic_load_explicit(&queue->is_heard, memory_order_relaxed);
}

static void count_lost(EventQueue *queue)
{
        atomic_fetch_add_explicit(&queue->lost, 1, memory_order_relaxed);
}

bool event_queue_has_room(EventQueue *queue)
{
        if (!atomic_load_explicit(&queue->is_full, memory_order_relaxed))
                return true;
        count_lost(queue);
        return false;
}

/* The lock is held, as by all that change how many there are. */
static void note_fill(EventQueue *queue)
{
        atomic_store_explicit(&queue->is_full, queue->n >= EVENTS_MAX || queue->bytes >= BYTES_MAX,
                              memory_order_relaxed);
}

static bool append(EventQueue *queue, ClientEvent *event)
{
        if (queue->n >= EVENTS_MAX || queue->bytes >= BYTES_MAX)
                return false;
        list_append(&queue->events, &event->link);
        queue->bytes += event->size;
        if (++queue->n == 1)
                eventfd_write(queue->fd, 1);
        note_fill(queue);
        return true;
}

void event_queue_push(EventQueue *queue, ClientEvent *event)
{
        bool fits = false;

        if (event) {
                pthread_mutex_lock(&queue->lock);
                fits = append(queue, event);
                pthread_mutex_unlock(&queue->lock);
        }
        if (fits)
                return;
        count_lost(queue);
        free(event);
}

ClientEvent *event_queue_take(EventQueue *queue)
{
        ClientEvent *event;
        eventfd_t count;

        pthread_mutex_lock(&queue->lock);
        event = list_first_entry(&queue->events, ClientEvent, link);
        if (event) {
                list_remove(&event->link);
                queue->bytes -= event->size;
                if (--queue->n == 0)
                        eventfd_read(queue->fd, &count);
                note_fill(queue);
        }
        pthread_mutex_unlock(&queue->lock);
        return event;
}

uint64_t event_queue_take_lost(EventQueue *queue)
{
        return atomic_exchange_explicit(&queue->lost, 0, memory_order_relaxed);
}

int event_queue_fd(const EventQueue *queue)
{
        return queue->fd;
}
