/* SPDX-License-Identifier: Apache-2.0 */

/* JSON Web Tokens in compact form. */

#include "access/jwt.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "mqtt/protocol.h"
#include "util/base64.h"
#include "util/macro.h"

/* The parts of header.payload.signature, still in base64url; text is what is signed. */
typedef struct Parts {
        Bytes header, payload, signature;
        Bytes text;
} Parts;

static bool split(Bytes token, Parts *ret_parts)
{
        const uint8_t *end = token.data + token.length;
        const uint8_t *first, *second;

        if (token.length == 0 || token.length > JWT_LENGTH_MAX)
                return false;
        first = memchr(token.data, '.', token.length);
        second = first ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;
        if (!second || memchr(second + 1, '.', (size_t)(end - second - 1)))
                return false;
        *ret_parts = (Parts){
                .header = {token.data, (size_t)(first - token.data)},
                .payload = {first + 1, (size_t)(second - first - 1)},
                .signature = {second + 1, (size_t)(end - second - 1)},
                .text = {token.data, (size_t)(second - token.data)},
        };
        return true;
}

bool jwt_is_like(Bytes token)
{
        Parts parts;

        return split(token, &parts);
}

static int refuse(const char *why, const char **ret_why)
{
        *ret_why = why;
        return REASON_NOT_AUTHORIZED;
}

/* The room is as large as the part. */
static int read_header(Bytes part, uint8_t *room, JwtAlgorithm *ret_algorithm, const char **ret_why)
{
        json_auto_t *header = NULL;
        json_error_t error;
        const char *name;
        Bytes text;

        if (!base64url_decode(part, room, part.length, &text))
                return refuse("the token is not in base64url", ret_why);
        header = json_loadb((const char *)text.data, text.length, JSON_REJECT_DUPLICATES, &error);
        if (!header && json_error_code(&error) == json_error_out_of_memory)
                return -ENOMEM;
        if (!json_is_object(header))
                return refuse("the token does not have a JSON object as header", ret_why);
        if (json_object_get(header, "crit"))
                return refuse("the token wants more understood than is", ret_why);
        name = json_string_value(json_object_get(header, "alg"));
        if (!name || !jwt_algorithm_from_name(name, ret_algorithm))
                return refuse("the token is signed in a way that is not accepted", ret_why);
        return 0;
}

int jwt_verify(Bytes token, const JwtKeys *keys, const JwtRules *rules, uint64_t now,
               JwtClaims *ret_claims, const char **ret_why)
{
        _cleanup_free_ uint8_t *room = NULL;
        Bytes signature, payload;
        JwtAlgorithm algorithm;
        Parts parts;
        int r;

        if (!split(token, &parts))
                return refuse("the token does not have three parts", ret_why);
        room = malloc(token.length);
        if (!room)
                return -ENOMEM;
        r = read_header(parts.header, room, &algorithm, ret_why);
        if (r != 0)
                return r;
        if (!base64url_decode(parts.signature, room, token.length, &signature))
                return refuse("the token is not in base64url", ret_why);
        if (!jwt_keys_verify(keys, algorithm, parts.text, signature))
                return refuse("the token is not signed by a known key", ret_why);
        if (!base64url_decode(parts.payload, room, token.length, &payload))
                return refuse("the token is not in base64url", ret_why);
        return jwt_claims_read(payload, rules, now, ret_claims, ret_why);
}
