/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Addresses that workers want banned, on their way to the control thread, which alone makes bans.
 * What does not fit is forgotten: an address that goes on is soon named again.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "access/offence.h"
#include "util/macro.h"
#include "util/prefix.h"

typedef struct BanRequest {
        Prefix prefix;
        Offence offence;
        OffenceLimit limit; /* that it has met */
} BanRequest;

typedef struct BanQueue BanQueue;

/* 0 or -errno. */
int ban_queue_new(BanQueue **ret_queue);
BanQueue *ban_queue_free(BanQueue *queue);
DEFINE_CLEANUP(BanQueue, ban_queue_free)

/* False: there is no room. */
bool ban_queue_push(BanQueue *queue, const BanRequest *request);

/* Up to max of them, in no order; how many. */
size_t ban_queue_take(BanQueue *queue, BanRequest *requests, size_t max);

/* Readable while there is something to take. */
int ban_queue_fd(const BanQueue *queue);
