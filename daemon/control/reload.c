/* SPDX-License-Identifier: Apache-2.0 */

/* A reload of the configuration. */
#include "control/reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/options.h"
#include "control/logging.h"
#include "control/notify.h"
#include "control/reload-log.h"
#include "util/log.h"

/* A worker takes the settings over within so many ms, or something is very wrong with it. */
#define WORKERS_TIMEOUT (10U * MSEC_PER_SEC)

/* What will be, until it is. */
typedef struct Reload {
        Manager *manager;
        ReloadResult *result;
        Settings *settings; /* a reference */
        ListenerMeans means;
        Listeners listeners;
        EndpointChange *endpoints;
        size_t n_endpoints;
        BanTable *listed_bans, *bans; /* references: those of the admin, and all */
} Reload;

static bool has_log_changes(const Changes *changes)
{
        for (size_t i = 0; i < changes->n; i++)
                if (strncmp(changes->items[i].option, "log_", strlen("log_")) == 0)
                        return true;
        return false;
}

/* A configuration that says the same again disturbs nobody. */
static bool is_the_same(const Reload *reload)
{
        const Changes *changes = &reload->result->changes;

        if (!ban_table_equal(reload->manager->bans.listed, reload->listed_bans) ||
            changes->n != changes_count(changes, OPTION_RESTART))
                return false;
        for (size_t i = 0; i < reload->n_endpoints; i++)
                if (!reload->endpoints[i].before || !reload->endpoints[i].after)
                        return false;
        return true;
}

/* --- what can fail --- */

/* Settings that are right, and in what they differ; of what a restart changes they say what runs.
 */
static int reload_read(Reload *reload)
{
        const Settings *running = reload->manager->settings;
        ReloadResult *result = reload->result;
        int r;

        r = manager_load_settings(reload->manager, &reload->settings, &result->errors);
        if (r == 0)
                r = settings_test(reload->settings, running, &result->errors);
        if (r == 0)
                r = changes_compare(running, reload->settings, &result->changes);
        if (r == 0)
                r = changes_hold_back(running, reload->settings);
        return r;
}

static int reload_open(Reload *reload)
{
        ReloadResult *result = reload->result;
        int r;

        r = listeners_open(reload->settings, &reload->means, &result->errors, &reload->listeners);
        if (r == 0)
                r = listeners_compare_credentials(&reload->listeners, &reload->means,
                                                  &result->changes);
        if (r == 0)
                r = ban_book_read_listed(reload->settings, &result->errors, &reload->listed_bans);
        if (r == 0)
                r = ban_book_merge(&reload->manager->bans, reload->listed_bans, &reload->bans);
        if (r == 0)
                r = listeners_compare(&reload->listeners, &reload->means, &reload->endpoints,
                                      &reload->n_endpoints);
        return r;
}

static int reload_log(const Reload *reload, const Settings *settings)
{
        const SettingsOrigin *origin = &settings->origins[option_index(option_find("log_dest"))];
        int r;

        if (!has_log_changes(&reload->result->changes))
                return 0;
        r = logging_apply(settings);
        if (r < 0)
                config_errors_add(&reload->result->errors, CONFIG_ERROR, origin->file, origin->line,
                                  "Cannot log to %s: %s",
                                  settings->log_file ? settings->log_file : "the log",
                                  strerror(-r));
        return r;
}

/* The last steps: up to here nothing could be seen from outside. 0, or -errno and all is as it was,
 * but for listeners. */
static int reload_take_hold(Reload *reload)
{
        Manager *manager = reload->manager;
        int r;

        r = services_prepare(&manager->services,
                             &(ServicesMeans){manager->event, manager->server, &manager->listeners},
                             reload->settings);
        if (r == 0)
                r = listeners_listen(&reload->listeners, &reload->means, &reload->result->errors);
        if (r < 0)
                return r;
        r = reload_log(reload, reload->settings);
        if (r == 0) {
                listeners_forget_answers(&manager->listeners);
                r = server_reload(manager->server, reload->settings, reload->endpoints,
                                  reload->n_endpoints);
                if (r < 0)
                        reload_log(reload, manager->settings);
        }
        if (r < 0)
                listeners_restore(&reload->listeners);
        return r;
}

/* --- what cannot --- */

