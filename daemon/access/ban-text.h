/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Bans as text, one a line: KIND SUBJECT UNTIL REASON
 *
 *   address 192.0.2.0/24 - scans us every night
 *   user eve 2026-12-24T12:00:00Z
 *   client sensor%2017 - the fifth time this week
 *
 * UNTIL is UTC, or - for good. In names %XX is the byte XX. Empty lines, and those that begin with
 * #, say nothing.
 *
 * Thread: any
 */
#pragma once

#include "access/ban-table.h"
#include "util/buffer.h"

/* 0; -EINVAL with *ret_line and *ret_why, a text that lives for ever; or -ENOMEM. */
int ban_text_parse(Bytes text, BanTable **ret_table, unsigned *ret_line, const char **ret_why);

/* As ban_text_parse() reads it. 0 or -ENOMEM. */
int ban_text_write(const BanTable *table, Buffer *to);
