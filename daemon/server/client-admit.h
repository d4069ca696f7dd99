/* SPDX-License-Identifier: Apache-2.0 */

/*
 * May this client in: asked once for each CONNECT, though it may be read several times, by another
 * worker or when a helper has made the check.
 *
 * Thread: worker
 */
#pragma once

#include "access/admission.h"
#include "server/connection.h"

typedef struct Login Login;

/*
 * 0: it may. A reason code to refuse it with: REASON_SERVER_BUSY if too many wait to be checked.
 * -EINPROGRESS: a helper makes the check; the connection has a login until MAIL_LOGIN, and
 * client_admit_proved() is to be told then. -ENOMEM. *ret_detail may be why, for the log: a
 * literal.
 */
int client_admit(Connection *connection, const AdmissionRequest *request, const char **ret_detail);

/* An admitted client will end with 0x87 when what let it in does, if it does. 0 or -ENOMEM. */
int client_admit_for_now(Connection *connection);

/* The answer of the connection's login: 0: the next client_admit() lets it in; else as above. */
int client_admit_proved(Connection *connection, Login *login, const char **ret_detail);
