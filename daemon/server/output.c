/* SPDX-License-Identifier: Apache-2.0 */

/* What a connection still has to write. */

#include "server/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT_IOVEC 64

static void output_drop_pieces(Output *output)
{
        for (uint32_t i = output->first; i < output->n; i++)
                message_unref(output->pieces[i].message);
        output->first = output->n = 0;
        output->pieces_length = 0;
}

void output_done(Output *output)
{
        output_drop_pieces(output);
        free(output->pieces);
        buffer_done(&output->bytes);
        *output = (Output){};
}

static int output_grow_pieces(Output *output)
{
        uint32_t capacity = output->capacity > 0 ? output->capacity * 2 : 8;
        OutputPiece *pieces;

        if (output->first > 0 && output->first >= output->n / 2) {
                memmove(output->pieces, output->pieces + output->first,
                        (output->n - output->first) * sizeof(*output->pieces));
                output->n -= output->first;
                output->first = 0;
                return 0;
        }
        pieces = reallocarray(output->pieces, capacity, sizeof(*pieces));
        if (!pieces)
                return -ENOMEM;
        output->pieces = pieces;
        output->capacity = capacity;
        return 0;
}

int output_share(Output *output, Message *message, Bytes payload)
{
        if (output->n == output->capacity && output_grow_pieces(output) < 0)
                return -ENOMEM;
        output->pieces[output->n++] = (OutputPiece){
                .at = output->consumed + buffer_length(&output->bytes),
                .message = message_ref(message),
                .data = payload.data,
                .length = payload.length,
        };
        output->pieces_length += payload.length;
        return 0;
}

/* Bytes and pieces in their order, as many as there is room for. */
static int output_gather(const Output *output, struct iovec *vector)
{
        const uint8_t *head = buffer_head(&output->bytes);
        size_t left = buffer_length(&output->bytes);
        uint64_t position = output->consumed;
        uint32_t i = output->first;
        int n = 0;

        for (; i < output->n && n + 1 < OUTPUT_IOVEC; i++) {
                const OutputPiece *piece = &output->pieces[i];
                size_t before = (size_t)(piece->at - position);

                if (before > 0) {
                        vector[n++] = (struct iovec){(void *)head, before};
                        head += before;
                        left -= before;
                        position += before;
                }
                vector[n++] = (struct iovec){(void *)piece->data, piece->length};
        }
        if (left > 0 && i == output->n && n < OUTPUT_IOVEC)
                vector[n++] = (struct iovec){(void *)head, left};
        return n;
}

static void output_consume_bytes(Output *output, size_t n)
{
        buffer_consume(&output->bytes, n);
        output->consumed += n;
}

static void output_consume(Output *output, size_t written)
{
        while (output->first < output->n) {
                OutputPiece *piece = &output->pieces[output->first];
                size_t n = MIN((size_t)(piece->at - output->consumed), written);

                output_consume_bytes(output, n);
                written -= n;
                if (output->consumed < piece->at)
                        return;
                n = MIN(piece->length, written);
                piece->data += n;
                piece->length -= n;
                output->pieces_length -= n;
                written -= n;
                if (piece->length > 0)
                        return;
                message_unref(piece->message);
                if (++output->first == output->n)
                        output->first = output->n = 0;
        }
        output_consume_bytes(output, written);
}

/* The common case: no shared pieces, one send(). */
static int output_write_bytes(Output *output, Transport *transport, size_t *ret_written)
{
        while (buffer_length(&output->bytes) > 0) {
                struct iovec vector = {buffer_head(&output->bytes), buffer_length(&output->bytes)};
                ssize_t n = transport->ops->writev(transport, &vector, 1);

                if (n < 0)
                        return (int)n;
                output_consume_bytes(output, (size_t)n);
                *ret_written += (size_t)n;
                if ((size_t)n < vector.iov_len)
                        return -EAGAIN;
        }
        return 0;
}

int output_write(Output *output, Transport *transport, size_t *ret_written)
{
        *ret_written = 0;
        while (output->first < output->n) {
                struct iovec vector[OUTPUT_IOVEC];
                int n_pieces = output_gather(output, vector);
                size_t asked = 0;
                ssize_t n;

                for (int i = 0; i < n_pieces; i++)
                        asked += vector[i].iov_len;
                n = transport->ops->writev(transport, vector, n_pieces);
                if (n < 0)
                        return (int)n;
                output_consume(output, (size_t)n);
                *ret_written += (size_t)n;
                if ((size_t)n < asked)
                        return -EAGAIN;
        }
        return output_write_bytes(output, transport, ret_written);
}
