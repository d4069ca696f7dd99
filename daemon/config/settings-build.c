/* SPDX-License-Identifier: Apache-2.0 */
/* settings-build.c: making a Settings */
#include "config/settings-build.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "config/values.h"
#include "util/macro.h"

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
        r = values_set_defaults(settings, NULL);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(settings);
        return 0;
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
