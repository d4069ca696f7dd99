/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.h: what MQTT calls a UTF-8 encoded string.
 * Thread: any */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/bytes.h"

/* True if the bytes are well-formed UTF-8 (RFC 3629: shortest form, no surrogates, at most
 * U+10FFFF; [MQTT-1.5.4-1]) without U+0000 ([MQTT-1.5.4-2]). The empty string is valid. */
bool utf8_is_valid(const uint8_t *data, size_t length);

/* Makes it, a C string, text that D-Bus and JSON take, of the same length: what is no UTF-8 becomes
 * question marks, and noncharacters, which MQTT allows, become U+FFFD. */
void utf8_clean(char *text);

/* A copy at *at, ended by a zero and made clean as above; *at goes on behind it: it has room for
 * one byte more than the text. Returns the copy. */
const char *utf8_put_clean(char **at, Bytes text);
