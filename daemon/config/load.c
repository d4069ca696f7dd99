/* SPDX-License-Identifier: Apache-2.0 */
/* load.c: a whole Settings, or none */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/parser.h"

typedef struct LoadText {
        const char *text;
        size_t n;
} LoadText;

static int read_text(Parser *parser, const char *name, const LoadText *text)
{
        _cleanup_free_ char *copy = malloc(text->n + 1);

        if (!copy)
                return -ENOMEM;
        memcpy(copy, text->text, text->n);
        return parser_read_text(parser, name ? name : "-", copy, text->n, false);
}

static int load(const SettingsSource *source, const LoadText *text, Settings **ret,
                ConfigErrors *errors)
{
        _cleanup_(settings_unrefp) Settings *settings = NULL;
        _cleanup_(parser_done) Parser parser = {};
        const size_t n_errors = errors->n_errors;
        int r;

        r = settings_new(&settings);
        if (r == 0)
                r = parser_init(&parser, settings, source, errors);
        if (r < 0)
                return r;

        if (text)
                r = read_text(&parser, source->file, text);
        else if (source->file)
                r = parser_read_file(&parser, source->file, false);
        if (r < 0)
                return r;
        if (errors->n_errors == n_errors)
                r = parser_finish(&parser);
        if (r < 0)
                return r;
        if (errors->n_errors > n_errors)
                return -EINVAL;
        *ret = TAKE_PTR(settings);
        return 0;
}

int settings_load(const SettingsSource *source, Settings **ret, ConfigErrors *errors)
{
        return load(source, NULL, ret, errors);
}

int settings_parse(const SettingsSource *source, const char *text, size_t n, Settings **ret,
                   ConfigErrors *errors)
{
        return load(source, &(LoadText){text, n}, ret, errors);
}

int settings_new_default(const uint16_t *ports, size_t n_ports, Settings **ret)
{
        _cleanup_(config_errors_done) ConfigErrors errors = CONFIG_ERRORS_INIT;
        char text[SETTINGS_PORTS_MAX * sizeof "listener 65535 127.0.0.1\n"];
        const SettingsSource source = {};
        size_t n = 0;

        if (n_ports > SETTINGS_PORTS_MAX)
                return -EINVAL;
        if (n_ports == 0)
                return settings_new(ret);
        for (size_t i = 0; i < n_ports; i++)
                n += (size_t)snprintf(text + n, sizeof text - n, "listener %u 127.0.0.1\n",
                                      ports[i]);
        return settings_parse(&source, text, n, ret, &errors);
}
