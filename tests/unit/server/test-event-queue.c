/* SPDX-License-Identifier: Apache-2.0 */

/* Events of clients on their way to the control thread, and the memory of full queues. */

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <stdlib.h>

#include "server/event-queue.h"
#include "server/full-queues.h"

/* As event-queue.c has them. */
#define EVENTS_MAX 4096U
#define BYTES_MAX  ((size_t)1024 * 1024)

static ClientEvent *event_new(uint64_t number, size_t size)
{
        ClientEvent *event = calloc(1, sizeof(*event));

        g_assert_nonnull(event);
        event->queued = number;
        event->size = size;
        return event;
}

static bool is_readable(const EventQueue *queue)
{
        struct pollfd fd = {.fd = event_queue_fd(queue), .events = POLLIN};

        return poll(&fd, 1, 0) == 1;
}

static uint64_t take(EventQueue *queue)
{
        g_autofree ClientEvent *event = event_queue_take(queue);

        g_assert_nonnull(event);
        return event->queued;
}

static void test_order(void)
{
        _cleanup_(event_queue_freep) EventQueue *queue = NULL;

        g_assert_cmpint(event_queue_new(&queue), ==, 0);
        g_assert_false(event_queue_is_heard(queue));
        event_queue_listen(queue, true);
        g_assert_true(event_queue_is_heard(queue));
        g_assert_false(is_readable(queue));
        for (uint64_t n = 1; n <= 3; n++)
                event_queue_push(queue, event_new(n, 100));
        g_assert_true(is_readable(queue));
        for (uint64_t n = 1; n <= 3; n++)
                g_assert_cmpuint(take(queue), ==, n);
        g_assert_false(is_readable(queue));
        g_assert_null(event_queue_take(queue));
        g_assert_cmpuint(event_queue_take_lost(queue), ==, 0);
}

static void test_bound(gconstpointer data)
{
        const size_t size = GPOINTER_TO_SIZE(data);
        const unsigned n = (unsigned)MIN((size_t)EVENTS_MAX, BYTES_MAX / size);
        _cleanup_(event_queue_freep) EventQueue *queue = NULL;

        g_assert_cmpint(event_queue_new(&queue), ==, 0);
        event_queue_listen(queue, true);
        for (unsigned i = 0; i < n; i++) {
                g_assert_true(event_queue_has_room(queue));
                event_queue_push(queue, event_new(i, size));
        }
        g_assert_false(event_queue_has_room(queue));
        event_queue_push(queue, event_new(n, size));
        event_queue_push(queue, NULL);
        g_assert_cmpuint(event_queue_take_lost(queue), ==, 3);
        g_assert_cmpuint(event_queue_take_lost(queue), ==, 0);
        g_assert_cmpuint(take(queue), ==, 0);
        g_assert_true(event_queue_has_room(queue));
}

static void test_nobody(void)
{
        _cleanup_(event_queue_freep) EventQueue *queue = NULL;

        g_assert_cmpint(event_queue_new(&queue), ==, 0);
        event_queue_listen(queue, true);
        event_queue_push(queue, event_new(1, 100));
        event_queue_push(queue, NULL);
        event_queue_listen(queue, false);
        g_assert_false(is_readable(queue));
        g_assert_null(event_queue_take(queue));
        g_assert_cmpuint(event_queue_take_lost(queue), ==, 0);
        /* What is not taken is freed with it. */
        event_queue_push(queue, event_new(2, 100));
}

static void test_full_queues(void)
{
        FullQueues queues = {};

        for (SessionId id = 1; id <= FULL_QUEUES_MAX; id++) {
                g_assert_cmpint(full_queues_note(&queues, id, 1000 + id), ==, 1);
                g_assert_cmpint(full_queues_note(&queues, id, 1000 + id), ==, 0);
        }
        g_assert_cmpint(full_queues_note(&queues, 1000, 2000), ==, -ENOBUFS);
        g_assert_cmpint(full_queues_note(&queues, 1, 1000 + FULL_QUEUES_INTERVAL), ==, 0);
        /* The place of the first is free, for whoever comes. */
        g_assert_cmpint(full_queues_note(&queues, 1000, 1001 + FULL_QUEUES_INTERVAL), ==, 1);
        g_assert_cmpint(full_queues_note(&queues, 1, 1001 + FULL_QUEUES_INTERVAL), ==, -ENOBUFS);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/event-queue/keeps-the-order", test_order);
        g_test_add_data_func("/server/event-queue/so-many-at-most", GSIZE_TO_POINTER(100),
                             test_bound);
        g_test_add_data_func("/server/event-queue/so-large-at-most", GSIZE_TO_POINTER(65536),
                             test_bound);
        g_test_add_func("/server/event-queue/forgets-without-listeners", test_nobody);
        g_test_add_func("/server/full-queues/once-in-a-while", test_full_queues);
        return g_test_run();
}
