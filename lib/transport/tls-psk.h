/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A PSK file in memory: lines of identity:key, the key in hexadecimal.
 *
 * Thread: immutable once read
 */
#pragma once

#include "transport/tls-load.h"
#include "util/bytes.h"
#include "util/macro.h"

typedef struct TlsPsk TlsPsk;

/* Reads psk_file. Empty lines and lines that begin with # are passed over; anything else that is
 * not of the form, or an identity that is there twice, refuses the whole file. 0, -EKEYREJECTED
 * with an error in notes, or -ENOMEM. */
int tls_psk_read(TlsLoad *load, TlsPsk **ret_psk);
TlsPsk *tls_psk_free(TlsPsk *psk);
DEFINE_CLEANUP(TlsPsk, tls_psk_free)

/* The key; without data if nobody has this identity. */
Bytes tls_psk_find(const TlsPsk *psk, Bytes identity);
