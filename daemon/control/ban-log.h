/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the log says of bans that were made or taken back while the broker ran.
 *
 * Thread: control
 */
#pragma once

#include "access/ban-table.h"

/* MESSAGE_ID of the journal. */
#define MESSAGE_ID_BANNED   "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e36"
#define MESSAGE_ID_UNBANNED "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e37"

/* "until 2026-12-24T12:00:00Z", or "for good"; perhaps in the buffer. */
#define BAN_END_MAX 64
const char *ban_end_format(uint64_t until, char buffer[static BAN_END_MAX]);

void ban_log_added(const Ban *ban);
void ban_log_removed(BanKind kind, const char *subject);
