/* SPDX-License-Identifier: Apache-2.0 */

/* Bytes both ways between a client and the HTTP thread. */

#include "server/pump.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void pump_client_ready(LoopSource *source, uint32_t events);
static void pump_frames_ready(LoopSource *source, uint32_t events);

int pump_new(Transport *below, int fd, HttpVisit *visit, Pump **ret_pump)
{
        Pump *pump = calloc(1, sizeof(*pump));

        if (!pump)
                return -ENOMEM;
        pump->below = *below;
        pump->client = (LoopSource){.fd = below->fd, .ready = pump_client_ready, .is_late = true};
        pump->frames = (LoopSource){.fd = fd, .ready = pump_frames_ready, .is_late = true};
        pump->visit = http_visit_ref(visit);
        below->fd = -1;
        *ret_pump = pump;
        return 0;
}

void pump_stop(Pump *pump)
{
        if (!pump->loop)
                return;
        loop_remove(pump->loop, &pump->client);
        loop_remove(pump->loop, &pump->frames);
        pump->loop = NULL;
}

/* Of both directions: the HTTP thread sees it, and ends the payload. */
static void pump_end(Pump *pump)
{
        if (pump->frames.fd < 0)
                return;
        loop_remove(pump->loop, &pump->client);
        loop_remove(pump->loop, &pump->frames);
        close(TAKE_FD(pump->frames.fd));
        buffer_done(&pump->up);
        buffer_done(&pump->down);
}

Pump *pump_free(Pump *pump)
{
        if (!pump)
                return NULL;
        pump_stop(pump);
        if (pump->frames.fd >= 0)
                close(TAKE_FD(pump->frames.fd));
        pump->below.ops->close(&pump->below);
        buffer_done(&pump->up);
        buffer_done(&pump->down);
        http_visit_unref(pump->visit);
        free(pump);
        return NULL;
}

/* --- from the client --- */

