/* SPDX-License-Identifier: Apache-2.0 */

/* A reload of the configuration. */
#include "control/reload.h"

#include <errno.h>
#include <string.h>

#include "control/logging.h"
#include "control/notify.h"
#include "util/log.h"

/* Reads and checks; the settings say what will hold. */
static int reload_load(const Manager *manager, ReloadResult *result, Settings **ret_settings)
{
        _cleanup_(settings_unrefp) Settings *settings = NULL;
        int r;

        r = settings_load(manager->source, &settings, &result->errors);
        if (r == 0)
                r = changes_compare(manager->settings, settings, &result->changes);
        if (r == 0)
                r = changes_hold_back(manager->settings, settings);
        if (r == 0)
                r = settings_test(settings, &result->errors);
        if (r < 0)
                return r;
        *ret_settings = TAKE_PTR(settings);
        return 0;
}

static int reload_try(Manager *manager, ReloadResult *result)
{
        _cleanup_(settings_unrefp) Settings *settings = NULL;
        int r;

        r = reload_load(manager, result, &settings);
        if (r < 0)
                return r;
        if (result->changes.n == changes_count(&result->changes, OPTION_RESTART))
                return 0;
        config_errors_add(&result->errors, CONFIG_ERROR, manager->source->file, 0,
                          "This version cannot change settings while it runs: restart it");
        return -EOPNOTSUPP;
}

static void reload_log(const ReloadResult *result)
{
        char text[1024];

        logging_report(&result->errors);
        for (size_t i = 0; i < result->changes.n; i++)
                log_notice("%s",
                           reload_change_format(&result->changes.items[i], text, sizeof(text)));
        if (result->error < 0)
                log_error("The configuration was not reloaded, all is as it was: %s",
                          reload_result_format(result, text, sizeof(text)));
        else
                log_notice("%s", reload_result_format(result, text, sizeof(text)));
}

int manager_reload(Manager *manager, const ReloadResult **ret_result)
{
        _cleanup_(reload_result_freep) ReloadResult *result = NULL;
        const unsigned number = manager->last_reload ? manager->last_reload->number + 1 : 1;
        int r;

        if (ret_result)
                *ret_result = NULL;
        notify_reloading();
        r = reload_result_new(number, &result);
        if (r == 0) {
                r = reload_try(manager, result);
                reload_result_finish(result, r);
                reload_log(result);
                reload_result_free(manager->last_reload);
                manager->last_reload = TAKE_PTR(result);
                if (ret_result)
                        *ret_result = manager->last_reload;
        }
        notify_ready();
        return r;
}
