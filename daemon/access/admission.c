/* SPDX-License-Identifier: Apache-2.0 */

/* May this client in. */
#include "access/admission.h"
#include "mqtt/protocol.h"

static bool has_wanted_prefix(const char *prefix, Bytes client_id)
{
        return !prefix || bytes_has_prefix(client_id, bytes_from_string(prefix));
}

int admission_check(const Settings *settings, const ListenerSettings *listener,
                    const AdmissionRequest *request)
{
        if (!listener->allow_anonymous && !request->is_proven)
                return REASON_NOT_AUTHORIZED;
        if (listener->use_username_as_clientid &&
            (!request->has_username || !bytes_equal(request->client_id, request->username)))
                return REASON_NOT_AUTHORIZED;
        if (!has_wanted_prefix(settings->clientid_prefixes, request->client_id))
                return REASON_NOT_AUTHORIZED;
        return 0;
}

int admission_review(const Settings *settings, const ListenerSettings *listener,
                     const AdmissionRequest *request)
{
        return admission_check(settings, listener, request);
}
