/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump.h: settings as a configuration file again
 * Thread: any
 */
#pragma once

#include <stdio.h>

#include "config/settings.h"

/*
 * Write all that is in force, each option below a comment that says where it comes from: file and
 * line, the command line, or the default. Read back, it gives the same settings: also the
 * listeners of local-only mode and of -p are written as listeners. Returns 0 or -errno.
 */
int settings_dump(const Settings *settings, FILE *file);
