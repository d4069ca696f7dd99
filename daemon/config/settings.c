/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c: the life of a Settings */
#include "config/settings.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "config/settings-build.h"
#include "config/values.h"
#include "util/macro.h"

#define WORKERS_AUTOMATIC_MAX 16

/* Put the defaults into all fields of one object: the listener, or what is not of a listener. */
static int set_defaults(Settings *settings, ListenerSettings *listener)
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

static void clear_strings(Settings *settings, ListenerSettings *listener)
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

void listener_settings_done(ListenerSettings *listener)
{
        clear_strings(NULL, listener);
        free(listener->name);
        free(listener->host);
        free(listener->path);
        free(listener->origins);
        *listener = (ListenerSettings){};
}

int listener_settings_init(ListenerSettings *listener)
{
        int r;

        *listener = (ListenerSettings){.origins = calloc(n_options(), sizeof(SettingsOrigin))};
        if (!listener->origins)
                return -ENOMEM;
        r = set_defaults(NULL, listener);
        if (r < 0)
                listener_settings_done(listener);
        return r;
}

int settings_add_listener(Settings *settings, ListenerSettings **ret)
{
        const size_t n = settings->n_listeners;
        ListenerSettings *listeners =
                realloc(settings->listeners, (n + 1) * sizeof *settings->listeners);
        int r;

        if (!listeners)
                return -ENOMEM;
        settings->listeners = listeners;
        r = listener_settings_init(&listeners[n]);
        if (r < 0)
                return r;
        settings->n_listeners++;
        *ret = &listeners[n];
        return 0;
}

static void settings_free(Settings *settings)
{
        clear_strings(settings, NULL);
        for (size_t i = 0; i < settings->n_listeners; i++)
                listener_settings_done(&settings->listeners[i]);
        free(settings->listeners);
        for (size_t i = 0; i < settings->n_files; i++)
                free(settings->files[i]);
        free(settings->files);
        free(settings->log_file);
        free(settings->origins);
        free(settings);
}

int settings_new(Settings **ret)
{
        _cleanup_(settings_unrefp) Settings *settings = calloc(1, sizeof *settings);
        int r;

        if (!settings)
                return -ENOMEM;
        atomic_init(&settings->n_refs, 1);
        settings->origins = calloc(n_options(), sizeof *settings->origins);
        if (!settings->origins)
                return -ENOMEM;
        r = set_defaults(settings, NULL);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(settings);
        return 0;
}

Settings *settings_ref(Settings *settings)
{
        if (settings)
                atomic_fetch_add_explicit(&settings->n_refs, 1, memory_order_relaxed);
        return settings;
}

Settings *settings_unref(Settings *settings)
{
        if (settings && atomic_fetch_sub_explicit(&settings->n_refs, 1, memory_order_acq_rel) == 1)
                settings_free(settings);
        return NULL;
}

int settings_intern_file(Settings *settings, const char *name, const char **ret)
{
        char **files, *copy;

        for (size_t i = 0; i < settings->n_files; i++) {
                if (strcmp(settings->files[i], name) == 0) {
                        *ret = settings->files[i];
                        return 0;
                }
        }
        files = realloc(settings->files, (settings->n_files + 1) * sizeof *files);
        if (!files)
                return -ENOMEM;
        settings->files = files;
        copy = strdup(name);
        if (!copy)
                return -ENOMEM;
        *ret = files[settings->n_files++] = copy;
        return 0;
}

SettingsOrigin *settings_origin(const Option *option, const Settings *settings,
                                const ListenerSettings *listener)
{
        const bool in_listener =
                option->scope == OPTION_LISTENER || (option->scope == OPTION_SECURITY && listener);

        return &(in_listener ? listener->origins : settings->origins)[option_index(option)];
}

int settings_replace(char **string, const char *text)
{
        char *copy = text ? strdup(text) : NULL;

        if (text && !copy)
                return -ENOMEM;
        free(*string);
        *string = copy;
        return 0;
}

unsigned settings_workers(const Settings *settings)
{
        cpu_set_t cpus;

        if (settings->workers > 0)
                return settings->workers;
        if (sched_getaffinity(0, sizeof cpus, &cpus) < 0)
                return 1;
        return (unsigned)MIN(CPU_COUNT(&cpus), WORKERS_AUTOMATIC_MAX);
}
