/* SPDX-License-Identifier: Apache-2.0 */
/* http-stream.c: a WebSocket that stays with libwebsockets. */

#include "server/http-stream.h"

#include <errno.h>
#include <libwebsockets.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* What a message of ours carries at most: libwebsockets would keep and copy what the socket does
 * not take. */
#define CHUNK 16384

/* Which the worker's end does, too: nothing comes of what the client sends. */
static void give_up(HttpStream *stream)
{
        loop_remove(stream->loop, &stream->source);
        buffer_done(&stream->payload);
        lws_rx_flow_control(stream->wsi, 1);
}

static void watch(HttpStream *stream, uint32_t on, uint32_t off)
{
        if (stream->source.added &&
            loop_modify(stream->loop, &stream->source, (stream->source.events & ~off) | on) < 0)
                give_up(stream);
}

/* How much, 0 for none, or -errno. */
static ssize_t pass_on(HttpStream *stream, const void *data, size_t size)
{
        ssize_t n = send(stream->source.fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n >= 0)
                return n;
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

static void tell_end(HttpStream *stream)
{
        if (stream->has_ended && buffer_length(&stream->payload) == 0)
                shutdown(stream->source.fd, SHUT_WR);
}

void http_stream_finish(HttpStream *stream)
{
        stream->has_ended = true;
        tell_end(stream);
}

static void flush(HttpStream *stream)
{
        ssize_t n = pass_on(stream, buffer_head(&stream->payload), buffer_length(&stream->payload));

        if (n < 0) {
                give_up(stream);
                return;
        }
        buffer_consume(&stream->payload, (size_t)n);
        if (buffer_length(&stream->payload) > 0)
                return;
        buffer_done(&stream->payload);
        watch(stream, 0, EPOLLOUT);
        lws_rx_flow_control(stream->wsi, 1);
        tell_end(stream);
}

/* What the worker has sent waits in the pair until a frame can be written. */
static void stream_ready(LoopSource *source, uint32_t events)
{
        HttpStream *stream = container_of(source, HttpStream, source);

        if (events & (EPOLLHUP | EPOLLERR))
                give_up(stream);
        else if (events & EPOLLOUT)
                flush(stream);
        if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
                watch(stream, 0, EPOLLIN);
                lws_callback_on_writable(stream->wsi);
        }
}

int http_stream_new(Loop *loop, struct lws *wsi, HttpVisit *visit, HttpStream **ret_stream)
{
        _cleanup_(http_stream_freep) HttpStream *stream = calloc(1, sizeof(*stream));
        int r;

        if (!stream)
                return -ENOMEM;
        stream->loop = loop;
        stream->wsi = wsi;
        stream->visit = visit;
        stream->source = (LoopSource){.fd = TAKE_FD(visit->payload_fd), .ready = stream_ready};
        r = loop_add(loop, &stream->source, EPOLLIN);
        if (r < 0)
                return r;
        *ret_stream = TAKE_PTR(stream);
        return 0;
}

HttpStream *http_stream_free(HttpStream *stream)
{
        if (!stream)
                return NULL;
        loop_remove(stream->loop, &stream->source);
        close(stream->source.fd);
        buffer_done(&stream->payload);
        free(stream);
        return NULL;
}

/* A Close would be lost behind a frame that is written half: it waits for its turn. */
static int fail(HttpStream *stream, uint16_t code)
{
        stream->fault = code;
        http_stream_finish(stream);
        lws_callback_on_writable(stream->wsi);
        return 0;
}

int http_stream_receive(HttpStream *stream, const void *data, size_t size)
{
        ssize_t n = 0;

        if (stream->has_ended || !stream->source.added)
                return 0;
        if (!lws_frame_is_binary(stream->wsi))
                return fail(stream, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE);
        if (buffer_length(&stream->payload) == 0)
                n = pass_on(stream, data, size);
        if (n < 0) {
                give_up(stream);
                return 0;
        }
        if ((size_t)n == size)
                return 0;
        if (buffer_append(&stream->payload, (const uint8_t *)data + n, size - (size_t)n) < 0)
                return -1;
        lws_rx_flow_control(stream->wsi, 0);
        watch(stream, EPOLLOUT, 0);
        return 0;
}

static int end(HttpStream *stream, uint16_t code)
{
        watch(stream, 0, EPOLLIN);
        stream->is_ending = true;
        lws_close_reason(stream->wsi, (enum lws_close_status)code, NULL, 0);
        return -1;
}

int http_stream_send(HttpStream *stream)
{
        uint8_t chunk[LWS_PRE + CHUNK];
        ssize_t n;

        if (stream->is_ending)
                return 0;
        if (stream->fault)
                return end(stream, stream->fault);
        n = recv(stream->source.fd, chunk + LWS_PRE, CHUNK, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
                return end(stream, atomic_load(&stream->visit->close_code));
        if (n > 0 && lws_write(stream->wsi, chunk + LWS_PRE, (size_t)n, LWS_WRITE_BINARY) < (int)n)
                return -1;
        if (stream->source.added)
                watch(stream, EPOLLIN, 0);
        else /* the worker has gone: nothing else brings what it has left */
                lws_callback_on_writable(stream->wsi);
        return 0;
}
