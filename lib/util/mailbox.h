/* SPDX-License-Identifier: Apache-2.0 */
/* mailbox.h: many senders, one receiver, items of one size that are copied in and out.
 * Thread: push: any; all else: the receiver
 *
 * The receiver's loop: mailbox_take() and handle until it returns 0; then
 *         wait = mailbox_prepare_sleep(m) ? as long as it takes : 0;
 *         wait for mailbox_fd() (readable) and all else; mailbox_awake(m).
 * A sender makes a system call only when the receiver sleeps, and only the first one does. Mail of
 * one sender arrives in its order. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct MailStack {
        uint8_t *items;
        size_t count, capacity; /* items */
} MailStack;

typedef struct Mailbox {
        size_t item_size;
        int fd; /* an eventfd */
        /* The receiver's side. */
        bool prepared;     /* prepare_sleep without its awake */
        uint64_t promised; /* wake-ups that were or will be written to fd and are not yet read */
        MailStack taken;
        char padding[64]; /* what the senders write is on other cache lines */
        pthread_mutex_t lock;
        MailStack inbox; /* its count is also read without the lock, as a hint */
        bool sleeping;
        uint64_t wakeups; /* promised since the last awake */
} Mailbox;

/* Items of item_size bytes. Returns 0 or -errno. */
int mailbox_init(Mailbox *mailbox, size_t item_size);

/* Drops unread mail (what it points to is the caller's to find before, by take). No sender is left.
 */
void mailbox_done(Mailbox *mailbox);

/* Readable when a sender woke the receiver: for the loop. Nobody else reads or closes it. */
static inline int mailbox_fd(const Mailbox *mailbox)
{
        return mailbox->fd;
}

/* Sends n items, copied, all or none of them, one after the other. Returns 0 or -ENOMEM. */
int mailbox_push(Mailbox *mailbox, const void *items, size_t n);

/* Takes all mail there is: sets *ret_items to an array and returns its number of items (0:
 * *ret_items is untouched). It is valid until the next take or prepare_sleep. With nothing new it
 * costs one load, no lock; mail sent at this very moment may be seen by the next take only. */
size_t mailbox_take(Mailbox *mailbox, void **ret_items);

/* Whether all mail was taken; it is left alone. Thread: any */
bool mailbox_is_empty(Mailbox *mailbox);

/* Before a wait that may block: false if there is mail (then do not block, take). Memory of a past
 * backlog is given back here and in take. */
bool mailbox_prepare_sleep(Mailbox *mailbox);

/* After the wait, whatever woke it and whatever prepare_sleep said. */
void mailbox_awake(Mailbox *mailbox);
