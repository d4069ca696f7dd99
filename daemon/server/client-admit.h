/* SPDX-License-Identifier: Apache-2.0 */

/*
 * May this client in: asked once for each CONNECT, though it may be read several times, by another
 * worker or when a helper has checked its password.
 *
 * Thread: worker
 */
#pragma once

#include "access/admission.h"
#include "server/connection.h"

/*
 * 0: it may. A reason code to refuse it with: REASON_SERVER_BUSY if too many passwords wait to be
 * checked. -EINPROGRESS: a helper checks its password; the connection has a login until MAIL_LOGIN,
 * and client_admit_proved() is to be told then. -ENOMEM.
 */
int client_admit(Connection *connection, const AdmissionRequest *request);

/* The answer of the connection's login: 0: the next client_admit() lets it in; else as above. */
int client_admit_proved(Connection *connection, int result);
