/* SPDX-License-Identifier: Apache-2.0 */
/* parser.c: from lines to the fields of a Settings */
#include "config/parser.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/values.h"
#include "util/buffer.h"

#define FILE_MAX     (16U << 20) /* bytes; no admin writes as much, but /dev/zero has it */
#define READ_AT_ONCE 65536
#define ERRORS_MAX   100
#define SHOWN_MAX    60 /* bytes of a wrong value that a message repeats */

int parser_init(Parser *parser, Settings *settings, const SettingsSource *source,
                ConfigErrors *errors)
{
        *parser = (Parser){.settings = settings, .errors = errors, .source = source};
        return listener_settings_init(&parser->default_listener);
}

void parser_done(Parser *parser)
{
        listener_settings_done(&parser->default_listener);
}

int parser_say(ParserFile *file, ConfigSeverity severity, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list args;
        int r;

        va_start(args, format);
        r = vasprintf(&text, format, args);
        va_end(args);
        if (r < 0) {
                text = NULL;
                return -ENOMEM;
        }
        return config_errors_add(file->parser->errors, severity, file->name, file->line, "%s",
                                 text);
}

int parser_use_default_listener(ParserFile *file)
{
        Parser *parser = file->parser;

        if (parser->default_listener_used)
                return 0;
        parser->default_listener_used = true;
        parser->default_listener.where = parser_here(file);
        return parser_say(file, CONFIG_NOTICE,
                          "%s before any listener opens the default listener, which is deprecated;"
                          " write a listener above it",
                          file->word);
}

/* Which object the option is of: *ret_listener is NULL for the settings themselves. Returns 0, 1 if
 * there is none (and that is among the errors), -ENOMEM. */
static int find_object(ParserFile *file, ListenerSettings **ret_listener)
{
        Parser *parser = file->parser;
        Settings *settings = parser->settings;
        const Option *option = file->option;
        int r = 0;

        *ret_listener = NULL;
        if (option->scope == OPTION_GLOBAL ||
            (option->scope == OPTION_SECURITY && !settings->per_listener_settings))
                return 0;
        if (file->listener >= 0) {
                *ret_listener = &settings->listeners[file->listener];
                return 0;
        }
        if (option->flags & OPTION_NEEDS_LISTENER) {
                r = parser_say(file, CONFIG_ERROR,
                               "%s requires a listener: write it below one, in the same file",
                               file->word);
                return r < 0 ? r : 1;
        }
        if (option->scope == OPTION_LISTENER)
                r = parser_use_default_listener(file);
        *ret_listener = &parser->default_listener;
        return r;
}

/* Options that do not work yet. Returns 1 if the value must not be stored. */
static int check_status(ParserFile *file, const Value *value)
{
        const Option *option = file->option;
        _cleanup_(value_done) Value fallback = {};
        int r;

        if (option->status != OPTION_REFUSED && option->status != OPTION_WARNED)
                return 0;
        r = value_parse_default(option, &fallback);
        if (r < 0)
                return r;
        if (value_equal(option, value, &fallback))
                return 0;
        if (option->status == OPTION_WARNED)
                return parser_say(file, CONFIG_WARNING,
                                  "%s is not supported by this version yet: %s", file->word,
                                  option->instead);
        if (option->instead)
                r = parser_say(file, CONFIG_ERROR, "%s is not supported: %s", file->word,
                               option->instead);
        else if (option->words)
                r = parser_say(file, CONFIG_ERROR, "%s %s is not supported by this version yet",
                               file->word, file->text);
        else
                r = parser_say(file, CONFIG_ERROR, "%s is not supported by this version yet",
                               file->word);
        return r < 0 ? r : 1;
}

/* A string that may be given once only. Returns 1 if this is the second time. */
static int check_repeated(ParserFile *file, const SettingsOrigin *origin)
{
        const Option *option = file->option;
        int r;

        if (option->kind != OPTION_STRING || !origin->file ||
            (option->flags & (OPTION_LAST_WINS | OPTION_LIST)))
                return 0;
        r = parser_say(file, CONFIG_ERROR, "%s is given twice, first at %s:%u", file->word,
                       origin->file, origin->line);
        return r < 0 ? r : 1;
}

/* How much of the text was read as the value, for a message. */
static int value_length(const ParserFile *file)
{
        const OptionKind kind = file->option->kind;
        const bool is_line =
                kind == OPTION_STRING || kind == OPTION_WORDS || kind == OPTION_VERSIONS;
        size_t n = is_line ? strlen(file->text) : strcspn(file->text, " \t");

        return (int)MIN(n, (size_t)SHOWN_MAX);
}

static int read_value(ParserFile *file, Value *ret)
{
        char reason[VALUE_REASON_MAX];
        const char *rest = NULL;
        int r;

        r = value_parse(file->option, file->text, ret, &rest, reason);
        if (r == -EINVAL) {
                r = parser_say(file, CONFIG_ERROR, "%s: '%.*s' %s", file->word, value_length(file),
                               file->text, reason);
                return r < 0 ? r : 1;
        }
        if (r == 0 && rest)
                r = parser_say(file, CONFIG_WARNING, "%s: '%.*s' at the end is ignored", file->word,
                               SHOWN_MAX, rest);
        return r;
}

/* Puts what earlier lines said before it: a value has no newline in it. */
static int join_list(Value *value, const char *before)
{
        char *joined;

        if (asprintf(&joined, "%s\n%s", before, value->text) < 0)
                return -ENOMEM;
        free(value->text);
        value->text = joined;
        return 0;
}

