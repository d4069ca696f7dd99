/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong in what an admin has written. */
#include "util/config-errors.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/macro.h"

#define ITEMS_MAX 1000 /* a file of garbage shall not become a list as long as itself */

void config_errors_done(ConfigErrors *errors)
{
        for (size_t i = 0; i < errors->n_items; i++) {
                free(errors->items[i].file);
                free(errors->items[i].text);
        }
        free(errors->items);
        *errors = (ConfigErrors)CONFIG_ERRORS_INIT;
}

static int make_room(ConfigErrors *errors)
{
        size_t n = errors->n_allocated ? errors->n_allocated * 2 : 8;
        ConfigError *items;

        if (errors->n_items < errors->n_allocated)
                return 0;
        items = realloc(errors->items, n * sizeof *items);
        if (!items)
                return -ENOMEM;
        errors->items = items;
        errors->n_allocated = n;
        return 0;
}

static int keep(ConfigErrors *errors, ConfigSeverity severity, const char *file, unsigned line,
                char **text)
{
        _cleanup_free_ char *name = file ? strdup(file) : NULL;

        if (file && !name)
                return -ENOMEM;
        if (make_room(errors) < 0)
                return -ENOMEM;
        errors->items[errors->n_items++] = (ConfigError){
                .severity = severity,
                .file = TAKE_PTR(name),
                .line = line,
                .text = TAKE_PTR(*text),
        };
        return 0;
}

int config_errors_add(ConfigErrors *errors, ConfigSeverity severity, const char *file,
                      unsigned line, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list args;
        int r;

        if (severity == CONFIG_ERROR)
                errors->n_errors++;
        if (errors->n_items >= ITEMS_MAX)
                return 0;

        va_start(args, format);
        r = vasprintf(&text, format, args);
        va_end(args);
        if (r < 0) {
                text = NULL;
                return -ENOMEM;
        }
        return keep(errors, severity, file, line, &text);
}

const ConfigError *config_errors_first(const ConfigErrors *errors)
{
        for (size_t i = 0; i < errors->n_items; i++)
                if (errors->items[i].severity == CONFIG_ERROR)
                        return &errors->items[i];
        return NULL;
}

const char *config_error_format(const ConfigError *error, char *buffer, size_t size)
{
        static const char *const words[] = {
                [CONFIG_NOTICE] = "Notice",
                [CONFIG_WARNING] = "Warning",
                [CONFIG_ERROR] = "Error",
        };
        const char *word = words[error->severity];

        if (error->file && error->line)
                snprintf(buffer, size, "%s: %s:%u: %s", word, error->file, error->line,
                         error->text);
        else if (error->file)
                snprintf(buffer, size, "%s: %s: %s", word, error->file, error->text);
        else
                snprintf(buffer, size, "%s: %s", word, error->text);
        return buffer;
}
