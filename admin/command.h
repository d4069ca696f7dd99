/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What hawkerctl was asked to do, and the exit statuses that it ends with: one for each thing that
 * a script would do differently.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>

typedef enum ExitStatus {
        EXIT_DONE = 0,
        EXIT_FAILED = 1,      /* the broker, or what it needs, says no: stderr tells why */
        EXIT_USAGE = 2,       /* of hawkerctl */
        EXIT_NOT_RUNNING = 3, /* as systemctl(1) and LSB have it */
        EXIT_NO_RIGHT = 4,
} ExitStatus;

/* Strings are those of argv. */
typedef struct Command {
        const char *instance; /* NULL: the first */
        bool session;         /* on the bus of the session */
        bool json;
        bool wait;
        const char *argument; /* of the verb; NULL: none */
        int argc;             /* the verb and all behind it, where it reads that itself */
        char **argv;
} Command;

/* The verbs: each does its work, writes to stdout what was asked for and to stderr what went wrong,
 * and returns an exit status. */
int verb_status(const Command *command);
int verb_reload(const Command *command);
int verb_restart(const Command *command);
int verb_test_config(const Command *command);
int verb_passwd(const Command *command);
int verb_acl_test(const Command *command);
int verb_client(const Command *command);
int verb_kick(const Command *command);
int verb_clients(const Command *command);
int verb_listeners(const Command *command);
int verb_metrics(const Command *command);
int verb_ban(const Command *command);
int verb_unban(const Command *command);
int verb_bans(const Command *command);
int verb_import(const Command *command);
int verb_store(const Command *command);