/* Each line adds to the ones before. */
static int add_to_earlier(ParserFile *file, const ListenerSettings *listener, Value *value)
{
        const Option *option = file->option;
        const Value before = value_load(option, file->parser->settings, listener);

        if (option->flags & OPTION_LIST && before.text)
                return join_list(value, before.text);
        /* "none" begins anew. */
        if (option->kind == OPTION_WORDS && value->number != 0)
                value->number |= before.number;
        return 0;
}

int parser_assign(ParserFile *file)
{
        Parser *parser = file->parser;
        const Option *option = file->option;
        _cleanup_(value_done) Value value = {};
        ListenerSettings *listener;
        SettingsOrigin *origin;
        int r;

        r = find_object(file, &listener);
        if (r != 0)
                return MIN(r, 0);
        r = read_value(file, &value);
        if (r != 0)
                return MIN(r, 0);
        origin = settings_origin(option, parser->settings, listener);
        r = check_repeated(file, origin);
        if (r != 0)
                return MIN(r, 0);
        r = check_status(file, &value);
        if (r != 0)
                return MIN(r, 0);

        if (origin->file)
                r = add_to_earlier(file, listener, &value);
        if (r < 0)
                return r;
        value_store(option, parser->settings, listener, &value);
        *origin = parser_here(file);
        if (option->scope == OPTION_SECURITY && !parser->first_security.file)
                parser->first_security = parser_here(file);
        return 0;
}

static int unknown_option(ParserFile *file)
{
        const char *nearest = option_nearest(file->word);

        if (nearest)
                return parser_say(file, CONFIG_ERROR, "unknown option '%.*s'; did you mean '%s'?",
                                  SHOWN_MAX, file->word, nearest);
        return parser_say(file, CONFIG_ERROR, "unknown option '%.*s'", SHOWN_MAX, file->word);
}

static bool begins_section(const Option *option)
{
        static const char *const names[] = {
                "connection", "global_plugin", "plugin", "plugin_load", "plugin_use",
        };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (strcmp(option->name, names[i]) == 0)
                        return true;
        return false;
}

/* Bridges and plugins are refused once, by the line that begins them. */
static int refuse_section(ParserFile *file)
{
        const bool is_bridge = file->option->scope == OPTION_BRIDGE;
        bool *in_section = is_bridge ? &file->in_bridge : &file->in_plugin;
        const char *what = is_bridge ? "bridges" : "plugins";

        if (begins_section(file->option)) {
                *in_section = true;
                return parser_say(file, CONFIG_ERROR,
                                  "%s: %s are not supported by this version yet", file->word, what);
        }
        if (*in_section)
                return 0;
        return parser_say(file, CONFIG_ERROR,
                          "%s belongs below a %s line; %s are not supported by this version yet",
                          file->word, is_bridge ? "connection" : "plugin", what);
}

static int read_line(ParserFile *file, const Line *line)
{
        const Option *option = option_find(line->name);
        Directive directive;

        file->option = option;
        file->word = line->name;
        file->text = line->rest;

        if (line->n_zero > 0)
                return parser_say(file, CONFIG_ERROR, "a zero byte is in this line");
        if (!option)
                return unknown_option(file);
        if (option->scope == OPTION_BRIDGE || option->scope == OPTION_PLUGIN)
                return refuse_section(file);
        if (option->status == OPTION_IGNORED)
                return parser_say(file, CONFIG_WARNING, "%s is ignored: %s", file->word,
                                  option->instead);
        if (!*file->text)
                return parser_say(file, CONFIG_ERROR, "%s: the value is missing", file->word);
        directive = parser_find_directive(option);
        return directive ? directive(file) : parser_assign(file);
}

/* After so many errors this is no configuration: one line says so instead of a thousand. */
static int maybe_give_up(ParserFile *file)
{
        if (file->parser->gave_up || file->parser->errors->n_errors < ERRORS_MAX)
                return 0;
        file->parser->gave_up = true;
        return parser_say(file, CONFIG_ERROR, "too many errors; the rest is not read");
}

int parser_read_text(Parser *parser, const char *name, char *text, size_t n, bool is_included)
{
        ParserFile file = {.parser = parser, .is_included = is_included, .listener = -1};
        Lines lines;
        Line line;
        int r;

        r = settings_intern_file(parser->settings, name, &file.name);
        if (r < 0)
                return r;
        lines_init(&lines, text, n);
        while (!parser->gave_up && lines_next(&lines, &line)) {
                file.line = lines.line;
                r = read_line(&file, &line);
                if (r == 0)
                        r = maybe_give_up(&file);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_all(int fd, Buffer *buffer)
{
        for (;;) {
                ssize_t n;

                if (buffer_reserve(buffer, READ_AT_ONCE) < 0)
                        return -ENOMEM;
                n = read(fd, buffer_tail(buffer), READ_AT_ONCE);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return 0; /* the room just made holds the zero behind the text */
                buffer_commit(buffer, (size_t)n);
                if (buffer_length(buffer) > FILE_MAX)
                        return -EFBIG;
        }
}

int parser_read_file(Parser *parser, const char *path, bool is_included)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        _cleanup_(buffer_done) Buffer buffer = {};
        int r = fd < 0 ? -errno : read_all(fd, &buffer);

        if (r < 0) {
                (void)config_errors_add(parser->errors, CONFIG_ERROR, path, 0, "cannot be read: %s",
                                        strerror(-r));
                return r;
        }
        return parser_read_text(parser, path, (char *)buffer_head(&buffer), buffer_length(&buffer),
                                is_included);
}
