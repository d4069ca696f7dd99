/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How long a ban lasts, for people: "90s", "15m", "12h", "7d", "4w".
 *
 * Thread: any
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* To seconds, more than 0. 0 or -EINVAL. */
int ban_time_parse(const char *text, uint64_t *ret_seconds);

/* What is left, in two units at most: "6d 23h"; "-" for good. Returns the buffer. */
#define BAN_TIME_MAX 32
const char *ban_time_format_left(uint64_t until, uint64_t now, char *buffer, size_t size);

/* The date in the zone of whoever asks, or "for good". until: us since 1970, 0: for good. */
#define BAN_DATE_MAX 64
const char *ban_time_format_date(uint64_t until, char *buffer, size_t size);
