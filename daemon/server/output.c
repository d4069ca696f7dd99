/* SPDX-License-Identifier: Apache-2.0 */

/* What a connection still has to write. */

#include "server/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT_IOVEC 64
/* Room for so many pieces to begin with. */
#define PIECES_MIN 8U

static OutputPieces *pieces_free(OutputPieces *pieces)
{
        if (!pieces)
                return NULL;
        for (uint32_t i = pieces->first; i < pieces->n; i++)
                message_unref(pieces->items[i].message);
        free(pieces);
        return NULL;
}

void output_done(Output *output)
{
        pieces_free(output->pieces);
        buffer_done(&output->bytes);
        *output = (Output){};
}

static int output_grow_pieces(Output *output)
{
        OutputPieces *pieces = output->pieces;
        const uint32_t capacity = pieces ? pieces->capacity * 2 : PIECES_MIN;
        OutputPieces *grown;

        if (pieces && pieces->first > 0 && pieces->first >= pieces->n / 2) {
                memmove(pieces->items, pieces->items + pieces->first,
                        (pieces->n - pieces->first) * sizeof(*pieces->items));
                pieces->n -= pieces->first;
                pieces->first = 0;
                return 0;
        }
        grown = realloc(pieces, sizeof(*pieces) + capacity * sizeof(*pieces->items));
        if (!grown)
                return -ENOMEM;
        if (!pieces)
                *grown = (OutputPieces){};
        grown->capacity = capacity;
        output->pieces = grown;
        return 0;
}

int output_share(Output *output, Message *message, Bytes payload)
{
        OutputPieces *pieces = output->pieces;

        if (!pieces || pieces->n == pieces->capacity) {
                if (output_grow_pieces(output) < 0)
                        return -ENOMEM;
                pieces = output->pieces;
        }
        pieces->items[pieces->n++] = (OutputPiece){
                .at = pieces->consumed + buffer_length(&output->bytes),
                .message = message_ref(message),
                .data = payload.data,
                .length = payload.length,
        };
        pieces->length += payload.length;
        return 0;
}

/* Bytes and pieces in their order, as many as there is room for. */
static int output_gather(const Output *output, struct iovec *vector)
{
        const OutputPieces *pieces = output->pieces;
        const uint8_t *head = buffer_head(&output->bytes);
        size_t left = buffer_length(&output->bytes);
        uint64_t position = pieces->consumed;
        uint32_t i = pieces->first;
        int n = 0;

        for (; i < pieces->n && n + 1 < OUTPUT_IOVEC; i++) {
                const OutputPiece *piece = &pieces->items[i];
                size_t before = (size_t)(piece->at - position);

                if (before > 0) {
                        vector[n++] = (struct iovec){(void *)head, before};
                        head += before;
                        left -= before;
                        position += before;
                }
                vector[n++] = (struct iovec){(void *)piece->data, piece->length};
        }
        if (left > 0 && i == pieces->n && n < OUTPUT_IOVEC)
                vector[n++] = (struct iovec){(void *)head, left};
        return n;
}

/* What a walk over the output copies out of it. */
typedef struct Copy {
        size_t skip; /* yet to be passed over */
        uint8_t *to;
        size_t left; /* room */
} Copy;

static void copy_part(Copy *copy, const uint8_t *data, size_t length)
{
        const size_t skip = MIN(copy->skip, length);
        const size_t n = MIN(length - skip, copy->left);

        copy->skip -= skip;
        if (n > 0)
                memcpy(copy->to, data + skip, n);
        copy->to += n;
        copy->left -= n;
}

size_t output_read(const Output *output, size_t at, uint8_t *to, size_t size)
{
        const OutputPieces *pieces = output->pieces;
        Bytes bytes = buffer_bytes(&output->bytes);
        Copy copy = {at, to, size};
        uint64_t position = pieces ? pieces->consumed : 0;

        for (uint32_t i = pieces ? pieces->first : 0; pieces && i < pieces->n && copy.left > 0;
             i++) {
                const OutputPiece *piece = &pieces->items[i];
                const size_t before = (size_t)(piece->at - position);

                copy_part(&copy, bytes.data, before);
                copy_part(&copy, piece->data, piece->length);
                bytes = (Bytes){bytes.data + before, bytes.length - before};
                position += before;
        }
        copy_part(&copy, bytes.data, bytes.length);
        return size - copy.left;
}

static void output_consume_bytes(Output *output, size_t n)
{
        buffer_consume(&output->bytes, n);
        output->pieces->consumed += n;
}

static void output_consume(Output *output, size_t written)
{
        OutputPieces *pieces = output->pieces;

        while (pieces->first < pieces->n) {
                OutputPiece *piece = &pieces->items[pieces->first];
                size_t n = MIN((size_t)(piece->at - pieces->consumed), written);

                output_consume_bytes(output, n);
                written -= n;
                if (pieces->consumed < piece->at)
                        return;
                n = MIN(piece->length, written);
                piece->data += n;
                piece->length -= n;
                pieces->length -= n;
                written -= n;
                if (piece->length > 0)
                        return;
                message_unref(piece->message);
                pieces->first++;
        }
        output_consume_bytes(output, written);
        output->pieces = pieces_free(pieces);
}

static ssize_t write_bytes(const Buffer *bytes, Transport *transport)
{
        const struct iovec vector = {buffer_head(bytes), buffer_length(bytes)};

        if (transport->ops->write_with_room && buffer_room_before(bytes) >= TRANSPORT_ROOM)
                return transport->ops->write_with_room(transport, vector.iov_base, vector.iov_len);
        return transport->ops->writev(transport, &vector, 1);
}

/* The common case: no shared pieces, one send(). */
static int output_write_bytes(Output *output, Transport *transport, size_t *ret_written)
{
        while (buffer_length(&output->bytes) > 0) {
                const size_t asked = buffer_length(&output->bytes);
                ssize_t n = write_bytes(&output->bytes, transport);

                if (n < 0)
                        return (int)n;
                buffer_consume(&output->bytes, (size_t)n);
                *ret_written += (size_t)n;
                if ((size_t)n < asked)
                        return -EAGAIN;
        }
        return 0;
}

int output_write(Output *output, Transport *transport, size_t *ret_written)
{
        *ret_written = 0;
        while (output->pieces) {
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
