/* SPDX-License-Identifier: Apache-2.0 */

/* Completion for zsh(1), in the terms of its function _arguments. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "admin/completion.h"
#include "admin/verb.h"
#include "util/macro.h"

static const char head[] =
        "#compdef hawkerctl\n"
        "# Completion of hawkerctl for zsh(1), written by 'hawkerctl completion zsh'.\n"
        "\n"
        "_hawkerctl_instances()\n"
        "{\n"
        "        local -a names\n"
        "        names=(${(f)\"$(systemctl list-units --all --plain --no-legend "
        "'hawker@*.service' 2>/dev/null |\n"
        "                sed 's/^hawker@\\(.*\\)\\.service .*/\\1/')\"})\n"
        "        _describe -t instances instance names\n"
        "}\n";

/* What the synopsis says, and what completes it. */
static const struct {
        const char *word, *action;
} actions[] = {
        {"FILE", "_files"},
        {"DIR", "_files -/"},
        {"INSTANCE", "_hawkerctl_instances"},
        {"VERB", "_hawkerctl_verbs"},
};

/* Inside single quotes, in a [description] or before a colon. */
static void print_text(const char *text)
{
        for (; *text; text++) {
                if (*text == '\'')
                        fputs("'\\''", stdout);
                else if (strchr("[]:\\", *text))
                        printf("\\%c", *text);
                else
                        putchar(*text);
        }
}

/* ":message:action" of a word of the synopsis. */
static void print_action(const char *word, size_t length)
{
        if (verb_word_is_literal(word, length)) {
                fputs(":word:(", stdout);
                for (size_t i = 0; i < length; i++)
                        putchar(word[i] == '|' ? ' ' : word[i]);
                putchar(')');
                return;
        }
        printf(":%.*s:", (int)length, word);
        for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
                if (strlen(actions[i].word) == length && !memcmp(actions[i].word, word, length))
                        fputs(actions[i].action, stdout);
}

static void print_options(const VerbOption *option)
{
        const char *word;
        size_t length;

        for (; option && option->name; option++) {
                const char *sign = option->argument ? "=" : "";

                if (!option->doc)
                        continue;
                if (option->letter)
                        printf("                '(-%c --%s)'{-%c,--%s%s}'[", option->letter,
                               option->name, option->letter, option->name, sign);
                else
                        printf("                '--%s%s[", option->name, sign);
                print_text(option->doc);
                putchar(']');
                if (verb_syntax_word(option->argument, 0, &word, &length))
                        print_action(word, length);
                fputs("' \\\n", stdout);
        }
}

static void print_words(const Verb *verb)
{
        const char *word;
        size_t length, least, most;

        verb_count_words(verb, &least, &most);
        for (size_t i = 0; i < most && verb_syntax_word(verb->argument, i, &word, &length); i++) {
                bool is_last = most == SIZE_MAX && i == least;

                fputs("                '", stdout);
                if (is_last)
                        putchar('*');
                else if (i >= least)
                        putchar(':');
                print_action(word, length);
                fputs("' \\\n", stdout);
                if (is_last)
                        break;
        }
}

static void print_verbs(void)
{
        puts("\n_hawkerctl_verbs()\n{\n        local -a verbs=(");
        for (size_t i = 0; i < n_verbs; i++) {
                printf("                '%s:", verbs[i].name);
                print_text(verbs[i].doc);
                puts("'");
        }
        puts("        )\n        _describe -t verbs verb verbs\n}");
}

void completion_print_zsh(void)
{
        fputs(head, stdout);
        print_verbs();
        puts("\n_hawkerctl_words()\n{\n        case $words[1] in");
        for (size_t i = 0; i < n_verbs; i++) {
                printf("        %s)\n                _arguments -s \\\n", verbs[i].name);
                print_options(verbs[i].options);
                print_options(verb_common_options);
                print_words(&verbs[i]);
                puts("                && return\n                ;;");
        }
        puts("        esac\n}\n\n_hawkerctl()\n{\n"
             "        local curcontext=$curcontext state line\n"
             "        local -A opt_args\n\n"
             "        _arguments -s -C \\");
        print_options(verb_common_options);
        puts("                ':verb:_hawkerctl_verbs' \\\n"
             "                '*::word:_hawkerctl_words' && return\n"
             "}\n\n_hawkerctl \"$@\"");
}
