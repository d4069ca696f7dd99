/* SPDX-License-Identifier: Apache-2.0 */

/* The control plane. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "control/account.h"
#include "control/listener-pause.h"
#include "control/logging.h"
#include "control/manager.h"
#include "control/notify.h"
#include "control/passed-sockets.h"
#include "control/pid-file.h"
#include "util/log.h"

static int manager_make_event(Manager *manager)
{
        int r;

        r = sd_event_new(&manager->event);
        if (r < 0)
                log_error("Cannot make the event loop: %s", strerror(-r));
        return r < 0 ? r : 0;
}

static int manager_open_listeners(Manager *manager, ConfigErrors *errors)
{
        const ListenerMeans means = {
                .passed = &manager->passed,
                .ticket_key = &manager->ticket_key,
                .parked = &manager->hand_over.parked,
        };
        int r;

        if (hand_over_ticket_key(&manager->hand_over, &manager->ticket_key) < 0) {
                r = tls_ticket_key_init(&manager->ticket_key);
                if (r < 0) {
                        log_error("Cannot draw the key for TLS session tickets: %s", strerror(-r));
                        return r;
                }
        }
        r = listeners_open(manager->settings, &means, errors, &manager->listeners);
        if (r == 0)
                passed_sockets_report(&manager->passed, manager->settings->local_only, errors);
        logging_report(errors);
        return r;
}

/* What systemd has for us: sockets, and what the last process left. */
static int manager_receive(Manager *manager, ConfigErrors *errors)
{
        int r = passed_sockets_receive(errors, &manager->passed);

        if (r < 0)
                log_error("Cannot take over the sockets of systemd: %s", strerror(-r));
        else
                hand_over_receive(&manager->hand_over, &manager->passed);
        return r;
}

int manager_load_settings(const Manager *manager, Settings **ret_settings, ConfigErrors *errors)
{
        const char *added[PASSED_ADDED_MAX];
        SettingsSource source = *manager->source;

        source.added = added;
        source.n_added = passed_sockets_added(&manager->passed, added);
        return settings_load(&source, ret_settings, errors);
}

/* Those that were added to the last process are served by this one too. */
static int manager_serve_added(Manager *manager)
{
        _cleanup_(config_errors_done) ConfigErrors told_before = CONFIG_ERRORS_INIT;
        const char *added[PASSED_ADDED_MAX];
        Settings *settings;
        int r;

        if (passed_sockets_added(&manager->passed, added) == 0)
                return 0;
        r = manager_load_settings(manager, &settings, &told_before);
        if (r < 0) {
                logging_report(&told_before);
                return r;
        }
        settings_unref(manager->settings);
        manager->settings = settings;
        return 0;
}

static int manager_write_pid_file(Manager *manager)
{
        const char *path = manager->settings->pid_file;
        int r;

        if (!path)
                return 0;
        r = pid_file_write(path);
        if (r < 0)
                log_error("Cannot write the pid file %s: %s", path, strerror(-r));
        manager->has_pid_file = r == 0;
        return r;
}

/* What needs root is open by now. */
static int manager_leave_root(Manager *manager)
{
        Account account;
        int r;

        if (geteuid() != 0)
                return 0;
        r = account_find_service(manager->settings->user, &account);
        if (r < 0) {
                log_error("There is no user %s to run as", manager->settings->user);
                return r;
        }
        listeners_give(&manager->listeners, account.uid, account.gid);
        r = account_assume(&account);
        manager->has_left_root = r == 0 && account.uid != 0;
        if (r < 0)
                log_error("Cannot become user %s: %s", account.name, strerror(-r));
        else if (account.uid == 0)
                log_warning("Running as root: name another user in the configuration");
        else
                log_info("Running as user %s", account.name);
        return r;
}

/* The image of the process before knows more than the store, down to the connections; without one
 * the store has all that was to last. */
static int manager_resume(Manager *manager)
{
        const bool resumes = manager->hand_over.image;
        int r = storage_restore(&manager->storage, manager->server, resumes);

        if (r == 0)
                r = hand_over_resume(&manager->hand_over, manager->server, &manager->listeners);
        if (r == 0)
                r = storage_keep(&manager->storage, manager->server);
        if (r == 0 && resumes)
                hand_over_settle(manager->server);
        return r;
}

static int manager_make_server(Manager *manager)
{
        int r;

        r = server_new(manager->settings, &manager->server);
        if (r < 0) {
                log_error("Cannot make the workers: %s", strerror(-r));
                return r;
        }
        return manager_resume(manager);
}

