/* SPDX-License-Identifier: Apache-2.0 */

/*
 * May this client in: what is decided on a CONNECT that is well formed.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>

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

/*
 * 0, or REASON_NOT_AUTHORIZED (return code 5 in MQTT 3): the listener wants to know who comes and
 * nothing here can tell; the client identifier lacks `clientid_prefixes`; or the listener names
 * clients by their user (`use_username_as_clientid`) and that is not it.
 *
 * A user name that nobody can check counts as none: it passes where anonymous clients pass. One
 * that TLS has proven needs no password.
 */
int admission_check(const Settings *settings, const ListenerSettings *listener,
                    const AdmissionRequest *request);

/*
 * The same for a client that came in under older settings: may it stay. The request has no
 * password, for none is kept: that it was right when the client came has to do.
 */
int admission_review(const Settings *settings, const ListenerSettings *listener,
                     const AdmissionRequest *request);
