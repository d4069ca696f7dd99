/* SPDX-License-Identifier: Apache-2.0 */

/* Completion for bash(1): a table of what may stand where, and a function that looks there. */
#include <stdint.h>
#include <stdio.h>

#include "admin/completion.h"
#include "admin/verb.h"
#include "util/macro.h"

static const char head[] =
        "# Completion of hawkerctl for bash(1), written by 'hawkerctl completion bash'.\n"
        "# shellcheck shell=bash\n"
        "\n"
        "# Sets REPLY to what VERB (\"\": none yet) may have there: behind an option, as the "
        "option\n"
        "# itself (-), or as its word of that number.\n"
        "_hawkerctl_knows()\n"
        "{\n"
        "        case $1:$2 in\n";

static const char tail[] =
        "        *) REPLY= ;;\n"
        "        esac\n"
        "}\n"
        "\n"
        "# Completes the word by what the synopsis calls it.\n"
        "_hawkerctl_offer()\n"
        "{\n"
        "        case $1 in\n"
        "        FILE)\n"
        "                compopt -o filenames 2>/dev/null\n"
        "                mapfile -t COMPREPLY < <(compgen -f -- \"$2\")\n"
        "                ;;\n"
        "        DIR)\n"
        "                compopt -o filenames 2>/dev/null\n"
        "                mapfile -t COMPREPLY < <(compgen -d -- \"$2\")\n"
        "                ;;\n"
        "        INSTANCE)\n"
        "                mapfile -t COMPREPLY < <(compgen -W \"$(systemctl list-units --all "
        "--plain "
        "--no-legend \\\n"
        "                        'hawker@*.service' 2>/dev/null | sed 's/^hawker@\\(.*\\)"
        "\\.service .*/\\1/')\" -- \"$2\")\n"
        "                ;;\n"
        "        VERB)\n"
        "                _hawkerctl_knows '' 0\n"
        "                mapfile -t COMPREPLY < <(compgen -W \"$REPLY\" -- \"$2\")\n"
        "                ;;\n"
        "        [a-z-]*) mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$2\") ;;\n"
        "        esac\n"
        "}\n"
        "\n"
        "_hawkerctl()\n"
        "{\n"
        "        local i verb='' n=0 before='' word=${COMP_WORDS[COMP_CWORD]} REPLY=''\n"
        "\n"
        "        COMPREPLY=()\n"
        "        for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "                if [[ ${COMP_WORDS[i]} == = ]]; then\n"
        "                        continue\n"
        "                elif [[ $before ]]; then\n"
        "                        before=''\n"
        "                elif [[ ${COMP_WORDS[i]} == -* ]]; then\n"
        "                        _hawkerctl_knows \"$verb\" \"${COMP_WORDS[i]}\"\n"
        "                        before=$REPLY\n"
        "                elif [[ ! $verb ]]; then\n"
        "                        verb=${COMP_WORDS[i]}\n"
        "                else\n"
        "                        ((n++))\n"
        "                fi\n"
        "        done\n"
        "        [[ $word != = ]] || word=''\n"
        "        if [[ $before ]]; then\n"
        "                _hawkerctl_offer \"$before\" \"$word\"\n"
        "                return\n"
        "        fi\n"
        "        if [[ $word == -* || ! $verb ]]; then\n"
        "                _hawkerctl_knows \"$verb\" -\n"
        "                mapfile -t COMPREPLY < <(compgen -W \"$REPLY\" -- \"$word\")\n"
        "                return\n"
        "        fi\n"
        "        _hawkerctl_knows \"$verb\" \"$n\"\n"
        "        _hawkerctl_offer \"$REPLY\" \"$word\"\n"
        "}\n"
        "complete -F _hawkerctl hawkerctl";

/* A literal one as what it may be. */
static void print_word(const char *word, size_t length)
{
        for (size_t i = 0; i < length; i++)
                putchar(word[i] == '|' ? ' ' : word[i]);
}

/* `verb` is a pattern. */
static void print_arguments(const char *verb, const VerbOption *option)
{
        const char *word;
        size_t length;

        for (; option && option->name; option++) {
                if (!verb_syntax_word(option->argument, 0, &word, &length))
                        continue;
                printf("        %s:--%s", verb, option->name);
                if (option->letter)
                        printf(" | %s:-%c", verb, option->letter);
                fputs(") REPLY='", stdout);
                print_word(word, length);
                fputs("' ;;\n", stdout);
        }
}

static void print_names(const VerbOption *option)
{
        for (; option && option->name; option++)
                if (option->doc)
                        printf(" --%s", option->name);
}

static void print_verb(const Verb *verb)
{
        const char *word;
        size_t length, least, most;

        print_arguments(verb->name, verb->options);
        printf("        %s:-) REPLY='", verb->name);
        print_names(verb->options);
        print_names(verb_common_options);
        puts("' ;;");
        verb_count_words(verb, &least, &most);
        for (size_t i = 0; i < most && verb_syntax_word(verb->argument, i, &word, &length); i++) {
                bool is_last = most == SIZE_MAX && i == least;

                printf(is_last ? "        %s:[0-9]*) REPLY='" : "        %s:%zu) REPLY='",
                       verb->name, i);
                print_word(word, length);
                puts("' ;;");
                if (is_last)
                        break;
        }
}

void completion_print_bash(void)
{
        fputs(head, stdout);
        for (size_t i = 0; i < n_verbs; i++)
                print_verb(&verbs[i]);
        print_arguments("*", verb_common_options);
        for (size_t i = 0; i < 2; i++) {
                printf("        :%c) REPLY='", "0-"[i]);
                for (size_t j = 0; j < n_verbs; j++)
                        printf("%s%s", j > 0 ? " " : "", verbs[j].name);
                if (i > 0)
                        print_names(verb_common_options);
                puts("' ;;");
        }
        fputs(tail, stdout);
        fputc('\n', stdout);
}
