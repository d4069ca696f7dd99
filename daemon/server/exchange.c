/* SPDX-License-Identifier: Apache-2.0 */

/* An enhanced authentication. */

#include "server/exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int exchange_method(const Properties *properties, ScramHash *ret_hash)
{
        if (!properties_has(properties, PROPERTY_AUTHENTICATION_METHOD))
                return 0;
        return scram_hash_from_name(properties->authentication_method, ret_hash)
                       ? 1
                       : REASON_BAD_AUTHENTICATION_METHOD;
}

static Bytes data_of(const Properties *properties)
{
        return properties_has(properties, PROPERTY_AUTHENTICATION_DATA)
                       ? properties->authentication_data
                       : (Bytes){};
}

int exchange_new(AccessPolicy *policy, const Properties *properties, Bytes connect,
                 Exchange **ret_exchange)
{
        const Passwords *passwords = access_policy_passwords(policy);
        _cleanup_(exchange_freep) Exchange *exchange = NULL;
        ScramHash hash;
        int r;

        r = exchange_method(properties, &hash);
        if (r != 1 || !passwords)
                return REASON_BAD_AUTHENTICATION_METHOD;
        exchange = calloc(1, sizeof(*exchange) + connect.length);
        if (!exchange)
                return -ENOMEM;
        r = scram_new(passwords, hash, data_of(properties), &exchange->scram);
        if (r != 0)
                return r;
        exchange->policy = access_policy_ref(policy);
        exchange->connect_length = connect.length;
        if (connect.length > 0)
                memcpy(exchange->connect, connect.data, connect.length);
        *ret_exchange = TAKE_PTR(exchange);
        return 0;
}

/* The CONNECT may have a password besides. */
Exchange *exchange_free(Exchange *exchange)
{
        if (!exchange)
                return NULL;
        scram_free(exchange->scram);
        access_policy_unref(exchange->policy);
        explicit_bzero(exchange->connect, exchange->connect_length);
        free(exchange);
        return NULL;
}

int exchange_finish(Exchange *exchange, const Properties *properties)
{
        return scram_finish(exchange->scram, data_of(properties), &exchange->proof);
}
