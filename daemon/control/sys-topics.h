/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Publishes the changed values of `$SYS/broker/…` each `sys_interval`, retained, at whole multiples
 * of the interval by the wall clock.
 *
 * Thread: control
 */
#pragma once

#include <systemd/sd-event.h>

#include "control/listeners.h"
#include "server/server.h"
#include "util/macro.h"

typedef struct SysTopics SysTopics;

/* Uptime counts from now; publishes nothing before an interval is set. The listeners, whichever
 * they are then, outlive it. 0 or -errno. */
int sys_topics_new(sd_event *event, Server *server, const Listeners *listeners,
                   SysTopics **ret_topics);
SysTopics *sys_topics_free(SysTopics *topics);
DEFINE_CLEANUP(SysTopics, sys_topics_free)

/* The figures of now, as sys_tree_give(). */
int sys_topics_give(SysTopics *topics, int (*take)(const char *topic, uint64_t value, void *data),
                    void *data);

/* In seconds; 0: no more. What has changed is published at once, too. 0 or -errno. */
int sys_topics_set_interval(SysTopics *topics, unsigned interval);
