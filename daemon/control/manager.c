/* SPDX-License-Identifier: Apache-2.0 */

/* The control plane. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "control/account.h"
#include "control/daemonize.h"
#include "control/listener.h"
#include "control/log-topic.h"
#include "control/logging.h"
#include "control/manager.h"
#include "control/memory-watch.h"
#include "control/notify.h"
#include "control/passed-sockets.h"
#include "control/pid-file.h"
#include "control/report.h"
#include "control/status-line.h"
#include "control/sys-topics.h"
#include "control/watchdog.h"
#include "util/log.h"

/* A worker begins to turn within so many ms, or something is very wrong. */
#define START_TIMEOUT (10U * MSEC_PER_SEC)

struct Manager {
        Settings *settings;
        sd_event *event;
        TlsTicketKey ticket_key; /* for the life of the process */
        Listener **listeners;
        size_t n_listeners;
        bool has_pid_file;
        Server *server;
        SysTopics *sys_topics;
        MemoryWatch *memory_watch;
        LogTopic *log_topic;
        StatusLine *status_line;
        Watchdog *watchdog;
};

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *signal, void *data)
{
        log_notice("Stopping on signal %s", strsignal((int)signal->ssi_signo));
        return sd_event_exit(sd_event_source_get_event(source), 0);
}

static void manager_reopen_log(const Manager *manager)
{
        int r;

        if (!(manager->settings->log_dest & LOG_TO_FILE))
                return;
        r = log_reopen();
        if (r < 0)
                log_error("Cannot open the log file again: %s", strerror(-r));
        else
                log_notice("The log file was opened again");
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *signal, void *data)
{
        manager_reopen_log(data);
        log_warning("This version cannot load its configuration again: restart it for changes");
        return 0;
}

static int on_reopen(sd_event_source *source, const struct signalfd_siginfo *signal, void *data)
{
        manager_reopen_log(data);
        return 0;
}

static int on_save(sd_event_source *source, const struct signalfd_siginfo *signal, void *data)
{
        log_notice("Nothing to save: all state is in memory");
        return 0;
}

static int on_report(sd_event_source *source, const struct signalfd_siginfo *signal, void *data)
{
        Manager *manager = data;

        report_log(manager->server);
        return 0;
}

/* SIGRTMIN is no constant: it is put in place of 0. */
static const struct {
        int signal;
        sd_event_signal_handler_t handler;
} signals[] = {
        {SIGTERM, on_stop}, {SIGINT, on_stop},    {SIGHUP, on_hangup},
        {SIGUSR1, on_save}, {SIGUSR2, on_report}, {0, on_reopen},
};

static int signal_number(size_t i)
{
        return signals[i].signal ? signals[i].signal : SIGRTMIN;
}

void manager_block_signals(void)
{
        sigset_t set;

        sigemptyset(&set);
        for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
                sigaddset(&set, signal_number(i));
        pthread_sigmask(SIG_BLOCK, &set, NULL);
        signal(SIGPIPE, SIG_IGN);
}

static int manager_make_event(Manager *manager)
{
        int r;

        r = sd_event_new(&manager->event);
        for (size_t i = 0; i < ARRAY_SIZE(signals) && r >= 0; i++)
                r = sd_event_add_signal(manager->event, NULL, signal_number(i), signals[i].handler,
                                        manager);
        if (r < 0)
                log_error("Cannot make the event loop: %s", strerror(-r));
        return r < 0 ? r : 0;
}

static int manager_open_listeners(Manager *manager, ConfigErrors *errors)
{
        _cleanup_(passed_sockets_done) PassedSockets passed = {};
        int r;

        r = tls_ticket_key_init(&manager->ticket_key);
        if (r < 0) {
                log_error("Cannot draw the key for TLS session tickets: %s", strerror(-r));
                return r;
        }
        r = passed_sockets_receive(errors, &passed);
        if (r < 0) {
                log_error("Cannot take over the sockets of systemd: %s", strerror(-r));
        } else {
                const ListenerMeans means = {&passed, &manager->ticket_key};

                r = listeners_open(manager->settings, &means, errors, &manager->listeners,
                                   &manager->n_listeners);
        }
        logging_report(errors);
        return r;
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
static int manager_leave_root(const Manager *manager)
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
        r = account_assume(&account);
        if (r < 0)
                log_error("Cannot become user %s: %s", account.name, strerror(-r));
        else if (account.uid == 0)
                log_warning("Running as root: name another user in the configuration");
        else
                log_info("Running as user %s", account.name);
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
        return 0;
}

