/* SPDX-License-Identifier: Apache-2.0 */

/* What a JSON Web Token says. */

#include "access/jwt-claims.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mqtt/protocol.h"
#include "util/macro.h"

#define NAME_MAX_LENGTH 65535U
/* Beyond it a double does not count seconds any more, and a sum with the leeway could overflow. */
#define TIME_MAX 9007199254740992.0

void jwt_claims_done(JwtClaims *claims)
{
        free(claims->username);
        free(claims->client_id);
        *claims = (JwtClaims){};
}

static int refuse(const char *why, const char **ret_why)
{
        *ret_why = why;
        return REASON_NOT_AUTHORIZED;
}

/* A NumericDate (RFC 7519, 2): it may have a fraction. */
static bool read_time(const json_t *value, uint64_t *ret_time)
{
        double time = json_number_value(value);

        if (!json_is_number(value) || !(time >= 0 && time < TIME_MAX))
                return false;
        *ret_time = (uint64_t)time;
        return true;
}

static int check_times(const json_t *object, uint64_t now, JwtClaims *claims, const char **ret_why)
{
        const json_t *begins = json_object_get(object, "nbf");
        uint64_t time;

        if (!read_time(json_object_get(object, "exp"), &time))
                return refuse("the token does not say when it expires", ret_why);
        claims->expires = time + JWT_LEEWAY;
        if (now >= claims->expires)
                return refuse("the token has expired", ret_why);
        if (!begins)
                return 0;
        if (!read_time(begins, &time))
                return refuse("the token does not say from when on it holds", ret_why);
        return time > now + JWT_LEEWAY ? refuse("the token does not hold yet", ret_why) : 0;
}

static bool is_text(const json_t *value, const char *text)
{
        return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

static bool is_for(const json_t *audience, const char *us)
{
        if (!json_is_array(audience))
                return is_text(audience, us);
        for (size_t i = 0; i < json_array_size(audience); i++)
                if (is_text(json_array_get(audience, i), us))
                        return true;
        return false;
}

/* Who does not find himself among those it is for must refuse it (RFC 7519, 4.1.3). */
static int check_parties(const json_t *object, const JwtRules *rules, const char **ret_why)
{
        const json_t *audience = json_object_get(object, "aud");

        if (rules->audience ? !is_for(audience, rules->audience) : audience != NULL)
                return refuse("the token is for another audience", ret_why);
        if (rules->issuer && !is_text(json_object_get(object, "iss"), rules->issuer))
                return refuse("the token is of another issuer", ret_why);
        return 0;
}

static int take_name(const json_t *object, const char *claim, char **ret_name, const char **ret_why)
{
        const json_t *value = json_object_get(object, claim);
        size_t length = json_string_length(value);

        if (!json_is_string(value) || length == 0 || length > NAME_MAX_LENGTH)
                return refuse("the token does not name the client", ret_why);
        *ret_name = strdup(json_string_value(value)); /* valid UTF-8 without U+0000, by Jansson */
        return *ret_name ? 0 : -ENOMEM;
}

static int read_object(const json_t *object, const JwtRules *rules, uint64_t now, JwtClaims *claims,
                       const char **ret_why)
{
        int r;

        r = check_times(object, now, claims, ret_why);
        if (r == 0)
                r = check_parties(object, rules, ret_why);
        if (r == 0)
                r = take_name(object, rules->username_claim, &claims->username, ret_why);
        if (r == 0 && rules->client_id_claim)
                r = take_name(object, rules->client_id_claim, &claims->client_id, ret_why);
        return r;
}

int jwt_claims_read(Bytes payload, const JwtRules *rules, uint64_t now, JwtClaims *ret_claims,
                    const char **ret_why)
{
        json_auto_t *object = NULL;
        JwtClaims claims = {};
        json_error_t error;
        int r;

        object = json_loadb((const char *)payload.data, payload.length, JSON_REJECT_DUPLICATES,
                            &error);
        if (!object && json_error_code(&error) == json_error_out_of_memory)
                return -ENOMEM;
        if (!json_is_object(object))
                return refuse("the token does not have a JSON object of claims", ret_why);
        r = read_object(object, rules, now, &claims, ret_why);
        if (r != 0) {
                jwt_claims_done(&claims);
                return r;
        }
        *ret_claims = claims;
        return 0;
}
