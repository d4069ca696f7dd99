/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Payloads that outputs share (output.h), on their way to the next process: each is written once,
 * in a record of its own, however many connections still have to write it.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include "broker/message.h"
#include "broker/record.h"
#include "util/buffer.h"
#include "util/hashmap.h"

#define PAYLOAD_RECORD (RECORD_TYPE_OTHERS | 2U)

/* Which ones are written already. */
typedef struct PayloadsWritten {
        Hashmap numbers;
        uint32_t n;
} PayloadsWritten;

void payloads_written_init(PayloadsWritten *payloads);
void payloads_written_done(PayloadsWritten *payloads);

/* Writes the message's payload, unless it is written already; it must live as long as the object.
 * 0, -ENOMEM, -E2BIG. */
int payloads_write(PayloadsWritten *payloads, const Message *message, Buffer *to);
/* The number of one that was written. */
uint32_t payloads_number(const PayloadsWritten *payloads, const Message *message);

/* Those that were read, by number. A zeroed object is a valid empty one. */
typedef struct PayloadsRead {
        Message **messages;
        size_t n, capacity;
} PayloadsRead;

void payloads_read_done(PayloadsRead *payloads);

/* Takes the next record. 0, -ENOMEM, or -EBADMSG. */
int payloads_read(PayloadsRead *payloads, const Record *record);
/* Borrowed; NULL: there is none of this number. */
Message *payloads_find(const PayloadsRead *payloads, uint32_t number);
