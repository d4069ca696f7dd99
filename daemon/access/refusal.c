/* SPDX-License-Identifier: Apache-2.0 */

/* Why a connection is refused. */

#include "access/refusal.h"

#include "mqtt/protocol.h"

static const struct {
        const char *name, *text;
        uint8_t reason;
} refusals[REFUSALS_N] = {
        [REFUSAL_NONE] = {NULL, "none", 0},
        [REFUSAL_STRANGER] = {"untrusted-proxy", "not in proxy_trusted", 0},
        [REFUSAL_BANNED] = {"banned", "banned", 0},
        [REFUSAL_ADDRESS_LOGINS] = {"address-failed-logins",
                                    "too many failed logins from the address", 0},
        [REFUSAL_ADDRESS_RATE] = {"address-rate", "too many new connections from the address",
                                  REASON_CONNECTION_RATE_EXCEEDED},
        [REFUSAL_ADDRESS_CONNECTIONS] = {"address-connections",
                                         "too many connections from the address",
                                         REASON_QUOTA_EXCEEDED},
        [REFUSAL_LISTENER_RATE] = {"listener-rate", "too many new connections to the listener",
                                   REASON_CONNECTION_RATE_EXCEEDED},
        [REFUSAL_RATE] = {"global-rate", "too many new connections",
                          REASON_CONNECTION_RATE_EXCEEDED},
        [REFUSAL_LISTENER_FULL] = {"listener-connections", "too many connections to the listener",
                                   REASON_QUOTA_EXCEEDED},
        [REFUSAL_EVICTED] = {"unauthenticated", "too many without CONNECT", 0},
};

const char *refusal_to_string(Refusal refusal)
{
        return refusals[refusal].text;
}

uint8_t refusal_reason(Refusal refusal)
{
        return refusals[refusal].reason;
}

const char *refusal_name(Refusal refusal)
{
        return refusals[refusal].name;
}
