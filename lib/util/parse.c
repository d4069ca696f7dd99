/* SPDX-License-Identifier: Apache-2.0 */
/* parse.c: digits, limits, units. */

#include "util/parse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "util/macro.h"

typedef struct Unit {
        char letter;
        uint64_t factor;
} Unit;

static const Unit sizes[] = {
        {'k', UINT64_C(1) << 10}, {'K', UINT64_C(1) << 10}, {'m', UINT64_C(1) << 20},
        {'M', UINT64_C(1) << 20}, {'g', UINT64_C(1) << 30}, {'G', UINT64_C(1) << 30},
        {'t', UINT64_C(1) << 40}, {'T', UINT64_C(1) << 40}, {0, 1},
};

#define DAY UINT64_C(86400)

static const Unit durations[] = {
        {'s', 1}, {'h', 3600}, {'d', DAY}, {'w', 7 * DAY}, {'m', 30 * DAY}, {'y', 365 * DAY},
};

int parse_bool(const char *text, bool *ret)
{
        static const struct {
                const char *word;
                bool value;
        } words[] = {{"true", true}, {"1", true}, {"false", false}, {"0", false}};

        for (size_t i = 0; text && i < ARRAY_SIZE(words); i++) {
                if (strcmp(text, words[i].word) == 0) {
                        *ret = words[i].value;
                        return 0;
                }
        }
        return -EINVAL;
}

static bool is_digit(char c, unsigned base)
{
        return c >= '0' && (unsigned)(c - '0') < base;
}

/* Reads digits up to the first other character, at least one. */
static int read_digits(const char *text, unsigned base, uint64_t *ret, const char **ret_end)
{
        uint64_t value = 0;
        bool too_large = false;

        if (!text || !is_digit(*text, base))
                return -EINVAL;
        for (; is_digit(*text, base); text++) {
                too_large |= __builtin_mul_overflow(value, base, &value);
                too_large |= __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value);
        }
        *ret_end = text;
        *ret = too_large ? UINT64_MAX : value;
        return too_large ? -ERANGE : 0;
}

static const Unit *find_unit(const char *end, const Unit *units, size_t n_units)
{
        for (size_t i = 0; i < n_units; i++)
                if (*end == units[i].letter && (*end == 0 || end[1] == 0))
                        return &units[i];
        return NULL;
}

/* The form is judged before the range: "99999999999999999999x" is no number at all. */
static int read_with_unit(const char *text, const Unit *units, size_t n_units, uint64_t *ret)
{
        const char *end = NULL;
        const Unit *unit;
        uint64_t value;
        int r = read_digits(text, 10, &value, &end);

        if (r == -EINVAL)
                return r;
        unit = find_unit(end, units, n_units);
        if (!unit)
                return -EINVAL;
        if (r < 0 || __builtin_mul_overflow(value, unit->factor, &value))
                return -ERANGE;
        *ret = value;
        return 0;
}

int parse_int(const char *text, int64_t minimum, int64_t maximum, int64_t *ret)
{
        const char *digits;
        char *end;
        intmax_t value;

        if (!text)
                return -EINVAL;
        /* strtoimax would skip blanks before the number. */
        digits = text + (*text == '-' || *text == '+');
        if (!is_digit(*digits, 10))
                return -EINVAL;
        errno = 0;
        value = strtoimax(text, &end, 0);
        if (*end)
                return -EINVAL;
        if (errno == ERANGE || value < minimum || value > maximum)
                return -ERANGE;
        *ret = value;
        return 0;
}

int parse_uint64(const char *text, uint64_t *ret)
{
        static const Unit none[] = {{0, 1}};

        return read_with_unit(text, none, ARRAY_SIZE(none), ret);
}

int parse_size(const char *text, size_t *ret)
{
        uint64_t value;
        int r = read_with_unit(text, sizes, ARRAY_SIZE(sizes), &value);

        if (r < 0)
                return r;
        if ((size_t)value != value)
                return -ERANGE;
        *ret = (size_t)value;
        return 0;
}

int parse_duration(const char *text, uint64_t *ret)
{
        return read_with_unit(text, durations, ARRAY_SIZE(durations), ret);
}

int parse_mode(const char *text, mode_t *ret)
{
        const char *end = NULL;
        uint64_t value;
        int r = read_digits(text, 8, &value, &end);

        if (r == -EINVAL || *end)
                return -EINVAL;
        if (r < 0 || value > 07777)
                return -ERANGE;
        *ret = (mode_t)value;
        return 0;
}
