/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whether the pages of an LMDB file hold together: each one in its place and whole, reached by one
 * way only or free, as many as the file says. LMDB believes all that; where it is not so, it would
 * end the process at some later change, and at the same one after each start.
 *
 * What is in keys and values, and the order of keys, is for others to look at.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads all of the file, which nobody writes to, and believes nothing of it. 0; -EBADMSG: it is
 * damaged, or cut short; or -errno: nobody knows. A file of another version of LMDB, or of
 * processors of other width, is not looked at: 0. */
int lmdb_pages_check(const char *path);

/* Whether these bytes can be one of the two heads of a file with pages of that size. */
bool lmdb_head_is_sound(const uint8_t *page, size_t page_size, unsigned number);
