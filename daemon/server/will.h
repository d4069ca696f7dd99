/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The will of a CONNECT, made ready for its session.
 *
 * Thread: worker
 */
#pragma once

#include "server/greeting.h"

/* Puts its topic, behind the mount point, into the worker's assembly. 0 or -ENOMEM. */
int will_mount(Connection *connection, const Greeting *greeting);

/* The will, if there is one, as the greeting's message, behind the mount point; its expiry stays an
 * interval until it is published. 0, a reason code to refuse the CONNECT with, or -ENOMEM. */
int will_make(Connection *connection, Greeting *greeting);
