/* SPDX-License-Identifier: Apache-2.0 */

/* The state of a WebSocket as bytes. */
#include "transport/websocket-state.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "transport/tls.h"
#include "transport/websocket-session.h"

#define STATE_VERSION 1U
#define CONTROL       8U /* of an opcode */
#define ANSWER_MAX    (WEBSOCKET_CONTROL_MAX + 2U)

enum {
        FLAG_IN_PAYLOAD = 1U << 0,
        FLAG_FINAL = 1U << 1,
        FLAG_IN_MESSAGE = 1U << 2,
        FLAG_CLOSED = 1U << 3,
        FLAG_CONTROL = 1U << 4, /* has one, as below */
        FLAG_PING = 1U << 5,
        FLAG_ANSWER = 1U << 6,
        FLAG_OWES_BYTE = 1U << 7,
};

/* Numbers are little-endian. Behind it: the control frame and the ping as a length and so many
 * bytes, the answer as a size, how much was sent, and its bytes; then all that came early. */
typedef struct __attribute__((packed)) Head {
        uint8_t version, flags, opcode, in_size;
        uint8_t in_header[WEBSOCKET_HEADER_MAX];
        uint8_t out_size, out_sent;
        uint8_t out_header[WEBSOCKET_HEADER_MAX];
        uint16_t close_code, code;
        uint32_t mask; /* as it is in memory */
        uint64_t in_left, out_left;
} Head;

bool websocket_can_leave(const Transport *transport)
{
        const Websocket *websocket = transport->state;

        return websocket_is(transport) && !tls_is(&websocket->below) && !websocket->is_ending &&
               !websocket->trouble;
}

bool websocket_is_between_frames(const Transport *transport)
{
        const Websocket *websocket = transport->state;

        return websocket->left == 0 && !websocket->answer;
}

/* --- save --- */

static int save_control(const WebsocketControl *control, Buffer *to)
{
        int r = 0;

        if (control)
                r = buffer_append(to, &control->length, 1);
        return r == 0 && control ? buffer_append(to, control->data, control->length) : r;
}

static int save_answer(const Websocket *websocket, Buffer *to)
{
        const uint8_t sizes[] = {websocket->answer_size, websocket->answer_sent};
        int r;

        if (!websocket->answer)
                return 0;
        r = buffer_append(to, sizes, sizeof(sizes));
        return r == 0 ? buffer_append(to, websocket->answer, websocket->answer_size) : r;
}

int websocket_save(const Transport *transport, Buffer *to)
{
        const Websocket *websocket = transport->state;
        const WebsocketDecoder *decoder = &websocket->decoder;
        const Bytes early = buffer_bytes(&websocket->early);
        Head head = {
                .version = STATE_VERSION,
                .flags = (uint8_t)((decoder->in_payload ? FLAG_IN_PAYLOAD : 0U) |
                                   (decoder->is_final ? FLAG_FINAL : 0U) |
                                   (decoder->in_message ? FLAG_IN_MESSAGE : 0U) |
                                   (decoder->is_closed ? FLAG_CLOSED : 0U) |
                                   (decoder->control ? FLAG_CONTROL : 0U) |
                                   (decoder->ping ? FLAG_PING : 0U) |
                                   (websocket->answer ? FLAG_ANSWER : 0U) |
                                   (websocket->owes_byte ? FLAG_OWES_BYTE : 0U)),
                .opcode = decoder->opcode,
                .in_size = decoder->header_size,
                .out_size = websocket->header_size,
                .out_sent = websocket->header_sent,
                .close_code = htole16(decoder->code),
                .code = htole16(websocket->code),
                .mask = decoder->mask,
                .in_left = htole64(decoder->left),
                .out_left = htole64(websocket->left),
        };
        int r;

        memcpy(head.in_header, decoder->header, sizeof(head.in_header));
        memcpy(head.out_header, websocket->header, sizeof(head.out_header));
        r = buffer_append(to, &head, sizeof(head));
        if (r == 0)
                r = save_control(decoder->control, to);
        if (r == 0)
                r = save_control(decoder->ping, to);
        if (r == 0)
                r = save_answer(websocket, to);
        return r == 0 ? buffer_append(to, early.data, early.length) : r;
}

