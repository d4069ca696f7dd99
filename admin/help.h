/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The help, from the table of verbs, to stdout.
 *
 * Thread: any
 */
#pragma once

#include "admin/verb.h"

/* All verbs, and the options that all of them have. */
void help_print(void);

/* All about one. */
void help_print_verb(const Verb *verb);
