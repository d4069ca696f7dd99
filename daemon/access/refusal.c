/* SPDX-License-Identifier: Apache-2.0 */

/* Why a connection is refused. */

#include "access/refusal.h"

#include "mqtt/protocol.h"

static const struct {
        const char *text;
        uint8_t reason;
} refusals[REFUSALS_N] = {
        [REFUSAL_NONE] = {"none", 0},
        [REFUSAL_STRANGER] = {"not in proxy_trusted", 0},
        [REFUSAL_BANNED] = {"banned", 0},
        [REFUSAL_ADDRESS_LOGINS] = {"too many failed logins from the address", 0},
        [REFUSAL_ADDRESS_RATE] = {"too many new connections from the address",
                                  REASON_CONNECTION_RATE_EXCEEDED},
        [REFUSAL_ADDRESS_CONNECTIONS] = {"too many connections from the address",
                                         REASON_QUOTA_EXCEEDED},
        [REFUSAL_LISTENER_RATE] = {"too many new connections to the listener",
                                   REASON_CONNECTION_RATE_EXCEEDED},
        [REFUSAL_RATE] = {"too many new connections", REASON_CONNECTION_RATE_EXCEEDED},
        [REFUSAL_LISTENER_FULL] = {"too many connections to the listener", REASON_QUOTA_EXCEEDED},
        [REFUSAL_EVICTED] = {"too many without CONNECT", 0},
};

const char *refusal_to_string(Refusal refusal)
{
        return refusals[refusal].text;
}

uint8_t refusal_reason(Refusal refusal)
{
        return refusals[refusal].reason;
}
