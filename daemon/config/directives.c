/* SPDX-License-Identifier: Apache-2.0 */
/* directives.c: the options that do more than put a value into a field */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "config/parser.h"
#include "config/values.h"

#define PATH_LIMIT (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1)

/* Values that have no row of their own. */
static const Option any_text = {.kind = OPTION_STRING};
static const Option any_port = {.kind = OPTION_INTEGER, .minimum = 1, .maximum = UINT16_MAX};

/* Cut the first word off file->text. Returns "" when there is no more; a comment is none. */
static char *take_word(ParserFile *file)
{
        char *word = file->text;

        file->text += strcspn(file->text, " \t");
        if (*file->text)
                *file->text++ = 0;
        file->text += strspn(file->text, " \t");
        if (*word == '#')
                *word = *file->text = 0;
        return word;
}

static int say_ignored(ParserFile *file)
{
        if (!*file->text || *file->text == '#')
                return 0;
        return parser_say(file, CONFIG_WARNING, "%s: '%.60s' at the end is ignored", file->word,
                          file->text);
}

/* Returns 1 if the text is not a value of that kind, and this is said. */
static int read_value_of(ParserFile *file, const Option *kind, const char *text, Value *ret)
{
        char reason[VALUE_REASON_MAX];
        const char *rest;
        int r = value_parse(kind, text, ret, &rest, reason);

        if (r != -EINVAL)
                return r;
        r = parser_say(file, CONFIG_ERROR, "%s: '%.60s' %s", file->word, text, reason);
        return r < 0 ? r : 1;
}

/* Only digits: a port such as 0x75b is more likely an error than meant. */
static int read_port(ParserFile *file, const char *text, uint16_t *ret)
{
        char *end;
        unsigned long port = strtoul(text, &end, 10);
        int r;

        if (*text >= '0' && *text <= '9' && !*end && port <= UINT16_MAX) {
                *ret = (uint16_t)port;
                return 0;
        }
        r = parser_say(file, CONFIG_ERROR, "%s: '%.60s' is not a port, 1 to 65535", file->word,
                       text);
        return r < 0 ? r : 1;
}

/* Read address and path before the listener is made: a wrong line makes none. */
static int check_listener(ParserFile *file, uint16_t port, const char *where)
{
        int r;

        if (port == 0 && !*where)
                r = parser_say(file, CONFIG_ERROR,
                               "%s: port 0 is a unix socket and needs a path behind it",
                               file->word);
        else if (port == 0 && strlen(where) > PATH_LIMIT)
                r = parser_say(file, CONFIG_ERROR,
                               "%s: the path of a unix socket has at most %zu bytes", file->word,
                               PATH_LIMIT);
        else
                return 0;
        return r < 0 ? r : 1;
}

static int read_listener(ParserFile *file)
{
        Parser *parser = file->parser;
        _cleanup_(value_done) Value where = {};
        ListenerSettings *listener;
        uint16_t port;
        char *word;
        int r;

        /* Options below a wrong listener are of no listener; better of it than of the one above. */
        r = settings_add_listener(parser->settings, &listener);
        if (r < 0)
                return r;
        file->listener = (ssize_t)parser->settings->n_listeners - 1;
        listener->where = parser_here(file);

        r = read_port(file, take_word(file), &port);
        if (r != 0)
                return MIN(r, 0);
        word = take_word(file);
        r = check_listener(file, port, word);
        if (r == 0 && *word)
                r = read_value_of(file, &any_text, word, &where);
        if (r != 0)
                return MIN(r, 0);
        listener->port = port;
        *(port ? &listener->host : &listener->path) = TAKE_PTR(where.text);
        return say_ignored(file);
}

/* Two things this tells an admin who has both: which one holds, and that both are old. */
static int read_default_port(ParserFile *file)
{
        ListenerSettings *listener = &file->parser->default_listener;
        SettingsOrigin *origin = settings_origin(file->option, NULL, listener);
        Value port;
        int r;

        r = read_value_of(file, &any_port, take_word(file), &port);
        if (r != 0)
                return MIN(r, 0);
        if (origin->file)
                r = parser_say(file, CONFIG_WARNING,
                               "port is given again; the one at %s:%u is ignored", origin->file,
                               origin->line);
        if (r == 0)
                r = parser_use_default_listener(file);
        if (r < 0)
                return r;
        listener->port = (uint16_t)port.number;
        *origin = parser_here(file);
        return say_ignored(file);
}

static int read_bind_address(ParserFile *file)
{
        ListenerSettings *listener = &file->parser->default_listener;
        SettingsOrigin *origin = settings_origin(file->option, NULL, listener);
        _cleanup_(value_done) Value host = {};
        int r;

        if (origin->file)
                return parser_say(file, CONFIG_ERROR, "bind_address is given twice, first at %s:%u",
                                  origin->file, origin->line);
        if (strpbrk(file->text, " \t"))
                return parser_say(file, CONFIG_ERROR, "bind_address: '%.60s' has a blank in it",
                                  file->text);
        r = read_value_of(file, &any_text, file->text, &host);
        if (r != 0)
                return MIN(r, 0);
        r = parser_use_default_listener(file);
        if (r < 0)
                return r;
        listener->host = TAKE_PTR(host.text);
        *origin = parser_here(file);
        return 0;
}

