/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The configuration of a Mosquitto on its way to hawker.conf: each of its lines, and what becomes
 * of it.
 *
 * Thread: any
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "util/macro.h"

typedef enum Fate {
        FATE_SAME,        /* it is taken over, and means the same */
        FATE_DIFFERS,     /* it is taken over, but something is not as it was */
        FATE_LEFT_OUT,    /* the system sees to that */
        FATE_UNSUPPORTED, /* it is left out, and something is missing */
} Fate;

typedef struct MigrationLine {
        char *file;
        unsigned number;
        char *text;   /* without blanks around it */
        char *option; /* its first word; "" of an empty line or a comment */
        Fate fate;
        char *why; /* NULL: nothing is to be said */
} MigrationLine;

/* A zeroed object is a valid empty one. */
typedef struct Migration {
        MigrationLine *lines;
        size_t n, n_allocated;
} Migration;

void migration_done(Migration *migration);

/* Reads the file with those of its include_dir, in the order in which they count. 0; -errno, and
 * then which file it was is in *ret_file, which the caller frees (NULL without memory). */
int migration_read(Migration *migration, const char *path, char **ret_file);

/* Decides what the system of today sees to: user, pid_file and so on. 0 or -ENOMEM. */
int migration_settle(Migration *migration);

/* Has hawkerd judge what is left, and leaves out what it refuses until it takes it all. 0; -errno;
 * -EINVAL: it refuses it as a whole, and *ret_complaint, which the caller frees, says why. */
int migration_judge(Migration *migration, char **ret_complaint);

/* Writes hawker.conf: a line each with what became of it, so that line k is lines[k - 1] behind a
 * head of so many lines. */
void migration_write(const Migration *migration, FILE *to);

/* What the last line of this option says behind it, or NULL. */
const char *migration_value(const Migration *migration, const char *option);

/* "same", "differs", "left out", "unsupported". */
const char *migration_fate_name(Fate fate);