int manager_new(Settings *settings, Manager **ret_manager)
{
        _cleanup_(config_errors_done) ConfigErrors errors = CONFIG_ERRORS_INIT;
        _cleanup_(manager_freep) Manager *manager = NULL;
        int r;

        manager = calloc(1, sizeof(*manager));
        if (!manager)
                return -ENOMEM;
        manager->settings = settings_ref(settings);

        r = manager_make_event(manager);
        if (r == 0)
                r = manager_open_listeners(manager, &errors);
        if (r == 0)
                r = manager_write_pid_file(manager);
        if (r == 0)
                r = manager_leave_root(manager);
        if (r == 0)
                r = manager_make_server(manager);
        if (r < 0) {
                notify_failed(r, &errors);
                return r;
        }

        *ret_manager = TAKE_PTR(manager);
        return 0;
}

Manager *manager_free(Manager *manager)
{
        if (!manager)
                return NULL;
        watchdog_free(manager->watchdog);
        status_line_free(manager->status_line);
        log_topic_free(manager->log_topic);
        memory_watch_free(manager->memory_watch);
        sys_topics_free(manager->sys_topics);
        server_free(manager->server);
        listeners_free(manager->listeners, manager->n_listeners);
        if (manager->has_pid_file)
                pid_file_remove(manager->settings->pid_file);
        sd_event_unref(manager->event);
        settings_unref(manager->settings);
        free(manager);
        return NULL;
}

/* What turns with the control thread beside the signals, as the settings want it. */
static int manager_start_services(Manager *manager)
{
        const Settings *settings = manager->settings;
        int r = 0;

        if (settings->log_dest & LOG_TO_TOPIC)
                r = log_topic_new(manager->event, manager->server, &manager->log_topic);
        if (r == 0 && settings->sys_interval > 0)
                r = sys_topics_new(manager->event, manager->server, settings->sys_interval,
                                   &manager->sys_topics);
        if (r == 0 && settings->memory_limit > 0)
                r = memory_watch_new(manager->event, manager->server, settings->memory_limit,
                                     &manager->memory_watch);
        return r;
}

/* Answers when every worker accepts from every listener. */
static int manager_serve(Manager *manager)
{
        int r = 0;

        for (size_t i = 0; i < manager->n_listeners && r == 0; i++)
                r = listener_serve(manager->listeners[i], manager->server);
        if (r < 0)
                return r;
        server_ping(manager->server);
        return server_await_answers(manager->server, START_TIMEOUT) >= 0 ? -ETIMEDOUT : 0;
}

/* Who watches from outside. */
static int manager_start_reports(Manager *manager)
{
        size_t n_addresses = 0;
        int r;

        for (size_t i = 0; i < manager->n_listeners; i++)
                n_addresses += listener_n_addresses(manager->listeners[i]);
        r = status_line_new(manager->event, manager->server, n_addresses, &manager->status_line);
        if (r == 0)
                r = watchdog_new(manager->event, manager->server, &manager->watchdog);
        return r;
}

static int manager_start(Manager *manager)
{
        int r;

        r = server_start(manager->server);
        if (r == 0)
                r = manager_start_services(manager);
        if (r == 0)
                r = manager_serve(manager);
        if (r == 0)
                r = manager_start_reports(manager);
        if (r < 0) {
                log_error("Cannot start: %s", strerror(-r));
                notify_failed(r, NULL);
                return r;
        }
        log_notice("hawkerd %s is running with %u workers", VERSION,
                   server_n_workers(manager->server));
        return 0;
}

static void manager_stop(Manager *manager)
{
        server_stop(manager->server, (msec_t)manager->settings->shutdown_timeout * MSEC_PER_SEC);
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
                notify_stopping();
        }
        manager_stop(manager);
        return r < 0 ? r : 0;
}
