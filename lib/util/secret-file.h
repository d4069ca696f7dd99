/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A file that may hold a secret, read whole. Symbolic links are followed: what counts is who may
 * read the file they lead to.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SECRET_FILE_MAX ((size_t)16 << 20)

/* A zeroed object is a valid empty one. */
typedef struct SecretFile {
        uint8_t *data; /* with a NUL behind it */
        size_t size;
        mode_t mode; /* of the file itself */
} SecretFile;

/* 0, -EFBIG above SECRET_FILE_MAX, -EISDIR, -EINVAL for what is no regular file, or -errno. */
int secret_file_read(const char *path, SecretFile *ret_file);

/* Overwrites what was read, then frees it. */
void secret_file_done(SecretFile *file);

/* Whether others than its owner and group may read it. */
bool secret_file_is_open(const SecretFile *file);
