/* SPDX-License-Identifier: Apache-2.0 */

/*
 * log_dest topic: log lines of all threads, published as `$SYS/broker/log/…` by the control thread.
 *
 * Thread: control; lines come in from any
 */
#pragma once

#include <systemd/sd-event.h>

#include "server/server.h"
#include "util/log.h"
#include "util/macro.h"

typedef struct LogTopic LogTopic;

/* Takes the log's sink; event and server outlive it. 0 or -errno. */
int log_topic_new(sd_event *event, Server *server, LogTopic **ret_topic);

/* Gives the sink back. Nobody else logs any more. */
LogTopic *log_topic_free(LogTopic *topic);
DEFINE_CLEANUP(LogTopic, log_topic_free)

/* Where lines of a category go; NULL: nowhere (debug would feed on itself). */
const char *log_topic_name(LogCategory category);
