/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A listener that is paused accepts nobody: who comes waits in its sockets, who is there stays. It
 * is until it is resumed, over reloads and hand-overs too (park-image.h), but ends with a stop.
 *
 * Thread: control
 */
#pragma once

#include "control/listener.h"

#define MESSAGE_ID_LISTENER_PAUSED  "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e62"
#define MESSAGE_ID_LISTENER_RESUMED "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e63"

bool listener_is_paused(const Listener *listener);

/* Says so to its sockets, and in the log if it was not so before. Workers go by it when they start
 * to accept, or have an acceptor_order_new(). */
void listener_pause(const Listener *listener, bool paused);

/* What a reload opens for it beside what it keeps is as what runs; nobody accepts there yet. */
void listener_inherit_pause(const Listener *listener, const Listener *before);

/* How many of them are. */
size_t listeners_n_paused(const Listeners *listeners);
