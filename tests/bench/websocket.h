/* SPDX-License-Identifier: Apache-2.0 */
/* A client's side of WebSocket (RFC 6455): the upgrade, and a masked binary message for each MQTT
 * packet, as clients in browsers send them. The broker's own framing is not used on purpose, as
 * with the codec. */
/* Thread: the loop's */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "bench/buffer.h"

typedef struct WebsocketLink WebsocketLink;

/* Its output begins with the request of the upgrade. Returns 0 or -ENOMEM. */
int websocket_link_new(WebsocketLink **ret);
WebsocketLink *websocket_link_free(WebsocketLink *link);

/* What is to be sent: the owner's to consume. */
Buffer *websocket_link_out(WebsocketLink *link);

/* Moves whole packets to the output, in frames; before the upgrade is accepted none. Returns 0,
 * -ENOMEM, or -EBADMSG if they are not whole. */
int websocket_link_frame(WebsocketLink *link, Buffer *packets);

/* Takes what came off the wire; leaves at its begin what the broker's binary messages carry.
 * Returns how much that is, -EAGAIN when it is nothing (perhaps the upgrade has been accepted), 0
 * at a Close, or -EPROTO. */
ssize_t websocket_link_read(WebsocketLink *link, uint8_t *data, size_t size);
