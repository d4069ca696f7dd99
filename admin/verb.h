/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The table of verbs: one row each, read by the parser of the command line, the help and the
 * completions, so that none of them can drift. To add a verb: a row in hawkerctl.c, its function in
 * command.h, its file in meson.build, and its paragraph in hawkerctl(1), which a test looks for.
 *
 * What a verb or an option takes is written once, as a synopsis has it, and that is the rule: words
 * between blanks, [in brackets] if they may be left out, ... behind the last one if there may be
 * more. Lower case is literal, alternatives lie between bars. FILE, DIR, INSTANCE and VERB are
 * completed as such. [OPTION]... is understood.
 *
 * Thread: immutable
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct VerbOption {
        char letter; /* 0: none */
        const char *name;
        const char *argument; /* NULL: it takes none */
        const char *doc;      /* for the help; NULL: it is not shown */
} VerbOption;

struct Command;

typedef struct Verb {
        const char *name;
        const char *argument;                      /* NULL: it takes none */
        const char *doc;                           /* a few words */
        int (*run)(const struct Command *command); /* to the exit status */
        bool is_long;                              /* what it writes goes through a pager */
        bool counts_words;         /* it says itself what is wrong with how many words there are */
        const VerbOption *options; /* up to one without a name; NULL: only those of all verbs */
        const char *usage;         /* lines for the help instead of the one that argument makes */
        const char *more;          /* sentences for the help, at its end */
} Verb;

/* In hawkerctl.c. */
extern const Verb verbs[];
extern const size_t n_verbs;

/* Those of all verbs; the one without a name ends them. */
extern const VerbOption verb_common_options[];

/* The row of this name, or NULL. */
const Verb *verb_find(const char *name);

/* The name that is nearest to one that is none, or NULL if none is near. */
const char *verb_nearest(const char *name);

/* How many words it takes; SIZE_MAX: any number from least on. */
void verb_count_words(const Verb *verb, size_t *ret_least, size_t *ret_most);

/* The word at this place of a synopsis, without brackets, and its length; the last one again if
 * there may be more. False: there is none. */
bool verb_syntax_word(const char *syntax, size_t at, const char **ret_word, size_t *ret_length);

/* Whether such a word is literal: alternatives between bars. */
bool verb_word_is_literal(const char *word, size_t length);
