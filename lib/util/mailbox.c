/* SPDX-License-Identifier: Apache-2.0 */
/* mailbox.c: two arrays that senders and receiver swap under a lock held for a copy at most. */

#include "util/mailbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "util/macro.h"

#define CAPACITY_MIN 64           /* items */
#define KEEP_BYTES   (64 * 1024u) /* an array up to this size is never given back */

int mailbox_init(Mailbox *mailbox, size_t item_size)
{
        pthread_mutexattr_t attributes;
        int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

        if (fd < 0)
                return -errno;
        *mailbox = (Mailbox){.item_size = item_size, .fd = fd};
        /* The lock is held for a memcpy: to spin a little is cheaper than to sleep. */
        pthread_mutexattr_init(&attributes);
        pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ADAPTIVE_NP);
        pthread_mutex_init(&mailbox->lock, &attributes);
        pthread_mutexattr_destroy(&attributes);
        return 0;
}

void mailbox_done(Mailbox *mailbox)
{
        if (mailbox->item_size == 0) /* never initialised, or done */
                return;
        free(mailbox->inbox.items);
        free(mailbox->taken.items);
        pthread_mutex_destroy(&mailbox->lock);
        close(mailbox->fd);
        *mailbox = (Mailbox){.fd = -1};
}

static int stack_reserve(MailStack *stack, size_t item_size, size_t n)
{
        size_t capacity = MAX(stack->capacity, (size_t)CAPACITY_MIN);
        uint8_t *items;

        if (_likely_(stack->capacity - stack->count >= n))
                return 0;
        if (n > SIZE_MAX / 4 / item_size - stack->count)
                return -ENOMEM;
        while (capacity - stack->count < n)
                capacity *= 2;
        items = reallocarray(stack->items, capacity, item_size);
        if (!items)
                return -ENOMEM;
        stack->items = items;
        stack->capacity = capacity;
        return 0;
}

/* Forgets the items, and the memory too if it is large and was hardly used. Two uses with little
 * mail are enough to be rid of a backlog's memory, one with much mail keeps it. */
static void stack_recycle(MailStack *stack, size_t item_size)
{
        if (stack->capacity * item_size > KEEP_BYTES && stack->count < stack->capacity / 8) {
                free(stack->items);
                *stack = (MailStack){0};
        }
        stack->count = 0;
}

static void wake(Mailbox *mailbox)
{
        uint64_t one = 1;

        /* Cannot fail: the counter would need 2^64 wake-ups that nobody read. */
        while (write(mailbox->fd, &one, sizeof(one)) < 0 && errno == EINTR)
                ;
}

int mailbox_push(Mailbox *mailbox, const void *items, size_t n)
{
        MailStack *inbox = &mailbox->inbox;
        size_t size = mailbox->item_size;
        bool must_wake;

        if (n == 0)
                return 0;
        pthread_mutex_lock(&mailbox->lock);
        if (_unlikely_(stack_reserve(inbox, size, n) < 0)) {
                pthread_mutex_unlock(&mailbox->lock);
                return -ENOMEM;
        }
        memcpy(inbox->items + inbox->count * size, items, n * size);
        __atomic_store_n(&inbox->count, inbox->count + n, __ATOMIC_RELAXED);
        must_wake = mailbox->sleeping;
        mailbox->sleeping = false;
        mailbox->wakeups += must_wake;
        pthread_mutex_unlock(&mailbox->lock);

        /* Outside, or the receiver would wake only to wait for the lock. */
        if (must_wake)
                wake(mailbox);
        return 0;
}

size_t mailbox_take(Mailbox *mailbox, void **ret_items)
{
        MailStack empty;

        /* Only a hint: prepare_sleep looks again, with the lock, before anybody sleeps on it. */
        if (__atomic_load_n(&mailbox->inbox.count, __ATOMIC_RELAXED) == 0)
                return 0;

        stack_recycle(&mailbox->taken, mailbox->item_size);
        empty = mailbox->taken;
        pthread_mutex_lock(&mailbox->lock);
        mailbox->taken = mailbox->inbox;
        mailbox->inbox.items = empty.items;
        mailbox->inbox.capacity = empty.capacity;
        __atomic_store_n(&mailbox->inbox.count, 0, __ATOMIC_RELAXED);
        pthread_mutex_unlock(&mailbox->lock);

        *ret_items = mailbox->taken.items;
        return mailbox->taken.count;
}

bool mailbox_is_empty(Mailbox *mailbox)
{
        bool is_empty;

        pthread_mutex_lock(&mailbox->lock);
        is_empty = mailbox->inbox.count == 0;
        pthread_mutex_unlock(&mailbox->lock);
        return is_empty;
}

bool mailbox_prepare_sleep(Mailbox *mailbox)
{
        stack_recycle(&mailbox->taken, mailbox->item_size);
        pthread_mutex_lock(&mailbox->lock);
        mailbox->sleeping = mailbox->inbox.count == 0;
        mailbox->prepared = mailbox->sleeping;
        pthread_mutex_unlock(&mailbox->lock);
        return mailbox->prepared;
}

void mailbox_awake(Mailbox *mailbox)
{
        uint64_t value;

        if (!mailbox->prepared)
                return;
        mailbox->prepared = false;
        pthread_mutex_lock(&mailbox->lock);
        mailbox->sleeping = false;
        mailbox->promised += mailbox->wakeups;
        mailbox->wakeups = 0;
        pthread_mutex_unlock(&mailbox->lock);

        /* A sender may be between its unlock and its write: what it promised is read after a later
         * sleep. Without the count that write would stay in the eventfd and end every sleep. */
        if (mailbox->promised > 0 && read(mailbox->fd, &value, sizeof(value)) == sizeof(value))
                mailbox->promised -= value;
}
