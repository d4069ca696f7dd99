/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Base64 as tokens have it (RFC 7515, 2): the alphabet of URLs, no padding.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>

#include "util/bytes.h"

/* Decodes to `to`, which has room for text.length bytes; *ret_bytes is what was written. False: a
 * character that does not belong there, a length that cannot be, or bits left over: a text has one
 * spelling. */
bool base64url_decode(Bytes text, uint8_t *to, Bytes *ret_bytes);
