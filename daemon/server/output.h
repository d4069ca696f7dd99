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

typedef struct Output {
        Buffer bytes;
        uint64_t consumed;   /* of bytes, ever */
        OutputPiece *pieces; /* a queue: first … n */
        uint32_t first, n, capacity;
        size_t pieces_length;
} Output;

void output_done(Output *output);

static inline size_t output_length(const Output *output)
{
        return buffer_length(&output->bytes) + output->pieces_length;
}

/* Makes the payload, which lies in the message, the next thing in the stream. References the
 * message. 0 or -ENOMEM. */
int output_share(Output *output, Message *message, Bytes payload);

/*
 * Writes as much as the transport takes now. 0: all of it, -EAGAIN: something is left, else -errno.
 * *ret_written is set in each case.
 */
int output_write(Output *output, Transport *transport, size_t *ret_written);
