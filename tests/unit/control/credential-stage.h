/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A service for the tests of its TLS files: a folder with a pair, and a runtime directory, which is
 * another user's where root runs the tests.
 *
 * Thread: main
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "certificates/certificate.h"
#include "config/settings.h"
#include "util/config-errors.h"

#define NOBODY 65534 /* the service, where root runs this */

/* files: what the settings name; run: the runtime directory, and RUNTIME_DIRECTORY. */
typedef struct Stage {
        char *folder, *files, *run, *copies;
        Certificate one, two;
        ConfigErrors errors; /* of the last import or load */
} Stage;

/* With the pair of `one`. */
void stage_init(Stage *stage);
void stage_done(Stage *stage);
void stage_forget_errors(Stage *stage);

/* A path: a ring of eight strings. */
const char *stage_at(const char *folder, const char *name);
void stage_put(const char *path, const char *text);
void stage_put_pair(const Stage *stage, const Certificate *certificate, const Certificate *key);

/* A listener with the pair in lines 3 and 4, and with more lines. */
Settings *stage_parse(const Stage *stage, const char *more);
int stage_import_with(Stage *stage, const char *more);
int stage_import(Stage *stage);

char *stage_copy_of(const Stage *stage, const char *name);
bool stage_is_same(const char *a, const char *b);
bool stage_is_copied(const Stage *stage, const char *name);
unsigned stage_entries_of(const char *folder);
/* The first thing that was said. */
void stage_assert_told(const Stage *stage, unsigned line, const char *words);