static int manager_ban(Manager *manager, ConfigErrors *errors)
{
        _cleanup_(ban_table_unrefp) BanTable *all = NULL;
        int r;

        r = ban_book_open(manager->settings, errors, &manager->bans);
        if (r < 0)
                logging_report(errors);
        else
                r = ban_book_merge(&manager->bans, manager->bans.listed, &all);
        if (r == 0 && ban_table_count(all) > 0)
                r = server_set_bans(manager->server, all);
        if (r == 0)
                r = ban_rules_new(manager->event, manager->server, &manager->bans,
                                  &manager->ban_rules);
        if (r == 0)
                r = ban_expiry_new(manager->event, manager->server, &manager->bans,
                                   &manager->ban_expiry);
        if (r == 0)
                ban_rules_set_duration(manager->ban_rules, manager->settings->ban_duration);
        return r;
}

static int manager_open_store(Manager *manager, ConfigErrors *errors)
{
        int r = storage_open(manager->settings, errors, &manager->storage);

        if (r == -EKEYREJECTED)
                logging_report(errors);
        else if (r < 0)
                log_error("Cannot open the store: %s", strerror(-r));
        return r;
}

int manager_new(const SettingsSource *source, Settings *settings, Manager **ret_manager)
{
        _cleanup_(config_errors_done) ConfigErrors errors = CONFIG_ERRORS_INIT;
        _cleanup_(manager_freep) Manager *manager = NULL;
        int r;

        manager = calloc(1, sizeof(*manager));
        if (!manager)
                return -ENOMEM;
        manager->source = source;
        manager->settings = settings_ref(settings);
        manager->started = clock_realtime_ms() * USEC_PER_MSEC;

        r = manager_make_event(manager);
        if (r == 0)
                r = manager_receive(manager, &errors);
        if (r == 0)
                r = manager_serve_added(manager);
        if (r == 0)
                r = manager_open_listeners(manager, &errors);
        if (r == 0)
                r = manager_write_pid_file(manager);
        if (r == 0)
                r = manager_leave_root(manager);
        if (r == 0)
                r = manager_open_store(manager, &errors);
        if (r == 0)
                r = manager_make_server(manager);
        if (r == 0)
                r = manager_ban(manager, &errors);
        if (r < 0) {
                /* It will be wrong the next time, too. */
                if (r == -EKEYREJECTED)
                        hand_over_refuse(&manager->hand_over);
                notify_failed(r, &errors);
                return r;
        }

        *ret_manager = TAKE_PTR(manager);
        return 0;
}

void manager_update_status(Manager *manager)
{
        const ReloadResult *last = manager->last_reload;
        char trouble[1024];
        const StatusFacts facts = {
                .n_addresses = listeners_n_addresses(&manager->listeners),
                .n_paused = listeners_n_paused(&manager->listeners),
                .expires = listeners_expire(&manager->listeners),
                .trouble = last && last->error < 0
                                   ? reload_result_format(last, trouble, sizeof(trouble))
                                   : NULL,
        };

        status_line_set(manager->status_line, &facts);
}

int manager_restart(Manager *manager)
{
        if (!hand_over_is_possible(&manager->hand_over))
                return -EOPNOTSUPP;
        manager->end = MANAGER_RESTARTS;
        return sd_event_exit(manager->event, 0);
}

bool manager_has_stragglers(const Manager *manager)
{
        return server_stragglers(manager->server) > 0;
}

Manager *manager_free(Manager *manager)
{
        if (!manager)
                return NULL;
        polkit_done(&manager->polkit);
        gatherings_done(&manager->gatherings);
        trace_jobs_done(&manager->traces);
        bus_free(manager->bus);
        certificate_watch_free(manager->certificate_watch);
        watchdog_free(manager->watchdog);
        status_line_free(manager->status_line);
        services_done(&manager->services);
        reload_result_free(manager->last_reload);
        ban_expiry_free(manager->ban_expiry);
        ban_rules_free(manager->ban_rules);
        server_free(manager->server);
        storage_close(&manager->storage, false);
        ban_book_done(&manager->bans);
        listeners_done(&manager->listeners);
        passed_sockets_done(&manager->passed);
        if (manager->has_pid_file)
                pid_file_remove(manager->settings->pid_file);
        sd_event_unref(manager->event);
        hand_over_done(&manager->hand_over);
        settings_unref(manager->settings);
        free(manager);
        return NULL;
}
