/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A file of http_dir as an answer.
 *
 * Thread: HTTP
 */
#pragma once

#include "server/http-file.h"
#include "server/http-request.h"
#include "util/buffer.h"

/*
 * Appends the head of an answer to `out`; the file is what follows it, none if nothing does: the
 * visitor has it already, asked for the head only, or is sent on to a folder's name with its slash.
 * 0; -ENOENT: there is no such file, or no folder at all (NULL); or -errno.
 */
int http_download_begin(const HttpRequest *request, const char *folder, HttpFile *ret_file,
                        Buffer *out);