void websocket_leave(Transport *transport)
{
        Websocket *websocket = transport->state;

        websocket->is_ending = true;
        free(TAKE_PTR(websocket->answer));
}

/* --- restore --- */

static bool take(Bytes *state, void *to, size_t size)
{
        if (state->length < size)
                return false;
        memcpy(to, state->data, size);
        *state = (Bytes){state->data + size, state->length - size};
        return true;
}

static int restore_control(Bytes *state, bool is_there, WebsocketControl **ret_control)
{
        WebsocketControl *control;

        if (!is_there)
                return 0;
        control = malloc(sizeof(*control));
        if (!control)
                return -ENOMEM;
        *ret_control = control;
        return take(state, &control->length, 1) && control->length <= WEBSOCKET_CONTROL_MAX &&
                               take(state, control->data, control->length)
                       ? 0
                       : -EBADMSG;
}

static int restore_answer(Bytes *state, bool is_there, Websocket *websocket)
{
        if (!is_there)
                return 0;
        websocket->answer = malloc(ANSWER_MAX);
        if (!websocket->answer)
                return -ENOMEM;
        return take(state, &websocket->answer_size, 1) && take(state, &websocket->answer_sent, 1) &&
                               websocket->answer_size <= ANSWER_MAX &&
                               websocket->answer_sent < websocket->answer_size &&
                               take(state, websocket->answer, websocket->answer_size)
                       ? 0
                       : -EBADMSG;
}

/* Of what decoding and writing rely on. */
static bool is_sound(const Websocket *websocket)
{
        const WebsocketDecoder *decoder = &websocket->decoder;

        if (decoder->header_size > WEBSOCKET_HEADER_MAX ||
            websocket->header_size > WEBSOCKET_HEADER_MAX ||
            websocket->header_sent > websocket->header_size ||
            (decoder->in_payload && decoder->header_size > 0))
                return false;
        if (!decoder->in_payload || !(decoder->opcode & CONTROL))
                return true;
        return decoder->control && decoder->left <= WEBSOCKET_CONTROL_MAX &&
               decoder->left + decoder->control->length <= WEBSOCKET_CONTROL_MAX;
}

static void restore_head(const Head *head, Websocket *websocket)
{
        WebsocketDecoder *decoder = &websocket->decoder;

        decoder->left = le64toh(head->in_left);
        decoder->mask = head->mask;
        decoder->opcode = head->opcode;
        decoder->header_size = head->in_size;
        decoder->in_payload = head->flags & FLAG_IN_PAYLOAD;
        decoder->is_final = head->flags & FLAG_FINAL;
        decoder->in_message = head->flags & FLAG_IN_MESSAGE;
        decoder->is_closed = head->flags & FLAG_CLOSED;
        decoder->code = le16toh(head->close_code);
        memcpy(decoder->header, head->in_header, sizeof(decoder->header));
        websocket->left = le64toh(head->out_left);
        websocket->owes_byte = head->flags & FLAG_OWES_BYTE;
        websocket->header_size = head->out_size;
        websocket->header_sent = head->out_sent;
        websocket->code = le16toh(head->code);
        memcpy(websocket->header, head->out_header, sizeof(websocket->header));
}

static int restore(Bytes state, Websocket *websocket)
{
        Head head;
        int r;

        if (!take(&state, &head, sizeof(head)) || head.version != STATE_VERSION)
                return -EBADMSG;
        restore_head(&head, websocket);
        r = restore_control(&state, head.flags & FLAG_CONTROL, &websocket->decoder.control);
        if (r == 0)
                r = restore_control(&state, head.flags & FLAG_PING, &websocket->decoder.ping);
        if (r == 0)
                r = restore_answer(&state, head.flags & FLAG_ANSWER, websocket);
        if (r == 0 && !is_sound(websocket))
                r = -EBADMSG;
        return r == 0 ? buffer_append(&websocket->early, state.data, state.length) : r;
}

int websocket_restore(Transport *transport, Transport *below, Bytes state)
{
        _cleanup_(websocket_freep) Websocket *websocket = websocket_new();
        int r = websocket ? restore(state, websocket) : -ENOMEM;

        if (r == 0)
                websocket_open(transport, TAKE_PTR(websocket), below);
        return r;
}
