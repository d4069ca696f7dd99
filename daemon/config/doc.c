/* SPDX-License-Identifier: Apache-2.0 */
/* doc.c: what is written for people from the table of options */
#include "config/doc.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "config/values.h"
#include "util/macro.h"

#define SAMPLE_WIDTH 78

typedef struct DocPart {
        OptionScope scope;
        const char *title;
        const char *about;
} DocPart;

static const DocPart doc_parts[] = {
        {OPTION_GLOBAL, "General options", "These hold for the whole broker."},
        {OPTION_SECURITY, "Security options",
         "These hold for all listeners; or, if per_listener_settings is true, for the listener "
         "above them."},
        {OPTION_LISTENER, "Listener options", "These belong to the listener above them."},
};

static bool is_later(const Option *option)
{
        return option->status != OPTION_WORKS && option->status != OPTION_IGNORED;
}

static bool is_in_part(const Option *option, const DocPart *part)
{
        return option->scope == part->scope && !is_later(option) &&
               option->status != OPTION_IGNORED;
}

static bool has_range(const Option *option)
{
        return (option->kind == OPTION_INTEGER) && option->maximum <= INT32_MAX;
}

/* Text for mdoc: each sentence on its own line, backslashes shown as such. */
static void write_mdoc(const char *text, FILE *file)
{
        for (const char *c = text; *c; c++) {
                if (*c == '\\')
                        fputs("\\e", file);
                else if (c[0] == ' ' && c > text && c[-1] == '.')
                        fputc('\n', file);
                else
                        fputc(*c, file);
        }
        fputc('\n', file);
}

static void write_default(const Option *option, FILE *file)
{
        _cleanup_(value_done) Value value = {};

        if (!option->fallback || value_parse_default(option, &value) < 0)
                return;
        fputs("Default: ", file);
        value_write(option, &value, file);
        fputs(".\n", file);
}

static void write_manual_facts(const Option *option, FILE *file)
{
        write_default(option, file);
        if (has_range(option))
                fprintf(file, "From %" PRId64 " to %" PRId64 ".\n", option->minimum,
                        option->maximum);
        fprintf(file, "A change takes hold %s.\n", option_change_to_string(option->change));
        if (option->flags & OPTION_DEPRECATED)
                fputs("Deprecated.\n", file);
        if (option->flags & OPTION_HAWKER)
                fputs("Not known to Mosquitto.\n", file);
}

static void write_manual_option(const Option *option, FILE *file)
{
        char syntax[200] = "";
        FILE *memory = fmemopen(syntax, sizeof syntax, "w");

        if (memory) {
                value_write_syntax(option, memory);
                fclose(memory);
        }
        fprintf(file, ".It Ic %s %s \"%s\"\n", option->name,
                islower((unsigned char)syntax[0]) ? "Cm" : "Ar", syntax);
        write_mdoc(option->doc, file);
}

static void write_manual_part(const DocPart *part, FILE *file)
{
        const Option *option;

        fprintf(file, ".Ss %s\n", part->title);
        write_mdoc(part->about, file);
        fputs(".Bl -tag -width Ds\n", file);
        for (size_t i = 0; (option = option_at(i)); i++) {
                if (!is_in_part(option, part))
                        continue;
                write_manual_option(option, file);
                write_manual_facts(option, file);
        }
        fputs(".El\n", file);
}

static const char *later_to_string(const Option *option)
{
        static const char *const words[] = {
                [OPTION_REFUSED] = "Refused.",
                [OPTION_WARNED] = "Accepted with a warning.",
                [OPTION_SILENT] = "Accepted without effect.",
                [OPTION_IGNORED] = "Accepted with a warning, for ever.",
        };

        return words[option->status];
}

static void write_manual_later(FILE *file)
{
        const Option *option;

        fputs(".Ss Options not supported by this version\n"
              "These are options of Mosquitto.\n"
              "A value other than the default is refused, with exit status 3, or accepted with a "
              "warning, as said below; the default is always accepted.\n"
              ".Bl -tag -width Ds\n",
              file);
        for (size_t i = 0; (option = option_at(i)); i++) {
                if (option->status == OPTION_WORKS || !(is_later(option) || option->instead))
                        continue;
                if (option->scope == OPTION_BRIDGE || option->scope == OPTION_PLUGIN)
                        continue;
                write_manual_option(option, file);
                if (option->status == OPTION_REFUSED && option->instead)
                        fprintf(file, "Refused: %s.\n", option->instead);
                else
                        fprintf(file, "%s\n", later_to_string(option));
        }
        fputs(".El\n.Pp\nA bridge\n.Pq Ic connection\nor plugin\n.Pq Ic plugin\n"
              "is refused as a whole.\n",
              file);
}

static void write_manual_aliases(FILE *file)
{
        fputs(".Ss Other spellings\n"
              "These names of earlier versions of Mosquitto are understood:\n"
              ".Bl -column \"websockets_headers_size\" \"packet_buffer_size\"\n",
              file);
        for (const OptionAlias *a = option_aliases; a->alias; a++)
                fprintf(file, ".It Ic %s Ta Ic %s\n", a->alias, a->name);
        fputs(".El\n", file);
}

void doc_write_manual(FILE *file)
{
        for (size_t i = 0; i < ARRAY_SIZE(doc_parts); i++)
                write_manual_part(&doc_parts[i], file);
        write_manual_later(file);
        write_manual_aliases(file);
}

/* Prose as comment lines of at most SAMPLE_WIDTH characters. */
static void write_comment(const char *text, FILE *file)
{
        while (*text) {
                size_t n = strlen(text);

                if (n > SAMPLE_WIDTH - 2) {
                        n = SAMPLE_WIDTH - 2;
                        while (n > 0 && text[n] != ' ')
                                n--;
                }
                fprintf(file, "# %.*s\n", (int)n, text);
                text += n;
                text += strspn(text, " ");
        }
}

static void write_sample_option(const Option *option, FILE *file)
{
        _cleanup_(value_done) Value value = {};

        fputc('\n', file);
        write_comment(option->doc, file);
        fprintf(file, "#%s ", option->name);
        if (!option->fallback || value_parse_default(option, &value) < 0)
                value_write_syntax(option, file);
        else
                value_write(option, &value, file);
        fputc('\n', file);
}

void doc_write_sample(FILE *file)
{
        const Option *option;

        write_comment("Configuration of the MQTT broker hawkerd: a sample with every option at its "
                      "default. Remove the # before an option to change it; hawker.conf(5) says "
                      "more. hawkerd --test-config -c FILE tells what is wrong with a file.",
                      file);
        for (size_t p = 0; p < ARRAY_SIZE(doc_parts); p++) {
                fprintf(file, "\n\n# ===== %s =====\n", doc_parts[p].title);
                write_comment(doc_parts[p].about, file);
                for (size_t i = 0; (option = option_at(i)); i++)
                        if (is_in_part(option, &doc_parts[p]) &&
                            !(option->flags & OPTION_DEPRECATED))
                                write_sample_option(option, file);
        }
}

void doc_write_words(FILE *file)
{
        const Option *option;

        for (size_t i = 0; (option = option_at(i)); i++)
                if (!is_later(option) && option->status == OPTION_WORKS)
                        fprintf(file, "%s\n", option->name);
}
