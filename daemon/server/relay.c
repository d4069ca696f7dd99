/* SPDX-License-Identifier: Apache-2.0 */

/* A request and its answer between a connection and the HTTP thread. */

#include "server/relay.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/answer-head.h"
#include "server/http-answer.h"
#include "server/http-field.h"
#include "server/http.h"

#define FAULT_DIGIT 9U /* of an answer: the first one of its status */

Relay *relay_new(Connection *connection)
{
        Relay *relay = calloc(1, sizeof(*relay));

        if (!relay)
                return NULL;
        relay->connection = connection;
        relay->source = (LoopSource){.fd = -1, .is_late = true};
        relay->payload_fd = -1;
        return relay;
}

static void relay_close(Relay *relay)
{
        if (relay->source.fd < 0)
                return;
        loop_remove(relay->loop, &relay->source);
        close(TAKE_FD(relay->source.fd));
}

Relay *relay_free(Relay *relay)
{
        if (!relay)
                return NULL;
        relay_close(relay);
        if (relay->payload_fd >= 0)
                close(relay->payload_fd);
        http_visit_unref(relay->visit);
        buffer_done(&relay->request);
        buffer_done(&relay->answer);
        free(relay);
        return NULL;
}

static int make_pair(int *ret_fds)
{
        return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ret_fds) < 0
                       ? -errno
                       : 0;
}

/* The other end is the visit's. */
static int make_payload_pair(Relay *relay)
{
        const ListenerSettings *listener = relay->visit->endpoint->listener;
        int fds[2], r;

        if (listener->protocol != LISTENER_WEBSOCKETS ||
            listener->websocket_framing != WEBSOCKET_FRAMING_LIBWEBSOCKETS)
                return 0;
        r = make_pair(fds);
        if (r < 0)
                return r;
        relay->payload_fd = fds[0];
        relay->visit->payload_fd = fds[1];
        return 0;
}

int relay_open(Relay *relay, Loop *loop, Http *http, HttpVisit *visit)
{
        int fds[2], r;

        relay->visit = visit;
        if (!http)
                return -EBUSY;
        r = make_payload_pair(relay);
        if (r == 0)
                r = make_pair(fds);
        if (r < 0)
                return r;
        relay->loop = loop;
        relay->source.fd = fds[0];
        r = loop_add(loop, &relay->source, EPOLLIN);
        if (r == 0)
                r = http_adopt(http, visit, fds[1]);
        if (r < 0)
                close(fds[1]);
        return r;
}

int relay_ask(Relay *relay, Bytes request)
{
        const Bytes head = {request.data, relay->head.size};
        size_t left;
        ssize_t n;
        int r;

        r = relay->has_asked ? 0 : http_field_filter(head, &relay->request);
        if (r < 0)
                return r;
        relay->has_asked = true;
        left = buffer_length(&relay->request);
        if (left == 0)
                return 0;
        n = send(relay->source.fd, buffer_head(&relay->request), left, MSG_DONTWAIT | MSG_NOSIGNAL);
        /* One that has closed already may have answered. */
        if (n < 0 && errno != EAGAIN && errno != EPIPE)
                return -errno;
        if (n < 0 && errno == EPIPE)
                n = (ssize_t)left;
        if (n > 0)
                buffer_consume(&relay->request, (size_t)n);
        buffer_release(&relay->request);
        return loop_modify(relay->loop, &relay->source,
                           (size_t)MAX(n, 0) < left ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static bool may_upgrade(const Relay *relay)
{
        return relay->visit->endpoint->listener->protocol == LISTENER_WEBSOCKETS;
}

/* What has come of an answer whose kind is not known. */
static int judge(Relay *relay, Buffer *to)
{
        const Bytes answer = buffer_bytes(&relay->answer);
        AnswerKind kind;
        size_t size;
        int r;

        r = answer_head_parse(answer, &kind, &size);
        if (r == -EAGAIN)
                return 0;
        if (r == 0 && kind == ANSWER_UPGRADES && !may_upgrade(relay))
                r = -EPROTO;
        if (r < 0)
                return r;
        relay->is_answered = true;
        relay->has_upgraded = kind == ANSWER_UPGRADES;
        relay->is_refused = answer.data[FAULT_DIGIT] >= '4';
        if (!relay->has_upgraded)
                size = answer.length;
        else if (relay->payload_fd >= 0)
                loop_remove(relay->loop, &relay->source);
        else
                relay_close(relay);
        r = buffer_append(to, answer.data, size);
        buffer_consume(&relay->answer, size);
        if (relay->payload_fd < 0)
                buffer_done(&relay->answer);
        return r;
}

int relay_take(Relay *relay, uint8_t *scratch, size_t size, Buffer *to)
{
        ssize_t n = recv(relay->source.fd, scratch, size, MSG_DONTWAIT);
        int r;

        if (n < 0 && errno != ECONNRESET) /* it has closed with something unread */
                return -errno;
        if (n <= 0) {
                relay_close(relay);
                relay->is_over = true;
                return relay->is_answered ? 0 : -ENODATA;
        }
        if (relay->is_answered)
                return buffer_append(to, scratch, (size_t)n);
        r = buffer_append(&relay->answer, scratch, (size_t)n);
        return r == 0 ? judge(relay, to) : r;
}

int relay_pause(Relay *relay, bool is_paused)
{
        const uint32_t writes = relay->source.events & EPOLLOUT;
        const uint32_t events = is_paused ? writes : writes | EPOLLIN;

        if (!relay->source.added || relay->source.events == events)
                return 0;
        return loop_modify(relay->loop, &relay->source, events);
}

bool relay_refuse(const Relay *relay, int status, Buffer *to)
{
        return !relay->is_answered && http_answer_status((unsigned)status, NULL, false, to) == 0;
}
