/* SPDX-License-Identifier: Apache-2.0 */

/*
 * May this client in: what is decided on a CONNECT that is well formed.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>

#include "access/proof.h"
#include "config/settings.h"
#include "util/bytes.h"

typedef struct AdmissionRequest {
        ProofRequest
                of; /* its client identifier is the final one: as sent, generated, or the user */
        bool is_proven; /* the username was verified: by TLS, the kernel, or a login before */
} AdmissionRequest;

/*
 * 0: it may come in, if it can prove what *ret_proof wants. Else REASON_BAD_USER_NAME_OR_PASSWORD,
 * or REASON_NOT_AUTHORIZED (return code 5 in MQTT 3): the listener wants to know who comes and
 * nothing here can tell; the client identifier lacks `clientid_prefixes`; or the listener names
 * clients by their user (`use_username_as_clientid`) and that is not it.
 *
 * Where the policy (it may be NULL) has no way to prove it a user name counts as none: it passes
 * where anonymous clients pass. One that was verified needs no password.
 */
int admission_check(const Settings *settings, const ListenerSettings *listener,
                    AccessPolicy *policy, const AdmissionRequest *request, Proof *ret_proof);

/* The same for who is no client of MQTT: what its names must be like is left out, and the will. */
int admission_prove(const ListenerSettings *listener, AccessPolicy *policy,
                    const AdmissionRequest *request, Proof *ret_proof);

/* How a client has come in, and what holds now. */
typedef struct AdmissionReview {
        LoginMethod method;
        const AccessPolicy *before;
        AccessPolicy *now;
} AdmissionReview;

/*
 * May it stay. The request has no password, for none is kept: that it was right when the client
 * came has to do, if what let it in then does so now. 0 or REASON_NOT_AUTHORIZED.
 */
int admission_review(const Settings *settings, const ListenerSettings *listener,
                     const AdmissionReview *review, const AdmissionRequest *request);
