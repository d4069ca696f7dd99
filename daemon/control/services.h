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

/* Each is NULL where the settings do not want it. A zeroed object has none. */
typedef struct Services {
        LogTopic *log_topic;
        SysTopics *sys_topics;
        MemoryWatch *memory_watch;
} Services;

/* Makes all that the settings want; event and server outlive it. 0, or -errno and there is none. */
int services_init(Services *services, sd_event *event, Server *server, const Settings *settings);

/* Nobody else logs any more. */
void services_done(Services *services);
