/* SPDX-License-Identifier: Apache-2.0 */

/*
 * May this client in: what is decided on a CONNECT that is well formed.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>

#include "access/policy.h"
#include "config/settings.h"
#include "util/bytes.h"

typedef struct AdmissionRequest {
        Bytes client_id; /* the final one: as sent, generated, or the user name */
        bool has_username;
        Bytes username;
        bool has_password;
        Bytes password;
        bool is_proven; /* the username is of a certificate or pre-shared key that was verified */
} AdmissionRequest;

/* What a password has to be held against. */
typedef struct AdmissionProof {
        Passwords *passwords;     /* of the policy, borrowed: they own the hash */
        const PasswordHash *hash; /* of the policy; NULL: nothing, the client may come in */
        bool is_known;            /* else the hash is another user's: for the time it takes alone */
} AdmissionProof;

/*
 * 0: it may come in, if the password is right where *ret_proof has a hash, and that is its user's.
 * Else REASON_BAD_USER_NAME_OR_PASSWORD, or REASON_NOT_AUTHORIZED (return code 5 in MQTT 3): the
 * listener wants to know who comes and nothing here can tell; the client identifier lacks
 * `clientid_prefixes`; or the listener names clients by their user (`use_username_as_clientid`) and
 * that is not it.
 *
 * Without passwords (policy may be NULL) a user name counts as none: it passes where anonymous
 * clients pass. One that TLS has proven needs no password.
 */
int admission_check(const Settings *settings, const ListenerSettings *listener,
                    const AccessPolicy *policy, const AdmissionRequest *request,
                    AdmissionProof *ret_proof);

/*
 * Under what a client has come in, and what holds now: may it stay. The request has no password,
 * for none is kept: that it was right when the client came has to do, if its user still has the
 * same one. 0 or as above.
 */
int admission_review(const Settings *settings, const ListenerSettings *listener,
                     const AccessPolicy *before, const AccessPolicy *now,
                     const AdmissionRequest *request);
