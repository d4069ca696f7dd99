/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Base64 with one spelling for each value: with padding, as SCRAM has it (RFC 4648, 4), or as
 * tokens have it, without and with the alphabet of URLs (RFC 7515, 2).
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/bytes.h"

/* Of n bytes in base64, with a NUL behind. */
#define BASE64_SIZE(_n) (((_n) + 2) / 3 * 4 + 1)

/* Decodes to `to`, at most size bytes; *ret_bytes is what was written. False: a character that does
 * not belong there, padding that is missing, bits left over, or more than size bytes. */
bool base64_decode(Bytes text, uint8_t *to, size_t size, Bytes *ret_bytes);
bool base64url_decode(Bytes text, uint8_t *to, size_t size, Bytes *ret_bytes);

/* Writes BASE64_SIZE(bytes.length) at most, and returns the length without NUL. */
size_t base64_encode(Bytes bytes, char *to);
