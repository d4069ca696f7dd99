/* SPDX-License-Identifier: Apache-2.0 */

/* What signals ask of the control plane. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "control/reload.h"
#include "control/report.h"
#include "control/signals.h"
#include "control/systemd-job.h"
#include "util/log.h"

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *signal, void *data)
{
        log_notice("Stopping on signal %s", strsignal((int)signal->ssi_signo));
        return sd_event_exit(sd_event_source_get_event(source), 0);
}

/* Whether systemd will start us again at once: then it keeps what we hand over. */
static bool is_restart(const Manager *manager)
{
        bool restart = false;
        int r;

        if (!manager->hand_over.parking)
                return false;
        r = systemd_job_is_restart(&restart);
        if (r < 0)
                log_warning("Cannot ask systemd whether this is a restart, so it is a stop: %s",
                            strerror(-r));
        return restart && hand_over_is_possible(&manager->hand_over);
}

static int on_terminate(sd_event_source *source, const struct signalfd_siginfo *signal, void *data)
{
        Manager *manager = data;

        if (!is_restart(manager))
                return on_stop(source, signal, data);
        log_notice("Restarting on signal %s", strsignal((int)signal->ssi_signo));
        manager->end = MANAGER_HANDS_OVER;
        return sd_event_exit(manager->event, 0);
}

static int on_restart(sd_event_source *source, const struct signalfd_siginfo *signal, void *data)
{
        int r = manager_restart(data);

        if (r < 0)
                log_warning("Cannot restart and keep the connections: %s", strerror(-r));
        else
                log_notice("Restarting on signal %s", strsignal((int)signal->ssi_signo));
        return 0;
}

static void reopen_log(const Manager *manager)
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
        reopen_log(data);
        manager_reload(data, NULL);
        return 0;
}

static int on_reopen(sd_event_source *source, const struct signalfd_siginfo *signal, void *data)
{
        reopen_log(data);
        return 0;
}

static int on_save(sd_event_source *source, const struct signalfd_siginfo *signal, void *data)
{
        const Manager *manager = data;

        storage_checkpoint(&manager->storage);
        return 0;
}

static int on_report(sd_event_source *source, const struct signalfd_siginfo *signal, void *data)
{
        Manager *manager = data;

        report_log(manager->server);
        return 0;
}

/* SIGRTMIN is no constant: -1 stands for it, -2 for the one behind it. */
static const struct {
        int signal;
        sd_event_signal_handler_t handler;
} signals[] = {
        {SIGTERM, on_terminate}, {SIGINT, on_stop}, {SIGHUP, on_hangup}, {SIGUSR1, on_save},
        {SIGUSR2, on_report},    {-1, on_reopen},   {-2, on_restart},
};

static int signal_number(size_t i)
{
        return signals[i].signal > 0 ? signals[i].signal : SIGRTMIN - 1 - signals[i].signal;
}

void signals_block(void)
{
        sigset_t set;

        sigemptyset(&set);
        for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
                sigaddset(&set, signal_number(i));
        pthread_sigmask(SIG_BLOCK, &set, NULL);
        signal(SIGPIPE, SIG_IGN);
}

int signals_watch(Manager *manager)
{
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(signals) && r >= 0; i++)
                r = sd_event_add_signal(manager->event, NULL, signal_number(i), signals[i].handler,
                                        manager);
        return r < 0 ? r : 0;
}
