/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A text that nobody else may see: overwritten before its memory is given back.
 *
 * Thread: any (one owner)
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "util/bytes.h"

/* A zeroed object is a valid empty one. */
typedef struct Secret {
        uint8_t *data;
        size_t length, allocated;
} Secret;

void secret_done(Secret *secret);

/* 0 or -ENOMEM. */
int secret_append(Secret *secret, Bytes bytes);

/* The next line, without its newline; of what follows nothing is read. 0; -ENODATA at the end of
 * the file; -EMSGSIZE for a line longer than max; -ENOMEM or -errno. */
int secret_read_line(int fd, size_t max, Secret *ret_line);

/* All up to the end. 0; -EFBIG for more than max; -ENOMEM or -errno. */
int secret_read_all(int fd, size_t max, Secret *ret_text);

static inline Bytes secret_bytes(const Secret *secret)
{
        return (Bytes){secret->data, secret->length};
}
