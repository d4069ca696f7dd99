/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where the access rules stand that a configuration puts in force.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>

#include "admin/command.h"

typedef struct AclSource {
        char *path; /* NULL: there are none */
        bool is_loose;
} AclSource;

/* Asks hawkerd, which reads the configuration as the broker does. EXIT_DONE, or EXIT_FAILED, which
 * stderr explains: also where listeners have different rules. */
int acl_source_ask(const char *configuration, AclSource *ret_source);
void acl_source_done(AclSource *source);
