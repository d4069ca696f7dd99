/* SPDX-License-Identifier: Apache-2.0 */

/* The table of verbs: what its rows say. */
#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "admin/verb.h"
#include "util/edit-distance.h"
#include "util/macro.h"

const VerbOption verb_common_options[] = {
        {'h', "help", NULL, "print this"},
        {'i', "instance", "INSTANCE", "the broker of hawker@INSTANCE.service"},
        {0, "json", NULL, "write JSON"},
        {0, "no-pager", NULL, "do not pipe long output into a pager"},
        {0, "session", NULL, "on the bus of the session, not that of the system"},
        {0, "version", NULL, "print the version"},
        {},
};

const Verb *verb_find(const char *name)
{
        for (size_t i = 0; i < n_verbs; i++)
                if (strcmp(verbs[i].name, name) == 0)
                        return &verbs[i];
        return NULL;
}

const char *verb_nearest(const char *name)
{
        unsigned least = (unsigned)strnlen(name, EDIT_DISTANCE_MAX) / 3 + 1;
        const char *nearest = NULL;

        for (size_t i = 0; i < n_verbs; i++) {
                unsigned distance = (unsigned)edit_distance(name, verbs[i].name);

                if (distance < least || (!nearest && distance == least)) {
                        least = distance;
                        nearest = verbs[i].name;
                }
        }
        return nearest;
}

/* --- the synopsis --- */

static bool is_more(const char *word, size_t length)
{
        return length >= 3 && memcmp(word + length - 3, "...", 3) == 0;
}

/* The first word from here on, as it stands there. False: the end. */
static bool next_word(const char **syntax, const char **ret_word, size_t *ret_length)
{
        *syntax += strspn(*syntax, " ");
        *ret_word = *syntax;
        *ret_length = strcspn(*syntax, " ");
        *syntax += *ret_length;
        return *ret_length > 0;
}

bool verb_syntax_word(const char *syntax, size_t at, const char **ret_word, size_t *ret_length)
{
        const char *word;
        size_t length;
        bool more;

        do {
                if (!syntax || !next_word(&syntax, &word, &length))
                        return false;
                more = is_more(word, length);
        } while (at-- > 0 && !more);
        length -= more ? 3 : 0;
        if (word[0] == '[') {
                word++;
                length -= 2;
        }
        *ret_word = word;
        *ret_length = length;
        return true;
}

bool verb_word_is_literal(const char *word, size_t length)
{
        return length > 0 && islower((unsigned char)word[0]);
}

void verb_count_words(const Verb *verb, size_t *ret_least, size_t *ret_most)
{
        const char *word, *syntax = verb->argument ? verb->argument : "";
        size_t length, least = 0, most = 0;

        while (most < SIZE_MAX && next_word(&syntax, &word, &length)) {
                least += word[0] != '[';
                most = is_more(word, length) ? SIZE_MAX : most + 1;
        }
        *ret_least = least;
        *ret_most = most;
}
