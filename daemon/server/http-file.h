/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A file below the folder of http_dir.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include <stdint.h>
#include <time.h>

typedef struct HttpFile {
        int fd; /* -1: there is none */
        uint64_t size;
        time_t changed;
        char tag[64];     /* an entity tag, with its quotes */
        const char *type; /* by the end of its name */
} HttpFile;

#define HTTP_FILE_NONE ((HttpFile){.fd = -1})

/*
 * Opens what a decoded path names, which begins with a slash; of a folder its index.html. Nothing
 * but a regular file is one; no symbolic link is followed below the folder, and nothing hidden is
 * found but .well-known. 0; -ENOENT: there is none that may be read; -EISDIR: it is a folder, but
 * was not named as one, with a slash behind; or -errno.
 */
int http_file_open(const char *folder, const char *path, HttpFile *ret_file);
/* Closes it; of none nothing happens. */
void http_file_close(HttpFile *file);

/* "text/html; charset=utf-8" for "index.html"; "application/octet-stream" for what is unknown. */
const char *http_file_type(const char *name);
