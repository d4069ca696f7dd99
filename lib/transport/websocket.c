/* SPDX-License-Identifier: Apache-2.0 */

/* A WebSocket as a Transport. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "transport/websocket-session.h"
#include "transport/websocket.h"
#include "util/macro.h"

#define PIECES_MAX 64 /* that a writev() takes */

/* --- control frames --- */

/* 0: nothing is in the way of a frame; -EAGAIN, or -errno. */
static int send_answer(Websocket *websocket)
{
        while (websocket->answer) {
                const struct iovec rest = {
                        websocket->answer + websocket->answer_sent,
                        (size_t)websocket->answer_size - websocket->answer_sent,
                };
                ssize_t n = websocket->below.ops->writev(&websocket->below, &rest, 1);

                if (n < 0)
                        return (int)n;
                websocket->answer_sent = (uint8_t)(websocket->answer_sent + n);
                if (websocket->answer_sent == websocket->answer_size)
                        free(TAKE_PTR(websocket->answer));
        }
        return 0;
}

/* Makes it what is written next. False: out of memory, and the peer is told nothing. */
static bool make_answer(Websocket *websocket, WebsocketOpcode opcode, const void *data,
                        uint8_t size)
{
        uint8_t header[WEBSOCKET_HEADER_MAX];
        const size_t n = websocket_header(opcode, size, header);

        websocket->answer = malloc(n + size);
        if (!websocket->answer)
                return false;
        memcpy(websocket->answer, header, n);
        if (size > 0)
                memcpy(websocket->answer + n, data, size);
        websocket->answer_size = (uint8_t)(n + size);
        websocket->answer_sent = 0;
        return true;
}

/* Between two frames of ours. */
static int answer_ping(Websocket *websocket)
{
        _cleanup_free_ WebsocketControl *ping = NULL;
        int r;

        if (websocket->left > 0)
                return 0;
        r = send_answer(websocket);
        if (r < 0 || websocket->is_ending || !websocket->decoder.ping)
                return r;
        ping = TAKE_PTR(websocket->decoder.ping);
        return make_answer(websocket, WEBSOCKET_PONG, ping->data, ping->length)
                       ? send_answer(websocket)
                       : 0;
}

/* The last frame: nothing may follow it. */
static int send_close(Websocket *websocket)
{
        const uint16_t code = htobe16(websocket->code);
        int r;

        if (websocket->left > 0)
                return -EAGAIN;
        r = send_answer(websocket);
        if (r < 0 || websocket->is_ending)
                return r;
        websocket->is_ending = true;
        if (!make_answer(websocket, WEBSOCKET_CLOSE, &code,
                         websocket->code == WEBSOCKET_NO_STATUS ? 0 : sizeof(code)))
                return 0;
        return send_answer(websocket);
}

/* --- reading --- */

static const char *name_fault(int code)
{
        switch (code) {
        case WEBSOCKET_UNSUPPORTED_DATA:
                return "a WebSocket message of text";
        case WEBSOCKET_INVALID_DATA:
                return "a WebSocket Close whose reason is not UTF-8";
        default:
                return "a malformed WebSocket frame";
        }
}

/* Bytes that came before the fault are given first; the peer is told at the end, behind what it is
 * still to get. */
static ssize_t fail(Transport *transport, Websocket *websocket, int code, size_t size)
{
        websocket->code = (uint16_t)code;
        websocket->trouble = name_fault(code);
        if (size > 0) {
                transport->has_more = true;
                return (ssize_t)size;
        }
        transport->has_more = false;
        websocket->is_over = true;
        return -EPROTO;
}

static ssize_t decode(Transport *transport, Websocket *websocket, void *data, size_t size)
{
        int r = websocket_decode(&websocket->decoder, data, size, &size);

        if (r < 0)
                return r;
        if (r > 0)
                return fail(transport, websocket, r, size);
        if (websocket->decoder.is_closed && size == 0) {
                websocket->code = websocket->decoder.code;
                send_close(websocket);
                transport->has_more = false;
                return 0;
        }
        transport->has_more = websocket->decoder.is_closed || websocket->below.has_more ||
                              buffer_length(&websocket->early) > 0;
        r = answer_ping(websocket);
        if (r < 0 && r != -EAGAIN)
                return r;
        return size > 0 ? (ssize_t)size : -EAGAIN;
}

