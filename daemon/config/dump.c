/* SPDX-License-Identifier: Apache-2.0 */
/* dump.c: settings as a configuration file again */
#include "config/dump.h"

#include <errno.h>
#include <string.h>

#include "config/settings-build.h"
#include "config/values.h"

static void write_origin(const SettingsOrigin *origin, FILE *file)
{
        if (!origin->file)
                fputs("# default\n", file);
        else if (origin->line)
                fprintf(file, "# %s:%u\n", origin->file, origin->line);
        else
                fprintf(file, "# %s\n", origin->file);
}

/* The file is a line of its own, and "none" would take it away. */
static void write_log_dest(const Option *option, const Settings *settings, FILE *file)
{
        Value others = {.number = settings->log_dest & ~(unsigned)LOG_TO_FILE};

        if (others.number || !settings->log_file) {
                fprintf(file, "%s ", option->name);
                value_write(option, &others, file);
                fputc('\n', file);
        }
        if (settings->log_file)
                fprintf(file, "%s file %s\n", option->name, settings->log_file);
}

/* A line for each. */
static void write_list(const Option *option, const char *text, FILE *file)
{
        while (text) {
                const char *end = strchrnul(text, '\n');

                fprintf(file, "%s %.*s\n", option->name, (int)(end - text), text);
                text = *end ? end + 1 : NULL;
        }
}

static void write_option(const Option *option, const Settings *settings,
                         const ListenerSettings *listener, FILE *file)
{
        const Value value = value_load(option, settings, listener);

        if (value_is_unset(option, &value)) {
                fprintf(file, "# %s is not set\n", option->name);
                return;
        }
        write_origin(settings_origin(option, settings, listener), file);
        if (strcmp(option->name, "log_dest") == 0) {
                write_log_dest(option, settings, file);
                return;
        }
        if (option->flags & OPTION_LIST) {
                write_list(option, value.text, file);
                return;
        }
        fprintf(file, "%s ", option->name);
        value_write(option, &value, file);
        fputc('\n', file);
}

/* The options of one object. Those of scope SECURITY are of the settings or of the listeners, as
 * per_listener_settings says. */
static void write_options(const Settings *settings, const ListenerSettings *listener, FILE *file)
{
        const OptionScope scope = listener ? OPTION_LISTENER : OPTION_GLOBAL;
        const bool with_security = settings->per_listener_settings == !!listener;
        const Option *option;

        for (size_t i = 0; (option = option_at(i)); i++) {
                if (option->size == 0)
                        continue;
                if (option->scope == scope || (option->scope == OPTION_SECURITY && with_security))
                        write_option(option, settings, listener, file);
        }
}

static void write_listener(const Settings *settings, const ListenerSettings *listener, FILE *file)
{
        fputc('\n', file);
        write_origin(&listener->where, file);
        if (listener->path)
                fprintf(file, "listener 0 %s\n", listener->path);
        else
                fprintf(file, "listener %u%s%s\n", listener->port, listener->host ? " " : "",
                        listener->host ? listener->host : "");
        write_options(settings, listener, file);
}

int settings_dump(const Settings *settings, FILE *file)
{
        write_options(settings, NULL, file);
        for (size_t i = 0; i < settings->n_listeners; i++)
                write_listener(settings, &settings->listeners[i], file);
        return fflush(file) != 0 || ferror(file) ? -EIO : 0;
}
