/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is held against an address, for rules that ban.
 *
 * Thread: any
 */
#pragma once

typedef enum Offence {
        OFFENCE_LOGIN,     /* a login has failed */
        OFFENCE_HANDSHAKE, /* a TLS handshake was refused */
        OFFENCE_TAKEOVER,  /* it wanted to take a session over once too often */
        OFFENCE_REFUSED,   /* a connection was refused for what its address has done */
        OFFENCES_N,
} Offence;

/* How many of them are one too many, within so many seconds; count 0: any number is well. */
typedef struct OffenceLimit {
        unsigned count;
        unsigned window;
} OffenceLimit;

/* Several of them in words: "failed logins". */
const char *offence_to_string(Offence offence);
