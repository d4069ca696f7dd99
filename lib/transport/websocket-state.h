/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A WebSocket between two processes: all of it but the socket, as bytes. They have a version of
 * their own, and what a newer one wrote is not understood.
 *
 * Thread: any one at a time
 */
#pragma once

#include "transport/websocket.h"
#include "util/buffer.h"

/* Whether it can go on elsewhere: it is one, over a plain stream, and has not begun to end. */
bool websocket_can_leave(const Transport *transport);

/* Of one that can leave: whether what is written next begins a frame. */
bool websocket_is_between_frames(const Transport *transport);

/* Appends the state of one that can leave; it stays as it is. 0 or -ENOMEM. */
int websocket_save(const Transport *transport, Buffer *to);

/* It has gone on elsewhere: not a byte is written any more, only closed. */
void websocket_leave(Transport *transport);

/* As websocket_init(), in this state. 0, -ENOMEM; -EBADMSG: it is none. Then below is the caller's
 * still. */
int websocket_restore(Transport *transport, Transport *below, Bytes state);
