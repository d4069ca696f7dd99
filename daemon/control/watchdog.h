/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Tells the service manager that the broker is alive (WatchdogSec=), but only while every worker
 * is: each has to answer between one message and the next. When one is stuck nothing is said any
 * more, and the manager ends the process and starts a new one.
 *
 * Thread: control
 */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "server/server.h"
#include "util/macro.h"

#define MESSAGE_ID_WORKER_SILENT "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e04"

typedef struct Watchdog Watchdog;

/* The server runs. If nobody wants to be told *ret_watchdog is NULL. 0 or -errno. */
int watchdog_new(sd_event *event, Server *server, Watchdog **ret_watchdog);
/* The control thread is about to do something that may take long (true), or has done it: it is
 * given more time. NULL: nobody wants to be told. */
void watchdog_relax(const Watchdog *watchdog, bool relax);
Watchdog *watchdog_free(Watchdog *watchdog);
DEFINE_CLEANUP(Watchdog, watchdog_free)
