/* SPDX-License-Identifier: Apache-2.0 */

/* Whom a ban is about. */

#include "admin/ban-subject.h"

#include <string.h>

#include "util/macro.h"
#include "util/prefix.h"

static const char *const kinds[] = {"address", "user", "client"};

static const char *find_kind(const char *word)
{
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (strcmp(kinds[i], word) == 0)
                        return kinds[i];
        return NULL;
}

const char *ban_subject_parse(int n, char *const words[], BanSubject *ret_subject)
{
        const char *kind;
        Prefix prefix;

        if (n < 1 || n > 2)
                return "it takes who it is about: an address or a prefix, user NAME, or client "
                       "IDENTIFIER";
        kind = n == 2 ? find_kind(words[0]) : kinds[0];
        if (!kind)
                return "the first of two words is address, user or client";
        if (n == 1 && prefix_parse(words[0], &prefix) < 0)
                return find_kind(words[0]) ? "whom?"
                                           : "one word alone is an address or a prefix such as "
                                             "192.0.2.0/24: for others, user NAME or client "
                                             "IDENTIFIER";
        *ret_subject = (BanSubject){kind, words[n - 1]};
        return NULL;
}