static ssize_t read_early(Websocket *websocket, void *data, size_t size)
{
        const size_t n = MIN(size, buffer_length(&websocket->early));

        memcpy(data, buffer_head(&websocket->early), n);
        buffer_consume(&websocket->early, n);
        if (buffer_length(&websocket->early) == 0)
                buffer_release(&websocket->early);
        return (ssize_t)n;
}

/* For who lingers until the peer has read why and left. */
static ssize_t read_junk(Transport *transport, Websocket *websocket, void *data, size_t size)
{
        ssize_t n = websocket->below.ops->read(&websocket->below, data, size);

        transport->has_more = websocket->below.has_more;
        return n;
}

/* One read of what is below, decoded. *ret_is_dry: nothing had come. */
static ssize_t read_once(Transport *transport, void *data, size_t size, bool *ret_is_dry)
{
        Websocket *websocket = transport->state;
        ssize_t n;

        if (buffer_length(&websocket->early) > 0)
                n = read_early(websocket, data, size);
        else
                n = websocket->below.ops->read(&websocket->below, data, size);
        *ret_is_dry = n <= 0;
        transport->has_more = websocket->below.has_more;
        if (n == -EAGAIN)
                answer_ping(websocket); /* an answer that the socket had no room for */
        return n > 0 ? decode(transport, websocket, data, (size_t)n) : n;
}

/* What the transport below holds brings no event: frames without a payload must not end it. */
static ssize_t websocket_read(Transport *transport, void *data, size_t size)
{
        Websocket *websocket = transport->state;
        bool is_dry;
        ssize_t n;

        if (websocket->is_over)
                return read_junk(transport, websocket, data, size);
        if (websocket->trouble)
                return fail(transport, websocket, websocket->code, 0);
        if (websocket->decoder.is_closed)
                return decode(transport, websocket, data, 0);
        do {
                n = read_once(transport, data, size, &is_dry);
        } while (n == -EAGAIN && !is_dry && transport->has_more);
        return n;
}

/* --- writing --- */

static uint64_t length_of(const struct iovec *pieces, int n)
{
        uint64_t length = 0;

        for (int i = 0; i < n; i++)
                length += pieces[i].iov_len;
        return length;
}

/* The rest of the header, and of the pieces what belongs to this frame. Returns how many. */
static int gather(Websocket *websocket, const struct iovec *pieces, int n, struct iovec *ret_all)
{
        uint64_t left = websocket->left;
        int all = 0;

        if (websocket->header_sent < websocket->header_size)
                ret_all[all++] = (struct iovec){
                        websocket->header + websocket->header_sent,
                        (size_t)websocket->header_size - websocket->header_sent,
                };
        for (int i = 0; i < n && left > 0; i++) {
                ret_all[all] = pieces[i];
                ret_all[all].iov_len = (size_t)MIN((uint64_t)pieces[i].iov_len, left);
                left -= ret_all[all++].iov_len;
        }
        return all;
}

/* Writes what is a header's rest and some of the payload; returns how much of the payload. */
static ssize_t write_pieces(Websocket *websocket, const struct iovec *pieces, int n)
{
        const size_t header = (size_t)websocket->header_size - websocket->header_sent;
        ssize_t written = websocket->below.ops->writev(&websocket->below, pieces, n);

        if (written < 0) {
                /* It has not begun: others may go first, and it may become longer. */
                if (websocket->header_sent == 0 && !websocket->below.ops->insists)
                        websocket->left = 0;
                return written;
        }
        websocket->header_sent = (uint8_t)(websocket->header_sent + MIN((size_t)written, header));
        written -= (ssize_t)MIN((size_t)written, header);
        websocket->left -= (uint64_t)written;
        if (websocket->left == 0 && answer_ping(websocket) == -EAGAIN) {
                /* Nothing may follow for long, so the last byte brings it about that we are asked
                 * again. */
                websocket->owes_byte = true;
                written--;
        }
        return written > 0 ? written : -EAGAIN;
}

/* Unless one has begun. 0; 1: a byte counts as written, as it was owed; -EAGAIN, or -errno. */
static int begin_frame(Websocket *websocket, uint64_t length)
{
        int r;

        if (websocket->left > 0)
                return 0;
        r = answer_ping(websocket);
        if (r < 0)
                return r;
        if (websocket->owes_byte) {
                websocket->owes_byte = false;
                return 1;
        }
        if (websocket->is_ending)
                return -EPIPE;
        websocket->left = length;
        websocket->header_sent = 0;
        websocket->header_size =
                (uint8_t)websocket_header(WEBSOCKET_BINARY, length, websocket->header);
        return 0;
}

