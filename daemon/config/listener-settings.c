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
        return value_parse_prefixes(listener->proxy_trusted, &listener->proxies,
                                    &listener->n_proxies);
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