static int read_log_file(ParserFile *file)
{
        Settings *settings = file->parser->settings;
        SettingsOrigin *origin = settings_origin(file->option, settings, NULL);
        _cleanup_(value_done) Value path = {};
        int r;

        if (!*file->text)
                return parser_say(file, CONFIG_ERROR, "log_dest file: the path is missing");
        if (settings->log_file)
                return parser_say(file, CONFIG_ERROR, "log_dest file is given twice");
        r = read_value_of(file, &any_text, file->text, &path);
        if (r != 0)
                return MIN(r, 0);
        settings->log_file = TAKE_PTR(path.text);
        settings->log_dest = LOG_TO_FILE | (origin->file ? settings->log_dest : 0);
        *origin = parser_here(file);
        return 0;
}

static bool text_begins(const ParserFile *file, const char *word)
{
        size_t n = strlen(word);

        return strncmp(file->text, word, n) == 0 && strchr(" \t", file->text[n]);
}

static int read_log_dest(ParserFile *file)
{
        Settings *settings = file->parser->settings;
        int r;

        if (text_begins(file, "file")) {
                take_word(file);
                return read_log_file(file);
        }
        if (text_begins(file, "dlt") || text_begins(file, "android"))
                return parser_say(file, CONFIG_WARNING,
                                  "log_dest %s is ignored: there is no such "
                                  "log here",
                                  take_word(file));
        r = parser_assign(file);
        if (r < 0)
                return r;
        if (settings->log_dest == 0) {
                free(settings->log_file);
                settings->log_file = NULL;
        }
        if (!(settings->log_dest & LOG_TO_FILE) || settings->log_file)
                return 0;
        settings->log_dest &= ~(unsigned)LOG_TO_FILE;
        return parser_say(file, CONFIG_WARNING,
                          "log_dest file needs a line of its own, and is ignored");
}

static int read_per_listener_settings(ParserFile *file)
{
        Parser *parser = file->parser;
        const bool before = parser->settings->per_listener_settings;
        int r;

        r = parser_assign(file);
        if (r < 0)
                return r;
        if (parser->settings->per_listener_settings == before || !parser->first_security.file)
                return 0;
        return parser_say(file, CONFIG_ERROR,
                          "per_listener_settings must stand before the security options; one is at "
                          "%s:%u",
                          parser->first_security.file, parser->first_security.line);
}

static int is_configuration(const struct dirent *entry)
{
        size_t n = strlen(entry->d_name);

        return n > strlen(".conf") && strcmp(entry->d_name + n - strlen(".conf"), ".conf") == 0;
}

/* Letter by letter, whatever their case; an upper case letter before the same lower case one. */
static int compare_names(const struct dirent **a, const struct dirent **b)
{
        const unsigned char *x = (const unsigned char *)(*a)->d_name;
        const unsigned char *y = (const unsigned char *)(*b)->d_name;

        while (*x && *x == *y) {
                x++;
                y++;
        }
        /* ASCII only: the order must not change with the locale. */
        const int ux = *x >= 'a' && *x <= 'z' ? *x - 'a' + 'A' : *x;
        const int uy = *y >= 'a' && *y <= 'z' ? *y - 'a' + 'A' : *y;

        return ux != uy ? ux - uy : *x - *y;
}

static int include_file(ParserFile *file, const char *folder, const char *name)
{
        _cleanup_free_ char *path = NULL;
        const char *separator = folder[strlen(folder) - 1] == '/' ? "" : "/";
        int r;

        if (asprintf(&path, "%s%s%s", folder, separator, name) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        r = parser_read_file(file->parser, path, true);
        return r == -ENOMEM ? r : 0; /* the others are among the errors */
}

static int read_include_dir(ParserFile *file)
{
        _cleanup_(value_done) Value folder = {};
        struct dirent **entries;
        int n, r;

        if (file->is_included)
                return parser_say(file, CONFIG_ERROR, "include_dir is for the main file only");
        r = read_value_of(file, &any_text, file->text, &folder);
        if (r != 0)
                return MIN(r, 0);
        n = scandir(folder.text, &entries, is_configuration, compare_names);
        if (n < 0 && errno == ENOMEM)
                return -ENOMEM;
        if (n < 0)
                return parser_say(file, CONFIG_ERROR, "include_dir: %s cannot be read: %s",
                                  folder.text, strerror(errno));
        for (int i = 0; i < n; i++) {
                if (r >= 0)
                        r = include_file(file, folder.text, entries[i]->d_name);
                free(entries[i]);
        }
        free(entries);
        return r;
}

/* It is read again when all lines are known: here for the line that is wrong. */
static int read_prefix(ParserFile *file)
{
        Prefix prefix;

        if (*file->text && prefix_parse(file->text, &prefix) < 0)
                return parser_say(file, CONFIG_ERROR,
                                  "%s: '%.60s' is not an address such as 192.0.2.7, or a prefix "
                                  "such as 192.0.2.0/24 or 2001:db8::/64",
                                  file->word, file->text);
        return parser_assign(file);
}

Directive parser_find_directive(const Option *option)
{
        static const struct {
                const char *name;
                Directive function;
        } directives[] = {
                {"ban_never", read_prefix},
                {"bind_address", read_bind_address},
                {"include_dir", read_include_dir},
                {"listener", read_listener},
                {"log_dest", read_log_dest},
                {"per_listener_settings", read_per_listener_settings},
                {"port", read_default_port},
                {"proxy_trusted", read_prefix},
        };

        for (size_t i = 0; i < ARRAY_SIZE(directives); i++)
                if (strcmp(directives[i].name, option->name) == 0)
                        return directives[i].function;
        return NULL;
}