static ssize_t frames_write(Pump *pump, const void *data, size_t size)
{
        ssize_t n = send(pump->frames.fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n >= 0)
                return n;
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

/* 0 or -errno; what is left has no room now. */
static int flush_up(Pump *pump)
{
        const size_t left = pump->frames_ended ? 0 : buffer_length(&pump->up);
        ssize_t n = left > 0 ? frames_write(pump, buffer_head(&pump->up), left) : 0;

        if (n < 0)
                return (int)n;
        buffer_consume(&pump->up, (size_t)n);
        if (pump->frames_ended)
                buffer_clear(&pump->up);
        buffer_release(&pump->up);
        return 0;
}

/* The same, of what was just read. */
static int push_up(Pump *pump, const uint8_t *data, size_t size)
{
        ssize_t n;

        if (pump->frames_ended)
                return 0;
        n = frames_write(pump, data, size);
        if (n < 0)
                return (int)n;
        return buffer_append(&pump->up, data + n, size - (size_t)n);
}

/* What is in the transport brings no event, nor does a client that has gone. */
static int pump_up(Pump *pump)
{
        Transport *below = &pump->below;
        int r = flush_up(pump);

        if (r < 0)
                return r;
        while (buffer_length(&pump->up) == 0 && !pump->client_ended) {
                ssize_t n = below->ops->read(below, pump->scratch, PUMP_PIECE);

                if (n == -EAGAIN)
                        return 0;
                if (n < 0)
                        return (int)n;
                if (n == 0) {
                        pump->client_ended = true;
                        shutdown(pump->frames.fd, SHUT_WR);
                        return 0;
                }
                r = push_up(pump, pump->scratch, (size_t)n);
                if (r < 0)
                        return r;
                if (!below->has_more && pump->client.added)
                        return 0;
        }
        return 0;
}

/* --- to the client --- */

static ssize_t client_write(Pump *pump, const void *data, size_t size)
{
        const struct iovec piece = {(void *)data, size};
        ssize_t n = pump->below.ops->writev(&pump->below, &piece, 1);

        return n == -EAGAIN ? 0 : n;
}

static int flush_down(Pump *pump)
{
        while (buffer_length(&pump->down) > 0) {
                ssize_t n =
                        client_write(pump, buffer_head(&pump->down), buffer_length(&pump->down));

                if (n <= 0)
                        return (int)n;
                buffer_consume(&pump->down, (size_t)n);
        }
        buffer_release(&pump->down);
        return 0;
}

/* One read; 1: nothing has come, or nothing more will. 0 or -errno. */
static int read_frames(Pump *pump)
{
        ssize_t n = recv(pump->frames.fd, pump->scratch, PUMP_PIECE, MSG_DONTWAIT);
        int r;

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 1;
        /* It has closed with something unread. */
        if (n < 0 && errno != ECONNRESET)
                return -errno;
        if (n <= 0) {
                pump->frames_ended = true;
                return 1;
        }
        r = buffer_append(&pump->down, pump->scratch, (size_t)n);
        return r < 0 ? r : flush_down(pump);
}

static int pump_down(Pump *pump)
{
        int r = flush_down(pump);

        while (r == 0 && buffer_length(&pump->down) == 0 && !pump->frames_ended) {
                r = read_frames(pump);
                if (r == 0 && pump->frames.added)
                        break;
        }
        return r < 0 ? r : 0;
}

/* --- events --- */

/* Waits for what can be done next. A source that is not there any more has told its end. */
static int pump_wait(Pump *pump)
{
        const bool up_is_empty = buffer_length(&pump->up) == 0;
        const bool down_is_empty = buffer_length(&pump->down) == 0;
        int r = 0;

        if (pump->client.added)
                r = loop_modify(pump->loop, &pump->client,
                                (up_is_empty && !pump->client_ended ? EPOLLIN : 0U) |
                                        (down_is_empty ? 0U : EPOLLOUT));
        if (r == 0 && pump->frames.added)
                r = loop_modify(pump->loop, &pump->frames,
                                (down_is_empty && !pump->frames_ended ? EPOLLIN : 0U) |
                                        (up_is_empty ? 0U : EPOLLOUT));
        return r;
}

/* Behind the last frame. */
static void finish(Pump *pump)
{
        if (!pump->frames_ended || buffer_length(&pump->down) > 0 || pump->has_finished)
                return;
        pump->has_finished = true;
        pump->below.ops->finish(&pump->below);
}

static void pump_go_on(Pump *pump)
{
        int r = pump_down(pump);

        finish(pump);
        if (r == 0)
                r = pump_up(pump);
        if (r == 0)
                r = pump_wait(pump);
        if (r < 0 || (pump->has_finished && pump->client_ended))
                pump_end(pump);
}

/* A hang-up is told over and over: what is behind it is asked for when there is room. */
static void pump_ready(Pump *pump, LoopSource *source, uint32_t events)
{
        if (events & (EPOLLHUP | EPOLLERR))
                loop_remove(pump->loop, source);
        pump_go_on(pump);
}

static void pump_client_ready(LoopSource *source, uint32_t events)
{
        pump_ready(container_of(source, Pump, client), source, events);
}

static void pump_frames_ready(LoopSource *source, uint32_t events)
{
        pump_ready(container_of(source, Pump, frames), source, events);
}

int pump_start(Pump *pump, Loop *loop, uint8_t *scratch)
{
        int r;

        pump->loop = loop;
        pump->scratch = scratch;
        if (pump->frames.fd < 0)
                return 0;
        r = loop_add(loop, &pump->client, EPOLLIN);
        if (r == 0)
                r = loop_add(loop, &pump->frames, EPOLLIN);
        if (r < 0)
                pump_stop(pump);
        else
                pump_go_on(pump);
        return r;
}

void pump_set_late(Pump *pump, bool is_late)
{
        pump->client.is_late = pump->frames.is_late = is_late;
}

void pump_set_code(Pump *pump, WebsocketCode code)
{
        atomic_store(&pump->visit->close_code, (uint16_t)code);
}
