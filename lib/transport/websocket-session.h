/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a WebSocket is made of, for websocket*.c only.
 *
 * Thread: any one at a time
 */
#pragma once

#include "transport/transport.h"
#include "transport/websocket-frame.h"
#include "util/buffer.h"
#include "util/macro.h"

typedef struct Websocket {
        Transport below;
        WebsocketDecoder decoder;
        Buffer early;
        uint64_t left; /* of the payload of the frame that is written */
        uint8_t header[WEBSOCKET_HEADER_MAX];
        uint8_t header_size, header_sent;
        uint8_t answer_size, answer_sent; /* of a control frame that is written */
        uint16_t code;                    /* that the peer is told at the end */
        bool is_ending : 1;               /* a Close frame was made: nothing may follow */
        bool owes_byte : 1; /* written, but not told: an answer behind it waits for room */
        bool is_over : 1;   /* its trouble was told: what comes is thrown away */
        uint8_t *answer;    /* NULL: none is written */
        const char *trouble;
} Websocket;

/* With nothing in it, over nothing; NULL without memory. */
Websocket *websocket_new(void);
/* Of one that was not opened. Takes NULL. */
Websocket *websocket_free(Websocket *websocket);
DEFINE_CLEANUP(Websocket, websocket_free)
/* Makes a transport of both: it owns them from here on. */
void websocket_open(Transport *transport, Websocket *websocket, Transport *below);
