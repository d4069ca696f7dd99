/* SPDX-License-Identifier: Apache-2.0 */

/* May this client in. */
#include "access/admission.h"
#include "mqtt/protocol.h"

static bool has_wanted_prefix(const char *prefix, Bytes client_id)
{
        return !prefix || bytes_has_prefix(client_id, bytes_from_string(prefix));
}

/* Whether it needs a password of this policy. */
static bool has_to_prove(const AccessPolicy *policy, const AdmissionRequest *request)
{
        return access_policy_passwords(policy) && request->has_username && !request->is_proven;
}

/* What holds for all, whoever they are. */
static int check_names(const Settings *settings, const ListenerSettings *listener,
                       const AdmissionRequest *request)
{
        if (listener->use_username_as_clientid &&
            (!request->has_username || !bytes_equal(request->client_id, request->username)))
                return REASON_NOT_AUTHORIZED;
        if (!has_wanted_prefix(settings->clientid_prefixes, request->client_id))
                return REASON_NOT_AUTHORIZED;
        return 0;
}

int admission_check(const Settings *settings, const ListenerSettings *listener,
                    const AccessPolicy *policy, const AdmissionRequest *request,
                    AdmissionProof *ret_proof)
{
        AdmissionProof proof = {};
        int r;

        if (has_to_prove(policy, request)) {
                proof.passwords = policy->passwords;
                if (request->has_password)
                        proof.hash = passwords_find(policy->passwords, request->username,
                                                    &proof.is_known);
                if (!proof.hash)
                        return REASON_BAD_USER_NAME_OR_PASSWORD;
        } else if (!listener->allow_anonymous && !request->is_proven) {
                return REASON_NOT_AUTHORIZED;
        }
        r = check_names(settings, listener, request);
        if (r == 0)
                *ret_proof = proof;
        return r;
}

int admission_review(const Settings *settings, const ListenerSettings *listener,
                     const AccessPolicy *before, const AccessPolicy *now,
                     const AdmissionRequest *request)
{
        const Passwords *old = access_policy_passwords(before);

        if (has_to_prove(now, request)) {
                if (old != now->passwords &&
                    !passwords_agree(old, now->passwords, request->username))
                        return REASON_NOT_AUTHORIZED;
        } else if (!listener->allow_anonymous && !request->is_proven) {
                return REASON_NOT_AUTHORIZED;
        }
        return check_names(settings, listener, request);
}