static void reload_commit(Reload *reload)
{
        Manager *manager = reload->manager;
        Settings *before = manager->settings;

        manager->settings = settings_ref(reload->settings);
        services_apply(&manager->services, manager->settings);
        storage_apply(&manager->storage, manager->settings);
        ban_rules_set_duration(manager->ban_rules, manager->settings->ban_duration);
        ban_book_set_listed(&manager->bans, reload->listed_bans);
        if (server_set_bans(manager->server, reload->bans) < 0)
                config_errors_add(&reload->result->errors, CONFIG_WARNING, NULL, 0,
                                  "Out of memory: who is banned and connected stays for now");
        server_ping(manager->server);
        if (server_await_answers(manager->server, WORKERS_TIMEOUT) >= 0)
                config_errors_add(&reload->result->errors, CONFIG_WARNING, NULL, 0,
                                  "A worker does not answer: it will go by the new settings when "
                                  "it does");
        listeners_commit(&reload->listeners, &reload->means);
        settings_unref(before);
}

/* --- the whole --- */

/* What they say is no part of the configuration: it may be something else though that is the same.
 */
static int ask_authorities_again(Manager *manager)
{
        return listeners_forget_answers(&manager->listeners)
                       ? server_reload(manager->server, manager->settings, NULL, 0)
                       : 0;
}

static int reload_run(Reload *reload)
{
        int r;

        r = reload_read(reload);
        if (r == 0)
                r = reload_open(reload);
        if (r < 0)
                return r;
        if (is_the_same(reload)) {
                listeners_abandon(&reload->listeners, &reload->means);
                r = ask_authorities_again(reload->manager);
        } else {
                r = reload_take_hold(reload);
                if (r < 0)
                        listeners_abandon(&reload->listeners, &reload->means);
                else
                        reload_commit(reload);
        }
        /* What is claimed is what is served only now. */
        if (r == 0)
                passed_sockets_report(&reload->manager->passed, reload->settings->local_only,
                                      &reload->result->errors);
        return r;
}

/* What could be read at the start by root is out of reach now: say so, for it looks as if nothing
 * were wrong. */
static void explain(const Manager *manager, ConfigErrors *errors)
{
        const char *denied = strerror(EACCES);

        if (!manager->has_left_root)
                return;
        for (size_t i = 0; i < errors->n_items; i++) {
                if (errors->items[i].severity != CONFIG_ERROR ||
                    !strstr(errors->items[i].text, denied))
                        continue;
                config_errors_add(
                        errors, CONFIG_WARNING, NULL, 0,
                        "The broker was started as root and has become user %s: what only "
                        "root may read or open takes a restart, or a place where the user "
                        "may",
                        manager->settings->user);
                return;
        }
}

static void watch_certificates(const Manager *manager)
{
        int r = certificate_watch_set(manager->certificate_watch, &manager->listeners);

        if (r < 0)
                log_warning("The ends of the new certificates are not watched: %s", strerror(-r));
}

static void reload_try(Manager *manager, ReloadResult *result)
{
        Reload reload = {
                .manager = manager,
                .result = result,
                .means =
                        {
                                .passed = &manager->passed,
                                .ticket_key = &manager->ticket_key,
                                .before = &manager->listeners,
                        },
        };
        const int r = reload_run(&reload);

        free(reload.endpoints);
        listeners_done(&reload.listeners);
        ban_table_unref(reload.listed_bans);
        ban_table_unref(reload.bans);
        settings_unref(reload.settings);
        if (r < 0)
                explain(manager, &result->errors);
        else
                watch_certificates(manager);
        reload_result_finish(result, r);
}

int manager_reload(Manager *manager, const ReloadResult **ret_result)
{
        _cleanup_(reload_result_freep) ReloadResult *result = NULL;
        const unsigned number = manager->last_reload ? manager->last_reload->number + 1 : 1;
        int r;

        if (ret_result)
                *ret_result = NULL;
        notify_reloading();
        watchdog_relax(manager->watchdog, true);
        r = reload_result_new(number, &result);
        if (r == 0) {
                reload_try(manager, result);
                reload_result_log(result);
                r = result->error;
                reload_result_free(manager->last_reload);
                manager->last_reload = TAKE_PTR(result);
                manager_update_status(manager);
                if (ret_result)
                        *ret_result = manager->last_reload;
        }
        watchdog_relax(manager->watchdog, false);
        notify_ready();
        return r;
}
