/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parser.h: from lines to the fields of a Settings: for this room only
 * Thread: any (one owner)
 *
 * What is wrong with the text is added to the errors, and the parser goes on, so that an admin
 * sees all of it at once; a function here returns 0 also then. It returns -ENOMEM when it cannot
 * go on. Whether the settings may be used is said by the count of errors, at the end.
 */
#pragma once

#include "config/lines.h"
#include "config/options.h"
#include "config/settings-build.h"
#include "util/macro.h"

typedef struct Parser {
        Settings *settings;
        ConfigErrors *errors;
        const SettingsSource *source;

        /* What listener options say that come before any listener. It is opened if one of them,
         * or port or bind_address, is there. */
        ListenerSettings default_listener;
        bool default_listener_used;

        bool gave_up;                  /* there were too many errors */
        SettingsOrigin first_security; /* the first option of scope SECURITY */
} Parser;

/* One file being read. Which section the lines belong to is forgotten at its end. */
typedef struct ParserFile {
        Parser *parser;
        const char *name; /* interned in the settings */
        bool is_included;

        ssize_t listener; /* index of the current one; -1: none yet */
        bool in_bridge, in_plugin;

        unsigned line; /* the current line: */
        const Option *option;
        const char *word; /* the option as written: maybe an alias */
        char *text;       /* the rest; "" if there is none */
} ParserFile;

int parser_init(Parser *parser, Settings *settings, const SettingsSource *source,
                ConfigErrors *errors);
void parser_done(Parser *parser);

/* Read a file, or @n bytes of text; text[n] may be written to. An unreadable file is -errno, and
 * one of the errors. */
int parser_read_file(Parser *parser, const char *path, bool is_included);
int parser_read_text(Parser *parser, const char *name, char *text, size_t n, bool is_included);

/* After the last file: default listener, local-only mode, effective values, cross checks. */
int parser_finish(Parser *parser);

/* Add to the errors, with file and line. */
int parser_say(ParserFile *file, ConfigSeverity severity, const char *format, ...) _printf_(3, 4);

/* What most options do: find the field, read the text, put the value there. */
int parser_assign(ParserFile *file);

/* The function of an option that does more; NULL: parser_assign(). */
typedef int (*Directive)(ParserFile *file);
Directive parser_find_directive(const Option *option);

/* Make the default listener one that is opened, and say so once. */
int parser_use_default_listener(ParserFile *file);

/* Where the current line is. */
static inline SettingsOrigin parser_here(const ParserFile *file)
{
        return (SettingsOrigin){file->name, file->line};
}
