/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whom a ban is about, as words of a command line: [address|user|client] SUBJECT.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>

typedef struct BanSubject {
        const char *kind; /* "address", "user" or "client" */
        const char *name;
} BanSubject;

/* One word alone is an address or a prefix. NULL, or what is wrong with the words. */
const char *ban_subject_parse(int n, char *const words[], BanSubject *ret_subject);
