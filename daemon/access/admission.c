/* SPDX-License-Identifier: Apache-2.0 */

/* May this client in. */
#include "access/admission.h"
#include "mqtt/protocol.h"

static bool has_wanted_prefix(const char *prefix, Bytes client_id)
{
        return !prefix || bytes_has_prefix(client_id, bytes_from_string(prefix));
}

/* What holds for all, whoever they are. */
static int check_names(const Settings *settings, const ListenerSettings *listener,
                       const AdmissionRequest *request)
{
        const ProofRequest *of = &request->of;

        if (listener->use_username_as_clientid &&
            (!of->has_username || !bytes_equal(of->client_id, of->username)))
                return REASON_NOT_AUTHORIZED;
        if (!has_wanted_prefix(settings->clientid_prefixes, of->client_id))
                return REASON_NOT_AUTHORIZED;
        return 0;
}

/* Where strangers may come in, one without a name is not asked for more. */
static bool is_stranger(const ListenerSettings *listener, const AdmissionRequest *request)
{
        return listener->allow_anonymous && !request->of.has_username && !request->of.has_password;
}

int admission_prove(const ListenerSettings *listener, AccessPolicy *policy,
                    const AdmissionRequest *request, Proof *ret_proof)
{
        Proof proof = {};

        if (!request->is_proven && !is_stranger(listener, request)) {
                if (!proof_find(policy, &request->of, &proof))
                        return REASON_BAD_USER_NAME_OR_PASSWORD;
                if (proof.method == LOGIN_NONE && !listener->allow_anonymous)
                        return REASON_NOT_AUTHORIZED;
        }
        *ret_proof = proof;
        return 0;
}

int admission_check(const Settings *settings, const ListenerSettings *listener,
                    AccessPolicy *policy, const AdmissionRequest *request, Proof *ret_proof)
{
        Proof proof;
        int r;

        r = admission_prove(listener, policy, request, &proof);
        if (r != 0)
                return r;
        r = check_names(settings, listener, request);
        proof_add_will(policy, &request->of, &proof);
        if (r == 0)
                *ret_proof = proof;
        return r;
}

int admission_review(const Settings *settings, const ListenerSettings *listener,
                     const AdmissionReview *review, const AdmissionRequest *request)
{
        Proof proof;
        int r;

        if (review->method != LOGIN_NONE &&
            access_policy_agrees(review->before, review->now, review->method, request->of.username))
                return check_names(settings, listener, request);
        r = admission_check(settings, listener, review->now, request, &proof);
        return r == 0 && proof.method == LOGIN_NONE ? 0 : REASON_NOT_AUTHORIZED;
}
