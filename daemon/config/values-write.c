/* SPDX-License-Identifier: Apache-2.0 */
/* values-write.c: values as text again */
#include "config/values.h"

#include <inttypes.h>

#include "util/macro.h"

typedef void (*WriteFunction)(const Option *option, const Value *value, FILE *file);

static void write_bool(const Option *option, const Value *value, FILE *file)
{
        fputs(value->number ? "true" : "false", file);
}

static void write_number(const Option *option, const Value *value, FILE *file)
{
        fprintf(file, "%" PRId64, value->number / (option->scale ? option->scale : 1));
}

static void write_duration(const Option *option, const Value *value, FILE *file)
{
        fprintf(file, "%" PRId64 "s", value->number);
}

static void write_mode(const Option *option, const Value *value, FILE *file)
{
        fprintf(file, "%04" PRIo64, value->number);
}

static void write_word(const Option *option, const Value *value, FILE *file)
{
        for (const OptionWord *w = option->words; w->word; w++)
                if (w->value == value->number)
                        fputs(w->word, file);
}

/* Only words of one bit: "all" is a sum. */
static void write_words(const Option *option, const Value *value, FILE *file)
{
        const char *separator = "";

        if (!value->number)
                fputs("none", file);
        for (const OptionWord *w = option->words; w->word; w++) {
                if (!(value->number & w->value) || (w->value & (w->value - 1)))
                        continue;
                fprintf(file, "%s%s", separator, w->word);
                separator = " ";
        }
}

static void write_versions(const Option *option, const Value *value, FILE *file)
{
        const char *separator = "";

        for (unsigned level = 3; level <= 5; level++) {
                if (!(value->number & PROTOCOL_VERSION_BIT(level)))
                        continue;
                fprintf(file, "%s%u", separator, level);
                separator = ",";
        }
}

static void write_string(const Option *option, const Value *value, FILE *file)
{
        fputs(value->text, file);
}

void value_write(const Option *option, const Value *value, FILE *file)
{
        static const WriteFunction functions[] = {
                [OPTION_BOOL] = write_bool,         [OPTION_INTEGER] = write_number,
                [OPTION_BYTES] = write_number,      [OPTION_DURATION] = write_duration,
                [OPTION_MODE] = write_mode,         [OPTION_WORD] = write_word,
                [OPTION_WORDS] = write_words,       [OPTION_STRING] = write_string,
                [OPTION_VERSIONS] = write_versions,
        };

        functions[option->kind](option, value, file);
}

void value_write_syntax(const Option *option, FILE *file)
{
        static const char *const by_kind[] = {
                [OPTION_DIRECTIVE] = "…", [OPTION_BOOL] = "true | false", [OPTION_INTEGER] = "N",
                [OPTION_BYTES] = "BYTES", [OPTION_DURATION] = "TIME",     [OPTION_MODE] = "MODE",
                [OPTION_STRING] = "TEXT", [OPTION_VERSIONS] = "LIST",
        };
        const char *separator = "";

        if (option->value || !option->words) {
                fputs(option->value ? option->value : by_kind[option->kind], file);
                return;
        }
        for (const OptionWord *w = option->words; w->word; w++) {
                fprintf(file, "%s%s", separator, w->word);
                separator = " | ";
        }
}
