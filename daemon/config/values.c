/* SPDX-License-Identifier: Apache-2.0 */
/* values.c: the value of an option, between text and the field of a struct */
#include "config/values.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "util/macro.h"
#include "util/parse.h"
#include "util/utf8.h"

#define STRING_MAX 65535 /* bytes, as of every string in MQTT */
#define TOKEN_MAX  64    /* bytes of a number or word; a longer one is none */

typedef struct ValueText {
        char token[TOKEN_MAX];
        const char *rest; /* behind the token, at the next one; NULL: nothing but a comment */
} ValueText;

typedef int (*ParseFunction)(const Option *option, const char *text, Value *ret,
                             const char **ret_rest, char *reason);

void value_done(Value *value)
{
        free(value->text);
        *value = (Value){};
}

static int because(char *reason, const char *format, ...) _printf_(2, 3);

static int because(char *reason, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        vsnprintf(reason, VALUE_REASON_MAX, format, args);
        va_end(args);
        return -EINVAL;
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

/* Cut the first word off. One that is too long to be anything is cut short: still too long. */
static void split(const char *text, ValueText *ret)
{
        size_t n = strcspn(text, " \t");
        const char *rest = text + n;

        snprintf(ret->token, sizeof ret->token, "%.*s", (int)MIN(n, (size_t)TOKEN_MAX - 1), text);
        while (is_blank(*rest))
                rest++;
        ret->rest = *rest && *rest != '#' ? rest : NULL;
}

static int parse_bool_value(const Option *option, const char *text, Value *ret,
                            const char **ret_rest, char *reason)
{
        ValueText t;
        bool b;

        split(text, &t);
        if (parse_bool(t.token, &b) < 0)
                return because(reason, "is not true or false");
        *ret = (Value){.number = b};
        *ret_rest = t.rest;
        return 0;
}

static int check_range(const Option *option, int64_t number, Value *ret, char *reason)
{
        if (number < option->minimum && (option->flags & OPTION_CLAMPED))
                number = option->minimum;
        if (number < option->minimum || number > option->maximum)
                return because(reason, "is not from %" PRId64 " to %" PRId64, option->minimum,
                               option->maximum);
        *ret = (Value){.number = number * (option->scale ? option->scale : 1)};
        return 0;
}

static int parse_integer_value(const Option *option, const char *text, Value *ret,
                               const char **ret_rest, char *reason)
{
        ValueText t;
        int64_t number;
        int r;

        split(text, &t);
        r = parse_int(t.token, INT64_MIN, INT64_MAX, &number);
        if (r == -EINVAL)
                return because(reason, "is not a whole number");
        if (r < 0)
                number = t.token[0] == '-' ? INT64_MIN : INT64_MAX;
        *ret_rest = t.rest;
        return check_range(option, number, ret, reason);
}

/* As atol(): mosquitto.conf files with "100000000B" are in use, and the number is what counted. */
static int parse_bytes_value(const Option *option, const char *text, Value *ret,
                             const char **ret_rest, char *reason)
{
        ValueText t;
        char *junk;
        int64_t number;

        split(text, &t);
        number = strtoll(t.token, &junk, 10);
        *ret_rest = *junk ? text + (junk - t.token) : t.rest;
        return check_range(option, number, ret, reason);
}

static int parse_duration_value(const Option *option, const char *text, Value *ret,
                                const char **ret_rest, char *reason)
{
        ValueText t;
        uint64_t seconds;

        split(text, &t);
        if (parse_duration(t.token, &seconds) < 0 || seconds > INT64_MAX)
                return because(reason, "is not a number with s, h, d, w, m or y behind it");
        *ret = (Value){.number = seconds ? (int64_t)seconds : option->unset};
        *ret_rest = t.rest;
        return 0;
}

static int parse_mode_value(const Option *option, const char *text, Value *ret,
                            const char **ret_rest, char *reason)
{
        ValueText t;
        mode_t mode;

        split(text, &t);
        if (parse_mode(t.token, &mode) < 0 || mode > option->maximum)
                return because(reason, "is not an octal number up to %04" PRIo64, option->maximum);
        *ret = (Value){.number = mode};
        *ret_rest = t.rest;
        return 0;
}

static const OptionWord *find_word(const Option *option, const char *word)
{
        for (const OptionWord *w = option->words; w->word; w++)
                if (strcmp(w->word, word) == 0)
                        return w;
        return NULL;
}

static int refuse_word(const Option *option, char *reason)
{
        char words[VALUE_REASON_MAX - 20] = "";
        size_t n = 0;

        for (const OptionWord *w = option->words; w->word && n < sizeof words; w++)
                n += (size_t)snprintf(words + n, sizeof words - n, "%s%s", n ? ", " : "", w->word);
        return because(reason, "is not one of %s", words);
}

static int parse_word_value(const Option *option, const char *text, Value *ret,
                            const char **ret_rest, char *reason)
{
        const OptionWord *word;
        ValueText t;

        split(text, &t);
        word = find_word(option, t.token);
        if (!word)
                return refuse_word(option, reason);
        *ret = (Value){.number = word->value};
        *ret_rest = t.rest;
        return 0;
}

/* "none" takes back what the line has said so far. Only the first word has always been read: an
 * unknown one behind it is no error. */
static int parse_words_value(const Option *option, const char *text, Value *ret,
                             const char **ret_rest, char *reason)
{
        const char *rest = text;
        int64_t bits = 0;

        while (rest) {
                const OptionWord *word;
                ValueText t;

                split(rest, &t);
                word = find_word(option, t.token);
                if (!word && rest == text)
                        return refuse_word(option, reason);
                if (!word)
                        break;
                bits = word->value ? bits | word->value : 0;
                rest = t.rest;
        }
        *ret = (Value){.number = bits};
        *ret_rest = rest;
        return 0;
}

static int parse_versions_value(const Option *option, const char *text, Value *ret,
                                const char **ret_rest, char *reason)
{
        int64_t bits = 0;
        bool separated = true;

        for (; *text && *text != '#'; text++) {
                if (*text == ',' || is_blank(*text)) {
                        separated = true;
                        continue;
                }
                if (!separated || *text < '3' || *text > '5')
                        return because(reason, "is not a list of 3, 4 and 5");
                bits |= PROTOCOL_VERSION_BIT(*text - '0');
                separated = false;
        }
        if (!bits)
                return because(reason, "is not a list of 3, 4 and 5");
        *ret = (Value){.number = bits};
        *ret_rest = NULL;
        return 0;
}

/* Also what is valid UTF-8 but no text: U+0001 to U+001F and U+007F to U+009F. */
static bool has_control(const char *text)
{
        for (const unsigned char *c = (const unsigned char *)text; *c; c++)
                if (iscntrl(*c) || (*c == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f))
                        return true;
        return false;
}

static int parse_string_value(const Option *option, const char *text, Value *ret,
                              const char **ret_rest, char *reason)
{
        size_t n = strlen(text);
        size_t most = option->maximum ? (size_t)option->maximum : STRING_MAX;
        char *copy;

        if (n > most)
                return because(reason, "is longer than %zu bytes", most);
        if (!utf8_is_valid((const uint8_t *)text, n))
                return because(reason, "is not valid UTF-8");
        if (has_control(text))
                return because(reason, "has a control character in it");
        if ((option->flags & OPTION_TOPIC_PREFIX) && strpbrk(text, "+#"))
                return because(reason, "has a wildcard in it, + or #");
        copy = strdup(text);
        if (!copy)
                return -ENOMEM;
        *ret = (Value){.text = copy};
        *ret_rest = NULL;
        return 0;
}

int value_parse(const Option *option, const char *text, Value *ret, const char **ret_rest,
                char reason[VALUE_REASON_MAX])
{
        static const ParseFunction functions[] = {
                [OPTION_BOOL] = parse_bool_value,         [OPTION_INTEGER] = parse_integer_value,
                [OPTION_BYTES] = parse_bytes_value,       [OPTION_DURATION] = parse_duration_value,
                [OPTION_MODE] = parse_mode_value,         [OPTION_WORD] = parse_word_value,
                [OPTION_WORDS] = parse_words_value,       [OPTION_STRING] = parse_string_value,
                [OPTION_VERSIONS] = parse_versions_value,
        };

        return functions[option->kind](option, text, ret, ret_rest, reason);
}

int value_parse_default(const Option *option, Value *ret)
{
        char reason[VALUE_REASON_MAX];
        const char *rest;

        if (!option->fallback) {
                *ret = (Value){.number = option->unset};
                return 0;
        }
        return value_parse(option, option->fallback, ret, &rest, reason);
}

bool value_equal(const Option *option, const Value *a, const Value *b)
{
        if (option->kind != OPTION_STRING)
                return a->number == b->number;
        if (!a->text || !b->text)
                return a->text == b->text;
        return strcmp(a->text, b->text) == 0;
}

bool value_is_unset(const Option *option, const Value *value)
{
        if (option->fallback)
                return false;
        return option->kind == OPTION_STRING ? !value->text : value->number == option->unset;
}

Value value_load(const Option *option, const Settings *settings, const ListenerSettings *listener)
{
        const bool in_listener =
                option->scope == OPTION_LISTENER || (option->scope == OPTION_SECURITY && listener);
        const char *field = in_listener ? (const char *)listener + option->listener_offset
                                        : (const char *)settings + option->offset;
        const bool is_signed = option->minimum < 0 || option->unset < 0;

        if (option->kind == OPTION_STRING)
                return (Value){.text = *(char *const *)field};
        switch (option->size) {
        case 1:
                return (Value){.number = *(const uint8_t *)field};
        case 2:
                return (Value){.number = *(const uint16_t *)field};
        case 4:
                if (is_signed)
                        return (Value){.number = *(const int32_t *)field};
                return (Value){.number = *(const uint32_t *)field};
        default:
                return (Value){.number = *(const int64_t *)field};
        }
}

void value_store(const Option *option, Settings *settings, ListenerSettings *listener, Value *value)
{
        const bool in_listener =
                option->scope == OPTION_LISTENER || (option->scope == OPTION_SECURITY && listener);
        char *field = in_listener ? (char *)listener + option->listener_offset
                                  : (char *)settings + option->offset;

        if (option->size == 0)
                return;
        if (option->kind == OPTION_STRING) {
                free(*(char **)field);
                *(char **)field = TAKE_PTR(value->text);
        } else if (option->size == 1) {
                *(uint8_t *)field = (uint8_t)value->number;
        } else if (option->size == 2) {
                *(uint16_t *)field = (uint16_t)value->number;
        } else if (option->size == 4) {
                *(uint32_t *)field = (uint32_t)value->number;
        } else {
                *(int64_t *)field = value->number;
        }
}

int values_set_defaults(Settings *settings, ListenerSettings *listener)
{
        const Option *option;

        for (size_t i = 0; (option = option_at(i)); i++) {
                Value value;
                int r;

                if (option->size == 0 ||
                    option->scope == (listener ? OPTION_GLOBAL : OPTION_LISTENER))
                        continue;
                r = value_parse_default(option, &value);
                if (r < 0)
                        return r;
                value_store(option, settings, listener, &value);
        }
        return 0;
}

void values_clear_strings(Settings *settings, ListenerSettings *listener)
{
        const Option *option;

        for (size_t i = 0; (option = option_at(i)); i++) {
                Value empty = {};

                if (option->size == 0 || option->kind != OPTION_STRING ||
                    option->scope == (listener ? OPTION_GLOBAL : OPTION_LISTENER))
                        continue;
                value_store(option, settings, listener, &empty);
        }
}

size_t value_count_lines(const char *text)
{
        size_t n = text ? 1 : 0;

        while (text && (text = strchr(text, '\n'))) {
                text++;
                n++;
        }
        return n;
}

int value_parse_prefixes(const char *text, Prefix **ret_prefixes, size_t *ret_n)
{
        const size_t n_lines = value_count_lines(text);
        _cleanup_free_ Prefix *prefixes = NULL;
        _cleanup_free_ char *lines = NULL;
        char *line, *rest;
        size_t n = 0;

        if (n_lines > 0) {
                lines = strdup(text);
                prefixes = calloc(n_lines, sizeof(*prefixes));
                if (!lines || !prefixes)
                        return -ENOMEM;
                for (line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
                        if (prefix_parse(line, &prefixes[n++]) < 0)
                                return -EINVAL;
        }
        *ret_prefixes = TAKE_PTR(prefixes);
        *ret_n = n;
        return 0;
}
