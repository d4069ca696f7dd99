/* SPDX-License-Identifier: Apache-2.0 */

/* What hawkerctl was asked to do. */
#include "admin/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/help.h"
#include "admin/verb.h"
#include "util/macro.h"

/* Of a verb, and those of all. */
#define OPTIONS_MAX 40U

/* What getopt_long() returns for an option: its row is at this place, counted from here. */
#define OPTION_FIRST 256

/* The options of a verb and the common ones as getopt_long() wants them. */
typedef struct OptionTable {
        const VerbOption *rows[OPTIONS_MAX];
        struct option options[OPTIONS_MAX + 1];
        char letters[2 * OPTIONS_MAX + 2];
        size_t n, n_letters;
        size_t n_own; /* those before are of the verb */
} OptionTable;

static void add_letter(OptionTable *table, char letter)
{
        table->letters[table->n_letters++] = letter;
}

static void add_rows(OptionTable *table, const VerbOption *row)
{
        for (; row && row->name && table->n < OPTIONS_MAX; row++) {
                table->rows[table->n] = row;
                table->options[table->n] =
                        (struct option){row->name, row->argument ? required_argument : no_argument,
                                        NULL, OPTION_FIRST + (int)table->n};
                table->n++;
                if (!row->letter || strchr(table->letters, row->letter))
                        continue;
                add_letter(table, row->letter);
                if (row->argument)
                        add_letter(table, ':');
        }
}

/* Without a verb the first word ends the options. */
static void fill_table(OptionTable *table, const Verb *verb)
{
        *table = (OptionTable){};
        if (!verb)
                add_letter(table, '+');
        add_rows(table, verb ? verb->options : NULL);
        table->n_own = table->n;
        add_rows(table, verb_common_options);
}

static size_t find_row(const OptionTable *table, int option)
{
        size_t i = 0;

        if (option >= OPTION_FIRST)
                return (size_t)(option - OPTION_FIRST);
        while (table->rows[i]->letter != option)
                i++;
        return i;
}

static int try_help(const Verb *verb)
{
        fprintf(stderr, "Try 'hawkerctl %s%s--help'.\n", verb ? verb->name : "", verb ? " " : "");
        return EXIT_USAGE;
}

/* -1: go on. */
static int take_common(Command *command, const Verb *verb, const char *name)
{
        if (strcmp(name, "help") == 0) {
                if (verb)
                        help_print_verb(verb);
                else
                        help_print();
                return EXIT_DONE;
        }
        if (strcmp(name, "version") == 0)
                return verb_version(command);
        if (strcmp(name, "instance") == 0)
                command->instance = optarg;
        command->json |= strcmp(name, "json") == 0;
        command->no_pager |= strcmp(name, "no-pager") == 0;
        command->session |= strcmp(name, "session") == 0;
        return -1;
}

/* -1: go on, at optind. */
static int read_options(const Verb *verb, int argc, char **argv, Command *command)
{
        OptionTable table;
        int option, status;

        fill_table(&table, verb);
        optind = 0;
        while ((option = getopt_long(argc, argv, table.letters, table.options, NULL)) != -1) {
                size_t i;

                if (option == '?')
                        return try_help(verb);
                i = find_row(&table, option);
                if (i < table.n_own) {
                        command->options[command->n_options++] =
                                (CommandOption){table.rows[i]->name, optarg ? optarg : ""};
                        continue;
                }
                status = take_common(command, verb, table.rows[i]->name);
                if (status >= 0)
                        return status;
        }
        return -1;
}

int command_parse_common(int argc, char **argv, Command *command, int *ret_at)
{
        int status = read_options(NULL, argc, argv, command);

        if (status < 0)
                *ret_at = optind;
        return status;
}

static int check_words(const Command *command)
{
        size_t least, most;

        verb_count_words(command->verb, &least, &most);
        if (command->verb->counts_words || (command->n_words >= least && command->n_words <= most))
                return -1;
        if (most == 0)
                return command_usage(command, "it takes no word");
        return command_usage(command, "it takes %s", command->verb->argument);
}

int command_parse(const Verb *verb, int argc, char **argv, Command *command)
{
        int status;

        command->verb = verb;
        /* No option is given more than once in a letter. */
        for (int i = 0; i < argc; i++)
                command->n_options += strlen(argv[i]);
        command->options = calloc(command->n_options + 1, sizeof(*command->options));
        command->n_options = 0;
        if (!command->options) {
                fprintf(stderr, "hawkerctl: %s\n", strerror(ENOMEM));
                return EXIT_FAILED;
        }
        status = read_options(verb, argc, argv, command);
        if (status >= 0)
                return status;
        command->words = argv + optind;
        command->n_words = (size_t)(argc - optind);
        command->argument = command->words[0];
        return check_words(command);
}

void command_done(Command *command)
{
        free(command->options);
        command->options = NULL;
}

const char *command_value(const Command *command, const char *option)
{
        for (size_t i = command->n_options; i-- > 0;)
                if (strcmp(command->options[i].name, option) == 0)
                        return command->options[i].value;
        return NULL;
}

bool command_has(const Command *command, const char *option)
{
        return command_value(command, option) != NULL;
}

int command_usage(const Command *command, const char *format, ...)
{
        va_list arguments;

        fprintf(stderr, "hawkerctl: %s: ", command->verb->name);
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        fputc('\n', stderr);
        return try_help(command->verb);
}
