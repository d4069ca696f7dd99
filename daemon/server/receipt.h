/* SPDX-License-Identifier: Apache-2.0 */

/*
 * That what somebody has asked for without a connection has happened, and is on the disk if
 * `durability` is strict: it waits in the queue of answers (held.h), as a PUBACK does. Counted, for
 * who has asked may be gone before.
 *
 * Thread: worker; receipt_unref(): any
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/macro.h"

typedef struct Receipt {
        atomic_uint references;
        bool is_over;   /* and then */
        uint8_t reason; /* 0, or REASON_QUOTA_EXCEEDED: the store has not taken it */
} Receipt;

/* The caller owns one reference. 0 or -ENOMEM. */
int receipt_new(Receipt **ret_receipt);
Receipt *receipt_ref(Receipt *receipt);
/* Takes NULL; returns NULL. */
Receipt *receipt_unref(Receipt *receipt);
DEFINE_CLEANUP(Receipt, receipt_unref)

static inline void receipt_say(Receipt *receipt, uint8_t reason)
{
        receipt->is_over = true;
        receipt->reason = reason;
}
