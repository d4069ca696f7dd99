/* SPDX-License-Identifier: Apache-2.0 */
/* lines.c: a configuration text, line by line */
#include "config/lines.h"

#include <stdbool.h>
#include <string.h>

void lines_init(Lines *lines, char *text, size_t n)
{
        text[n] = 0;
        *lines = (Lines){.next = text, .end = text + n};
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

static size_t count_zeros(const char *begin, const char *end)
{
        size_t n = 0;

        for (const char *c = begin; c < end; c++)
                n += !*c;
        return n;
}

/* Where the line that begins at @text ends, and in *ret_next where the next one begins. */
static char *find_end(char *text, char *limit, char **ret_next)
{
        char *end = text;

        while (end < limit && *end != '\n' && *end != '\r')
                end++;
        *ret_next = end < limit ? end + 1 : limit;
        if (end + 1 < limit && end[0] == '\r' && end[1] == '\n')
                *ret_next = end + 2;
        return end;
}

int lines_next(Lines *lines, Line *ret)
{
        while (lines->next < lines->end) {
                char *begin = lines->next;
                char *end = find_end(begin, lines->end, &lines->next);

                lines->line++;
                while (begin < end && is_blank(*begin))
                        begin++;
                while (end > begin && is_blank(end[-1]))
                        end--;
                *end = 0;
                if (begin == end || *begin == '#')
                        continue;

                ret->name = begin;
                ret->n_zero = count_zeros(begin, end);
                ret->rest = begin + strcspn(begin, " \t");
                if (ret->rest < end)
                        *ret->rest++ = 0;
                while (is_blank(*ret->rest))
                        ret->rest++;
                return 1;
        }
        return 0;
}
