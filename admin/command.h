/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What hawkerctl was asked to do, as the table of verbs (verb.h) understands it, and the exit
 * statuses that it ends with: one for each thing that a script would do differently.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef enum ExitStatus {
        EXIT_DONE = 0,
        EXIT_FAILED = 1,      /* the broker, or what it needs, says no: stderr tells why */
        EXIT_USAGE = 2,       /* of hawkerctl */
        EXIT_NOT_RUNNING = 3, /* as systemctl(1) and LSB have it */
        EXIT_NO_RIGHT = 4,
} ExitStatus;

struct Verb;

/* An option of the verb that was given. */
typedef struct CommandOption {
        const char *name;
        const char *value; /* "" if it takes none */
} CommandOption;

/* Strings are those of argv. */
typedef struct Command {
        const struct Verb *verb;
        const char *instance; /* NULL: the first */
        bool session;         /* on the bus of the session */
        bool json;
        bool no_pager;
        unsigned width; /* of the terminal; 0: stdout is none */
        bool has_colours;
        char **words; /* behind the verb, as many as it takes; NULL behind the last */
        size_t n_words;
        const char *argument; /* the first of them, or NULL */
        CommandOption *options;
        size_t n_options;
} Command;

/* Reads the options of hawkerctl itself up to the verb; *ret_at is where that stands, argc if there
 * is none. -1: go on; else that status is to end with. */
int command_parse_common(int argc, char **argv, Command *command, int *ret_at);

/* Reads what is behind the verb, argv[0]. -1: go on, and the caller calls command_done(). */
int command_parse(const struct Verb *verb, int argc, char **argv, Command *command);
void command_done(Command *command);

/* The value that the verb's option of this name was given last; NULL: it was not given. */
const char *command_value(const Command *command, const char *option);
bool command_has(const Command *command, const char *option);

/* Says what is wrong with the words of this verb, and who knows more. EXIT_USAGE. */
int command_usage(const Command *command, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

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
int verb_monitor(const Command *command);
int verb_trace(const Command *command);
int verb_clients(const Command *command);
int verb_listeners(const Command *command);
int verb_publish(const Command *command);
int verb_retained(const Command *command);
int verb_metrics(const Command *command);
int verb_pause(const Command *command);
int verb_resume(const Command *command);
int verb_ban(const Command *command);
int verb_unban(const Command *command);
int verb_bans(const Command *command);
int verb_import(const Command *command);
int verb_session(const Command *command);
int verb_sessions(const Command *command);
int verb_drop(const Command *command);
int verb_subscriptions(const Command *command);
int verb_store(const Command *command);
int verb_help(const Command *command);
int verb_completion(const Command *command);
int verb_version(const Command *command);
int verb_config(const Command *command);
int verb_log_level(const Command *command);
int verb_top(const Command *command);
int verb_doctor(const Command *command);
int verb_migrate(const Command *command);
