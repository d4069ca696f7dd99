/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Copies the files of TLS, passwords and access rules that the settings name to where the service
 * can read them: keys of Let's Encrypt are root's alone, as password files are, and the service
 * never is root.
 *
 * Thread: control (of a program of root's)
 */
#pragma once

#include "config/settings.h"
#include "util/config-errors.h"

/*
 * Makes all copies anew in the runtime directory of the service, which also tells who that is. What
 * is in the files is for the broker to judge. One that the service cannot read is read by root only
 * if nobody else could have put it there; what cannot be copied is a warning with its line, and the
 * broker will miss it. 0; or -errno with why in errors, and the copies are as they were.
 */
int credentials_import(const Settings *settings, const char *runtime_folder, ConfigErrors *errors);
