/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The frames of WebSocket (RFC 6455, section 5) as a server sees them: masked ones come, plain ones
 * go. What a client sends in binary messages is taken as one stream of bytes, however it is cut
 * into messages and frames: so MQTT wants it (MQTT 5.0, 6.0.0.1). No extension is known.
 *
 * Packaged libraries copy each frame through a buffer of 4 KiB for each connection and unmask byte
 * by byte, which costs more than all else that is done for a message.
 *
 * Thread: any one at a time
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 6455, section 7.4.1. */
typedef enum WebsocketCode {
        WEBSOCKET_NORMAL = 1000,
        WEBSOCKET_GOING_AWAY = 1001,
        WEBSOCKET_PROTOCOL_ERROR = 1002,
        WEBSOCKET_UNSUPPORTED_DATA = 1003,
        WEBSOCKET_NO_STATUS = 1005, /* is never on the wire */
        WEBSOCKET_INVALID_DATA = 1007,
        WEBSOCKET_POLICY_VIOLATION = 1008,
        WEBSOCKET_TOO_BIG = 1009,
        WEBSOCKET_INTERNAL_ERROR = 1011,
        WEBSOCKET_TRY_AGAIN_LATER = 1013,
} WebsocketCode;

typedef enum WebsocketOpcode {
        WEBSOCKET_CONTINUATION = 0,
        WEBSOCKET_TEXT = 1,
        WEBSOCKET_BINARY = 2,
        WEBSOCKET_CLOSE = 8,
        WEBSOCKET_PING = 9,
        WEBSOCKET_PONG = 10,
} WebsocketOpcode;

#define WEBSOCKET_CONTROL_MAX 125U /* of the payload of a control frame */
#define WEBSOCKET_HEADER_MAX  14U  /* with the mask */

/* The payload of a control frame. */
typedef struct WebsocketControl {
        uint8_t length;
        uint8_t data[WEBSOCKET_CONTROL_MAX];
} WebsocketControl;

/* Zeroed: nothing has come. */
typedef struct WebsocketDecoder {
        uint64_t left; /* of the payload of the frame that has begun */
        uint32_t mask; /* in the order of memory; its first byte is that of the next one */
        uint8_t opcode;
        uint8_t header_size; /* what has come of a header; 0: its first byte is next, or a payload
                              */
        bool in_payload : 1;
        bool is_final : 1;
        bool in_message : 1; /* its first frame was not its last */
        bool is_closed : 1;  /* a Close frame came; nothing that follows is looked at */
        uint8_t header[WEBSOCKET_HEADER_MAX];
        uint16_t code;             /* of the Close frame; WEBSOCKET_NO_STATUS: it said none */
        WebsocketControl *control; /* of the frame that has begun */
        WebsocketControl *ping; /* the last one, not answered yet (5.5.3): the caller's to take */
} WebsocketDecoder;

void websocket_decoder_done(WebsocketDecoder *decoder);

/*
 * Takes what came off the wire; the payload of data frames is moved to the begin of data, *ret_size
 * bytes of it. It ends at a Close frame. 0; the code to close with (WebsocketCode): the payload
 * before the fault is valid, and nothing may follow; or -ENOMEM.
 */
int websocket_decode(WebsocketDecoder *decoder, uint8_t *data, size_t size, size_t *ret_size);

/* The header of a frame that is a whole message, without a mask. Returns its size, 2 to 10. */
size_t websocket_header(WebsocketOpcode opcode, uint64_t length,
                        uint8_t ret_header[static WEBSOCKET_HEADER_MAX]);

/* Whether an endpoint may send this code (7.4). */
bool websocket_code_is_valid(uint16_t code);
