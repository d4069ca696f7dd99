/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a connection still has to write: a stream of bytes of its own, with payloads of large
 * messages in between that are shared by reference. Small packets are copied into the bytes, which
 * is cheaper than a reference and a piece of a writev() up to about 512 bytes.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/message.h"
#include "transport/transport.h"
#include "util/buffer.h"

/* A payload of this size and more is shared, not copied. */
#define OUTPUT_SHARE_MIN 512U

typedef struct OutputPiece {
        uint64_t at; /* place in the stream of bytes before which it goes */
        Message *message;
        const uint8_t *data; /* what is left of it, in the message */
        size_t length;
} OutputPiece;

/* Most connections have none: they are made with the first payload and freed with the last. */
typedef struct OutputPieces {
        uint64_t consumed;           /* of bytes, since this was made */
        size_t length;               /* of all payloads */
        uint32_t first, n, capacity; /* of the queue: items[first … n) */
        OutputPiece items[];
} OutputPieces;

typedef struct Output {
        Buffer bytes;
        OutputPieces *pieces; /* NULL: none */
} Output;

void output_done(Output *output);

static inline size_t output_length(const Output *output)
{
        return buffer_length(&output->bytes) + (output->pieces ? output->pieces->length : 0);
}

/* Makes the payload, which lies in the message, the next thing in the stream. References the
 * message. 0 or -ENOMEM. */
int output_share(Output *output, Message *message, Bytes payload);

/* Copies up to `size` bytes of what is to be written, from this place on; how many. */
size_t output_read(const Output *output, size_t at, uint8_t *to, size_t size);

/*
 * Writes as much as the transport takes now. 0: all of it, -EAGAIN: something is left, else -errno.
 * *ret_written is set in each case.
 */
int output_write(Output *output, Transport *transport, size_t *ret_written);
