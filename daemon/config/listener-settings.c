/* SPDX-License-Identifier: Apache-2.0 */
/* listener-settings.c: the life of a ListenerSettings */
#include "config/listener-settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/options.h"
#include "config/values.h"
#include "util/macro.h"

void listener_settings_done(ListenerSettings *listener)
{
        values_clear_strings(NULL, listener);
        free(listener->name);
        free(listener->host);
        free(listener->path);
        free(listener->origins);
        free(listener->proxies);
        *listener = (ListenerSettings){};
}

int listener_settings_complete(ListenerSettings *listener)
{
        const size_t n = value_count_lines(listener->proxy_trusted);
        _cleanup_free_ char *lines = NULL;
        char *line, *rest;

        if (n == 0)
                return 0;
        lines = strdup(listener->proxy_trusted);
        listener->proxies = calloc(n, sizeof(*listener->proxies));
        if (!lines || !listener->proxies)
                return -ENOMEM;
        for (line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                int r = prefix_parse(line, &listener->proxies[listener->n_proxies]);

                if (r < 0)
                        return r;
                listener->n_proxies++;
        }
        return 0;
}

int listener_settings_init(ListenerSettings *listener)
{
        int r;

        *listener = (ListenerSettings){.origins = calloc(n_options(), sizeof(SettingsOrigin))};
        if (!listener->origins)
                return -ENOMEM;
        r = values_set_defaults(NULL, listener);
        if (r < 0)
                listener_settings_done(listener);
        return r;
}
