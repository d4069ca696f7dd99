/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which versions and ciphers: from what mosquitto.conf says in the words of OpenSSL to a priority
 * string of GnuTLS.
 *
 * GnuTLS knows key exchanges, ciphers and MACs as three lists, and one list of ciphers for all
 * versions. So suites are taken apart, and a cipher that both versions have is offered only if
 * neither of the two options leaves it out. What cannot be said so is refused.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>

#include "transport/tls-notes.h"

typedef struct TlsPriorityRequest {
        unsigned minimum_version; /* 12 or 13: TLS 1.2, TLS 1.3 */
        bool psk;                 /* pre-shared keys, no certificates */
        const char *ciphers;      /* of TLS 1.2, as of OpenSSL's ciphers(1); NULL: the library's */
        const char *ciphers_13;   /* names of suites of TLS 1.3, by colons; NULL: the library's */
} TlsPriorityRequest;

/* What to append to the default priorities of the library; the caller frees *ret. 0, -EKEYREJECTED
 * with an error in notes, or -ENOMEM. */
int tls_priority_make(const TlsPriorityRequest *request, TlsNotes *notes, char **ret);
