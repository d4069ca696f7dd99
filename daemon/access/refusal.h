/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Why a connection is refused before anybody has asked who it is.
 *
 * Thread: any
 */
#pragma once

#include <stdint.h>

typedef enum Refusal {
        REFUSAL_NONE,                /* it may come in */
        REFUSAL_STRANGER,            /* not in proxy_trusted */
        REFUSAL_BANNED,              /* its address is */
        REFUSAL_ADDRESS_LOGINS,      /* too many failed logins from there */
        REFUSAL_ADDRESS_RATE,        /* too many new connections from there */
        REFUSAL_ADDRESS_CONNECTIONS, /* too many open ones from there */
        REFUSAL_LISTENER_RATE,       /* too many new connections to this listener */
        REFUSAL_RATE,                /* too many new connections to all */
        REFUSAL_LISTENER_FULL,       /* max_connections */
        REFUSAL_EVICTED,             /* the oldest without CONNECT, when there are too many */
        REFUSALS_N,
} Refusal;

/* In words, for the log. */
const char *refusal_to_string(Refusal refusal);

/* As one word, for figures; NULL for REFUSAL_NONE. */
const char *refusal_name(Refusal refusal);

/* The reason code to answer its CONNECT with; 0: it is not answered. */
uint8_t refusal_reason(Refusal refusal);
