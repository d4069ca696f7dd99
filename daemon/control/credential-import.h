/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Copies the files of TLS that the settings name to where the service can read them: keys of Let's
 * Encrypt are root's alone, and the service never is root.
 *
 * Thread: control (of a program of root's)
 */
#pragma once

#include <stdbool.h>

#include "config/errors.h"
#include "config/settings.h"

typedef struct CredentialImport {
        const char *runtime_folder; /* of the service: tells who that is, too */
        bool check; /* copies that a listener could not use do not take the place of the old ones */
} CredentialImport;

/*
 * All copies are new, or all stay as they were. A file that the service cannot read is read by root
 * only if nobody else could have put it there. 0; -EKEYREJECTED with the line of the option and
 * what is wrong in errors (without check: a file that cannot be read is a warning, for the service
 * to refuse); -errno with why in errors.
 */
int credentials_import(const Settings *settings, const CredentialImport *how, ConfigErrors *errors);