static ssize_t websocket_writev(Transport *transport, const struct iovec *pieces, int n)
{
        Websocket *websocket = transport->state;
        struct iovec all[PIECES_MAX];
        int r;

        n = MIN(n, PIECES_MAX - 1);
        r = begin_frame(websocket, length_of(pieces, n));
        if (r != 0 || websocket->left == 0)
                return r;
        n = gather(websocket, pieces, n, all);
        return write_pieces(websocket, all, n);
}

/* The header goes before the payload, where there is room. */
static ssize_t websocket_write_with_room(Transport *transport, uint8_t *data, size_t size)
{
        Websocket *websocket = transport->state;
        struct iovec piece;
        size_t header;
        int r = begin_frame(websocket, size);

        if (r != 0 || websocket->left == 0)
                return r;
        header = (size_t)websocket->header_size - websocket->header_sent;
        memcpy(data - header, websocket->header + websocket->header_sent, header);
        piece.iov_base = data - header;
        piece.iov_len = header + (size_t)MIN((uint64_t)size, websocket->left);
        return write_pieces(websocket, &piece, 1);
}

_Static_assert(TRANSPORT_ROOM >= WEBSOCKET_HEADER_MAX, "room for a header");

/* --- the rest --- */

static int websocket_handshake(Transport *transport)
{
        return 0;
}

static uint32_t websocket_wants(const Transport *transport)
{
        return 0;
}

static int websocket_finish(Transport *transport)
{
        Websocket *websocket = transport->state;
        int r = send_close(websocket);

        return r == 0 ? websocket->below.ops->finish(&websocket->below) : r;
}

static void websocket_close(Transport *transport)
{
        Websocket *websocket = TAKE_PTR(transport->state);

        transport->fd = -1;
        if (!websocket)
                return;
        send_close(websocket);
        websocket->below.ops->close(&websocket->below);
        websocket_free(websocket);
}

static const char *websocket_trouble(const Transport *transport)
{
        const Websocket *websocket = transport->state;

        return websocket->trouble ? websocket->trouble : transport_trouble(&websocket->below);
}

static const TransportOps websocket_ops = {
        .name = "websocket",
        .handshake = websocket_handshake,
        .read = websocket_read,
        .writev = websocket_writev,
        .write_with_room = websocket_write_with_room,
        .wants = websocket_wants,
        .finish = websocket_finish,
        .close = websocket_close,
        .trouble = websocket_trouble,
};

Websocket *websocket_new(void)
{
        Websocket *websocket = calloc(1, sizeof(*websocket));

        if (websocket)
                websocket->code = WEBSOCKET_NORMAL;
        return websocket;
}

Websocket *websocket_free(Websocket *websocket)
{
        if (!websocket)
                return NULL;
        websocket_decoder_done(&websocket->decoder);
        buffer_done(&websocket->early);
        free(websocket->answer);
        free(websocket);
        return NULL;
}

void websocket_open(Transport *transport, Websocket *websocket, Transport *below)
{
        websocket->below = *below;
        *transport = (Transport){
                .ops = &websocket_ops,
                .state = websocket,
                .fd = below->fd,
                .has_more = below->has_more || websocket->decoder.is_closed ||
                            buffer_length(&websocket->early) > 0,
        };
        below->fd = -1;
}

int websocket_init(Transport *transport, Transport *below, Bytes early)
{
        _cleanup_(websocket_freep) Websocket *websocket = websocket_new();

        if (!websocket || buffer_append(&websocket->early, early.data, early.length) < 0)
                return -ENOMEM;
        websocket_open(transport, TAKE_PTR(websocket), below);
        return 0;
}

bool websocket_is(const Transport *transport)
{
        return transport->ops == &websocket_ops;
}

const Transport *websocket_under(const Transport *transport)
{
        const Websocket *websocket = transport->state;

        return websocket_is(transport) ? &websocket->below : transport;
}

void websocket_set_code(Transport *transport, WebsocketCode code)
{
        Websocket *websocket = transport->state;

        if (!websocket->trouble) /* that is what it is told */
                websocket->code = (uint16_t)code;
}
