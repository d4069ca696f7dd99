/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The values of `$SYS/broker/listeners/NAME/…` as texts: what comes to a listener and becomes no
 * client, so that a flood which no other figure shows can be seen. In a name `/`, `+` and `#` are
 * `_`, for it is one level of the topic.
 *
 * Thread: any one at a time
 */
#pragma once

#include <stdbool.h>

#include "server/listening-socket.h"
#include "util/macro.h"

typedef struct SysListeners SysListeners;

/* 0 or -ENOMEM. */
int sys_listeners_new(SysListeners **ret_listeners);
SysListeners *sys_listeners_free(SysListeners *listeners);
DEFINE_CLEANUP(SysListeners, sys_listeners_free)

/* The figures of this moment follow, of each listener that there is. */
void sys_listeners_begin(SysListeners *listeners);
/* 0 or -ENOMEM: then this one is left out. */
int sys_listeners_add(SysListeners *listeners, const char *name, const ListenerFigures *figures);

/* The next value that is not the one which was last given out here; an empty text: its listener is
 * gone. Both strings are borrowed until the next call. False: no more. */
bool sys_listeners_next(SysListeners *listeners, const char **ret_topic, const char **ret_text);
