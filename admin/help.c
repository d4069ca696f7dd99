/* SPDX-License-Identifier: Apache-2.0 */

/* The help, from the table of verbs. */
#include "admin/help.h"

#include <stdio.h>
#include <string.h>

#include "util/macro.h"

/* Of an option's name with what it takes, the documentation beside it. */
#define OPTION_WIDTH_MAX 24U

/* Longer ones are left to the verb's own help. */
#define ARGUMENT_WIDTH 9U

/* Of a verb and what it takes. */
#define VERB_WIDTH 21

/* "-a, --address ADDRESS". */
static unsigned format_option(const VerbOption *option, char *to, size_t size)
{
        char letter[5] = "    ";

        if (option->letter)
                snprintf(letter, sizeof(letter), "-%c, ", option->letter);
        return (unsigned)snprintf(to, size, "%s--%s%s%s", letter, option->name,
                                  option->argument ? " " : "",
                                  option->argument ? option->argument : "");
}

static unsigned measure_options(const VerbOption *options, unsigned width)
{
        char text[128];

        for (; options && options->name; options++)
                if (options->doc)
                        width = MAX(width, format_option(options, text, sizeof(text)));
        return MIN(width, OPTION_WIDTH_MAX);
}

static void print_options(const VerbOption *options, unsigned width)
{
        char text[128];

        for (; options && options->name; options++) {
                if (!options->doc)
                        continue;
                if (format_option(options, text, sizeof(text)) > width)
                        printf("  %s\n  %-*s  %s\n", text, (int)width, "", options->doc);
                else
                        printf("  %-*s  %s\n", (int)width, text, options->doc);
        }
}

void help_print(void)
{
        puts("hawkerctl " VERSION ", administers the Hawker MQTT broker\n"
             "\n"
             "Usage: hawkerctl [OPTION]... VERB\n");
        for (size_t i = 0; i < n_verbs; i++) {
                const char *argument = verbs[i].argument ? verbs[i].argument : "";
                int width = printf("  %s %s", verbs[i].name,
                                   strlen(argument) > ARGUMENT_WIDTH ? "..." : argument);

                printf("%*s  %s\n", width < VERB_WIDTH ? VERB_WIDTH - width : 0, "", verbs[i].doc);
        }
        puts("\n'hawkerctl help VERB' says more. Options of all verbs:\n");
        print_options(verb_common_options, measure_options(verb_common_options, 0));
        puts("\n"
             "Exit status: 0 done, 1 failed, 2 wrong usage, 3 the broker is not running,\n"
             "4 not allowed; test-config as hawkerd does.");
}

void help_print_verb(const Verb *verb)
{
        unsigned width = measure_options(verb->options, measure_options(verb_common_options, 0));
        const char *argument = verb->argument ? verb->argument : "";

        if (verb->usage)
                printf("%s\n", verb->usage);
        else
                printf("Usage: hawkerctl %s [OPTION]...%s%s\n", verb->name, *argument ? " " : "",
                       argument);
        printf("\n%c%s.\n", verb->doc[0] - 'a' + 'A', verb->doc + 1);
        if (verb->more)
                printf("\n%s\n", verb->more);
        fputc('\n', stdout);
        print_options(verb->options, width);
        print_options(verb_common_options, width);
}
