/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A file that may hold a secret, read whole. Symbolic links are followed: /etc/letsencrypt/live is
 * made of them.
 *
 * Thread: any
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "transport/tls-digest.h"

typedef struct TlsFile {
        uint8_t *data; /* with a NUL behind it */
        size_t size;
} TlsFile;

/* What was read is added to the digest too. 0, -EFBIG above 16 MiB, or -errno. */
int tls_file_read(const char *path, TlsDigest *digest, TlsFile *ret_file);

/* Overwrites what was read, then frees it. */
void tls_file_done(TlsFile *file);
