/* SPDX-License-Identifier: Apache-2.0 */

/* Where a writev() is in its pieces. */

#include "transport/tls-pieces.h"

#include "util/macro.h"

size_t tls_pieces_size(const TlsPieces *pieces)
{
        size_t size = 0;

        for (const struct iovec *piece = pieces->piece; piece < pieces->end; piece++)
                size += piece->iov_len;
        return size - pieces->offset;
}

void tls_pieces_advance(TlsPieces *pieces, size_t n)
{
        while (n > 0) {
                size_t here = MIN(n, pieces->piece->iov_len - pieces->offset);

                n -= here;
                pieces->offset += here;
                if (pieces->offset == pieces->piece->iov_len) {
                        pieces->piece++;
                        pieces->offset = 0;
                }
        }
}

Bytes tls_pieces_next(const TlsPieces *pieces, uint8_t room[TLS_RECORD_SIZE])
{
        const struct iovec *piece = pieces->piece;
        size_t offset = pieces->offset, n = 0;

        if (piece == pieces->end)
                return (Bytes){};
        if (piece + 1 == pieces->end || piece->iov_len - offset >= TLS_RECORD_SIZE)
                return (Bytes){(uint8_t *)piece->iov_base + offset,
                               MIN(piece->iov_len - offset, (size_t)TLS_RECORD_SIZE)};
        for (; piece < pieces->end && n < TLS_RECORD_SIZE; piece++, offset = 0) {
                size_t here = MIN(piece->iov_len - offset, TLS_RECORD_SIZE - n);

                memcpy(room + n, (uint8_t *)piece->iov_base + offset, here);
                n += here;
        }
        return (Bytes){room, n};
}
