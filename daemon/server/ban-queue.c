/* SPDX-License-Identifier: Apache-2.0 */

/* Addresses that workers want banned. */

#include "server/ban-queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define REQUESTS_MAX 4096U

struct BanQueue {
        pthread_mutex_t lock;
        int fd; /* an eventfd */
        size_t n;
        BanRequest requests[REQUESTS_MAX];
};

int ban_queue_new(BanQueue **ret_queue)
{
        BanQueue *queue = calloc(1, sizeof(*queue));

        if (!queue)
                return -ENOMEM;
        queue->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (queue->fd < 0) {
                const int r = -errno;

                free(queue);
                return r;
        }
        pthread_mutex_init(&queue->lock, NULL);
        *ret_queue = queue;
        return 0;
}

BanQueue *ban_queue_free(BanQueue *queue)
{
        if (!queue)
                return NULL;
        close(queue->fd);
        pthread_mutex_destroy(&queue->lock);
        free(queue);
        return NULL;
}

bool ban_queue_push(BanQueue *queue, const BanRequest *request)
{
        bool fits;

        pthread_mutex_lock(&queue->lock);
        fits = queue->n < REQUESTS_MAX;
        if (fits)
                queue->requests[queue->n++] = *request;
        if (fits && queue->n == 1)
                eventfd_write(queue->fd, 1);
        pthread_mutex_unlock(&queue->lock);
        return fits;
}

size_t ban_queue_take(BanQueue *queue, BanRequest *requests, size_t max)
{
        eventfd_t count;
        size_t n;

        pthread_mutex_lock(&queue->lock);
        n = MIN(queue->n, max);
        queue->n -= n;
        memcpy(requests, queue->requests + queue->n, n * sizeof(*requests));
        if (queue->n == 0)
                eventfd_read(queue->fd, &count);
        pthread_mutex_unlock(&queue->lock);
        return n;
}

int ban_queue_fd(const BanQueue *queue)
{
        return queue->fd;
}
