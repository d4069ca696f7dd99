/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Accounts of the system, and of the directories it belongs to: PAM asks whoever it is told to.
 *
 * Thread: any
 */
#pragma once

#include "util/bytes.h"

typedef struct PamLogin {
        const char *service; /* a name in /etc/pam.d, or the absolute path of such a file */
        Bytes username;
        Bytes password;
        const char
                *peer; /* the host it comes from, for modules that ask and log; NULL: not known */
} PamLogin;

/*
 * Whether the password is right and the account may be used now. 0;
 * REASON_BAD_USER_NAME_OR_PASSWORD; REASON_NOT_AUTHORIZED: the account has expired or is locked;
 * REASON_SERVER_UNAVAILABLE: nobody could tell; or -ENOMEM. Blocks as long as the modules do: not
 * for a worker. They may want longer after a failure; that is not waited for.
 */
int pam_check(const PamLogin *login);

/* Whether there is such a service: 0, -ENOENT, or -errno. Without one PAM would take "other". */
int pam_find(const char *service);
