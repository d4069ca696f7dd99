/* SPDX-License-Identifier: Apache-2.0 */

/* The running control plane. */
#include <errno.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "control/backup-bus.h"
#include "control/daemonize.h"
#include "control/figures-bus.h"
#include "control/http-pages.h"
#include "control/listener-bus.h"
#include "control/log-control-bus.h"
#include "control/manager-bus.h"
#include "control/notify.h"
#include "control/run.h"
#include "control/signals.h"
#include "util/log.h"

/* A worker begins to turn within so many ms, or something is very wrong. */
#define START_TIMEOUT (10U * MSEC_PER_SEC)
/* For clients that cannot be handed over to take their last packets: the others wait meanwhile. */
#define LEAVE_TIMEOUT (1U * MSEC_PER_SEC)

/* Answers when every worker has done what it was asked for before. */
static int manager_await_workers(Manager *manager)
{
        server_ping(manager->server);
        return server_await_answers(manager->server, START_TIMEOUT) >= 0 ? -ETIMEDOUT : 0;
}

/* Answers when every worker accepts from every listener. The first client finds all in its place:
 * $SYS is published before, and a crowd cannot take the descriptors that the start needs. */
static int manager_serve(Manager *manager)
{
        int r;

        r = manager_await_workers(manager);
        if (r == 0)
                r = listeners_serve(&manager->listeners, manager->server);
        return r < 0 ? r : manager_await_workers(manager);
}

/* Who watches from outside. */
static int manager_start_reports(Manager *manager)
{
        int r;

        r = status_line_new(manager->event, manager->server, &manager->status_line);
        if (r < 0)
                return r;
        manager_update_status(manager);
        r = certificate_watch_new(manager->event, &manager->certificate_watch);
        if (r == 0)
                r = certificate_watch_set(manager->certificate_watch, &manager->listeners);
        return r < 0 ? r : watchdog_new(manager->event, manager->server, &manager->watchdog);
}

/* Who asks. A broker without a bus is a broker, too. */
static int manager_start_bus(Manager *manager)
{
        int r;

        r = bus_new(manager->event, manager->settings->bus, manager->source->instance,
                    &manager->bus);
        if (r == -EINVAL)
                log_error("No bus name can end in %s: letters, digits, _ and - only",
                          manager->source->instance);
        if (r < 0 || !manager->bus)
                return r;
        r = manager_bus_add(manager);
        if (r == 0)
                r = figures_bus_add(manager);
        if (r == 0)
                r = listener_bus_add(manager);
        if (r == 0)
                r = log_control_bus_add(manager);
        if (r == 0)
                bus_open(manager->bus);
        return r;
}

static int manager_start(Manager *manager)
{
        int r;

        r = signals_watch(manager);
        if (r == 0)
                r = storage_watch(&manager->storage, manager->event, manager->server);
        if (r == 0)
                r = server_start(manager->server);
        if (r == 0)
                r = services_prepare(
                        &manager->services,
                        &(ServicesMeans){manager->event, manager->server, &manager->listeners},
                        manager->settings);
        if (r == 0)
                services_apply(&manager->services, manager->settings);
        if (r == 0)
                r = manager_start_reports(manager);
        if (r == 0)
                r = http_pages_new(manager, &manager->pages);
        if (r == 0)
                r = manager_start_bus(manager);
        if (r == 0)
                r = manager_serve(manager);
        if (r < 0) {
                log_error("Cannot start: %s", strerror(-r));
                notify_failed(r, NULL);
                return r;
        }
        log_notice("hawkerd %s is running with %u workers", VERSION,
                   server_n_workers(manager->server));
        return 0;
}

/* What they wait for is not ours, and may never answer. */
static void warn_of_stragglers(const Manager *manager)
{
        const unsigned n = server_stragglers(manager->server);

        if (n > 0)
                log_warning("%u checks of passwords or keys are not waited for any more: a module "
                            "of PAM or PKCS#11 hangs",
                            n);
}

/* Nobody writes any more. */
static void manager_close_store(Manager *manager)
{
        const bool in_order = server_store_error(manager->server) == 0;

        backup_bus_end(manager);
        server_close_store(manager->server);
        storage_close(&manager->storage, in_order);
}

static void manager_leave(Manager *manager)
{
        hand_over_leave(&manager->hand_over, manager->server, &manager->ticket_key,
                        &manager->listeners, LEAVE_TIMEOUT);
        trace_jobs_end(&manager->traces, "restart");
        manager_close_store(manager);
}

static void manager_stop(Manager *manager)
{
        hand_over_forget(&manager->hand_over);
        server_stop(manager->server, (msec_t)manager->settings->shutdown_timeout * MSEC_PER_SEC);
        trace_jobs_end(&manager->traces, "stop");
        manager_close_store(manager);
        log_notice("hawkerd has stopped");
}

int manager_run(Manager *manager, int ready_fd)
{
        int r;

        r = manager_start(manager);
        if (r == 0) {
                daemonize_ready(ready_fd);
                notify_ready();
                r = sd_event_loop(manager->event);
                if (r < 0) {
                        log_error("The event loop failed: %s", strerror(-r));
                        notify_failed(r, NULL);
                }
                if (manager->end != MANAGER_RESTARTS)
                        notify_stopping();
        }
        manager->pages = http_pages_free(manager->pages);
        if (r < 0 || manager->end == MANAGER_STOPS)
                manager_stop(manager);
        else
                manager_leave(manager);
        warn_of_stragglers(manager);
        if (r < 0)
                return r;
        return manager->end == MANAGER_RESTARTS ? MANAGER_RUN_AGAIN : 0;
}
