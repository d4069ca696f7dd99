/* SPDX-License-Identifier: Apache-2.0 */

/*
 * JSON Web Tokens (RFC 7519) in compact form, as clients send them in place of a password.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>

#include "access/jwt-claims.h"
#include "access/jwt-key.h"

#define JWT_LENGTH_MAX 16384U

/* Whether it could be a token, so that whoever checks passwords too asks here: three parts, not
 * longer than JWT_LENGTH_MAX. */
bool jwt_is_like(Bytes token);

/*
 * Checks the signature and then what it says, at this time (s since 1970). 0;
 * REASON_NOT_AUTHORIZED with what is wrong in *ret_why, a literal; or
 * -ENOMEM. `none`, an algorithm that no key stands for, and headers that are to be understood
 * (`crit`) are wrong. Takes as long as jwt_keys_verify().
 */
int jwt_verify(Bytes token, const JwtKeys *keys, const JwtRules *rules, uint64_t now,
               JwtClaims *ret_claims, const char **ret_why);
