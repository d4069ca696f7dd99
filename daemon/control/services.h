/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What turns with the control thread because the settings ask for it: log lines as messages,
 * `$SYS`, the watch over memory.
 *
 * Thread: control
 */
#pragma once

#include <systemd/sd-event.h>

#include "config/settings.h"
#include "control/log-topic.h"
#include "control/memory-watch.h"
#include "control/sys-topics.h"
#include "server/server.h"

/* A zeroed object has none. */
typedef struct Services {
        LogTopic
                *log_topic; /* NULL: never asked for. Stays: workers may just be giving it a line */
        SysTopics *sys_topics;
        MemoryWatch *memory_watch;
} Services;

/* What they turn with, and tell of: all of it outlives them. */
typedef struct ServicesMeans {
        sd_event *event;
        Server *server;
        const Listeners *listeners;
} ServicesMeans;

/* Makes what these settings need and is not there yet; nothing takes hold. 0 or -errno. */
int services_prepare(Services *services, const ServicesMeans *means, const Settings *settings);

/* The settings take hold; they were prepared. */
void services_apply(Services *services, const Settings *settings);

/* Nobody else logs any more. */
void services_done(Services *services);
