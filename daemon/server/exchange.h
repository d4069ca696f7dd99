/* SPDX-License-Identifier: Apache-2.0 */

/*
 * An enhanced authentication that is under way (MQTT 5.0, 4.12): the one that a CONNECT has begun,
 * with that CONNECT, or another one on a connection that is open.
 *
 * Thread: worker
 */
#pragma once

#include "access/policy.h"
#include "access/scram.h"
#include "mqtt/property.h"

typedef struct Exchange {
        Scram *scram;
        AccessPolicy *policy; /* a reference: whose passwords it goes by */
        Bytes proof;          /* ours, of the object: once the client has given its own */
        size_t connect_length;
        uint8_t connect[]; /* the body of the CONNECT */
} Exchange;

/* Whether the properties, of a CONNECT or AUTH, name a method. 1, and which; 0: none;
 * REASON_BAD_AUTHENTICATION_METHOD: one that is not known. */
int exchange_method(const Properties *properties, ScramHash *ret_hash);

/*
 * Begins with what the properties hold. connect: the body of the CONNECT, copied; empty: of an open
 * connection. 0; REASON_BAD_AUTHENTICATION_METHOD: the policy, which may be NULL, has nobody for
 * the method; REASON_NOT_AUTHORIZED; -ENOMEM or -EIO.
 */
int exchange_new(AccessPolicy *policy, const Properties *properties, Bytes connect,
                 Exchange **ret_exchange);
Exchange *exchange_free(Exchange *exchange);
DEFINE_CLEANUP(Exchange, exchange_free)

/* Goes on with what the client has sent. 0: it is who it says it is; REASON_NOT_AUTHORIZED;
 * -ENOMEM. */
int exchange_finish(Exchange *exchange, const Properties *properties);

static inline bool exchange_is_done(const Exchange *exchange)
{
        return exchange && exchange->proof.length > 0;
}
