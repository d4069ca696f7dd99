/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where a writev() is in its pieces, and what the next record of it is.
 *
 * Thread: any (one owner)
 */
#pragma once

#include <stddef.h>
#include <sys/uio.h>

#include "util/bytes.h"

#define TLS_RECORD_SIZE (16U * 1024U) /* the most plain text of one record */

typedef struct TlsPieces {
        const struct iovec *piece, *end; /* what is left */
        size_t offset;                   /* in the first */
} TlsPieces;

/* How many bytes are left. */
size_t tls_pieces_size(const TlsPieces *pieces);

/* The plain text of the next record: where it lies if one piece is enough for a record or is the
 * last, else gathered in room. Empty at the end. */
Bytes tls_pieces_next(const TlsPieces *pieces, uint8_t room[TLS_RECORD_SIZE]);

/* n bytes, at most those that are left, are written. */
void tls_pieces_advance(TlsPieces *pieces, size_t n);
