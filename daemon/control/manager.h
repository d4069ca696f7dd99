/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The control plane: one thread around an sd-event loop that owns the settings, the listeners and
 * the server. What it does with them is in run.h, signals.h and reload.h, which look inside.
 *
 * Thread: control
 */
#pragma once

#include <systemd/sd-event.h>

#include "config/settings.h"
#include "control/ban-book.h"
#include "control/ban-expiry.h"
#include "control/ban-rules.h"
#include "control/bus.h"
#include "control/certificate-watch.h"
#include "control/gathering.h"
#include "control/hand-over.h"
#include "control/listeners.h"
#include "control/polkit.h"
#include "control/reload-result.h"
#include "control/services.h"
#include "control/status-line.h"
#include "control/storage.h"
#include "control/subscribers.h"
#include "control/trace-jobs.h"
#include "control/watchdog.h"
#include "server/server.h"
#include "transport/tls-credentials.h"
#include "util/macro.h"

typedef struct BackupJob BackupJob;
typedef struct EventBus EventBus;
typedef struct HttpPages HttpPages;

/* What is to become of the clients when the loop has ended. */
typedef enum ManagerEnd {
        MANAGER_STOPS,
        MANAGER_HANDS_OVER, /* who ends it starts the next process */
        MANAGER_RESTARTS,   /* the same, and asks for that process by its exit status */
} ManagerEnd;

typedef struct Manager {
        const SettingsSource *source; /* borrowed: where the settings come from */
        Settings *settings;
        uint64_t started; /* microseconds since 1970 */
        sd_event *event;
        TlsTicketKey ticket_key; /* for the life of the process */
        PassedSockets passed;
        Listeners listeners;
        unsigned n_pauses; /* how often one was paused or resumed */
        bool has_pid_file;
        bool has_left_root;
        Storage storage;
        BackupJob *backup; /* backup-bus.h; NULL: none is made */
        Server *server;
        BanBook bans;
        BanRules *ban_rules;
        BanExpiry *ban_expiry;
        HandOver hand_over; /* from the last process, and to the next one */
        ManagerEnd end;
        Services services;
        StatusLine *status_line;
        Watchdog *watchdog;
        CertificateWatch *certificate_watch;
        ReloadResult *last_reload; /* NULL: there was none */
        Polkit polkit;             /* what it is asked about callers of the bus */
        Gatherings gatherings;     /* of them */
        Bus *bus;                  /* NULL: none is wanted, or it has not started */
        EventBus *events;          /* event-bus.h; NULL: without a bus */
        HttpPages *pages;          /* http-pages.h */
        TraceJobs traces;          /* for callers of the bus */
} Manager;

/*
 * Opens all listeners of the settings, which were loaded from source (it outlives the manager),
 * writes the pid file, gives up root for `user`, makes the workers. Each failure is logged with the
 * file and line that asked for it. 0 or -errno.
 */
int manager_new(const SettingsSource *source, Settings *settings, Manager **ret_manager);

/*
 * Settings from where they come from, with the listeners that were added. As settings_load().
 */
int manager_load_settings(const Manager *manager, Settings **ret_settings, ConfigErrors *errors);

/* The line for `systemctl status` says what is now: addresses, certificates, the last reload. */
void manager_update_status(Manager *manager);

/*
 * Ends the loop, so that the next process goes on with all that this one has; its service manager
 * starts it because of the exit status. 0; -EOPNOTSUPP: nobody would keep the connections.
 */
int manager_restart(Manager *manager);

/* Whether threads are left that nobody can end: then the process is to end by _exit(), for what
 * runs at exit() may wait for the same module as they do. */
bool manager_has_stragglers(const Manager *manager);

/* Stopped or never run: closes listeners, removes socket files and pid file. */
Manager *manager_free(Manager *manager);
DEFINE_CLEANUP(Manager, manager_free)
