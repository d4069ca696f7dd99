/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a JSON Web Token says, and whether that lets a client in.
 *
 * Thread: any
 */
#pragma once

#include <stdint.h>

#include "util/bytes.h"

/* Clocks of who signs and who reads may differ so much, s. */
#define JWT_LEEWAY 30U

/* What tokens must say. */
typedef struct JwtRules {
        const char *audience;        /* in `aud`; NULL: there must be none */
        const char *issuer;          /* as `iss`; NULL: any */
        const char *username_claim;  /* which claim is the username */
        const char *client_id_claim; /* which claim is the client identifier; NULL: none */
} JwtRules;

/* What a token gives. */
typedef struct JwtClaims {
        char *username;
        char *client_id;  /* NULL: none is asked for */
        uint64_t expires; /* s since 1970, with the leeway: from then on it holds no more */
} JwtClaims;

void jwt_claims_done(JwtClaims *claims);

/*
 * Reads the payload, a JSON object, at this time (s since 1970). 0; REASON_NOT_AUTHORIZED with what
 * is wrong in *ret_why, a literal; or -ENOMEM. Wrong is: it has no
 * `exp`, or has expired; `nbf` is still to come; another audience or issuer; the claims that name
 * the client are missing, empty or no text that MQTT can carry; a member is there twice.
 */
int jwt_claims_read(Bytes payload, const JwtRules *rules, uint64_t now, JwtClaims *ret_claims,
                    const char **ret_why);
