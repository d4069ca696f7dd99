/* SPDX-License-Identifier: Apache-2.0 */

/* One worker's end of a listening socket. */

#include "server/acceptor.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "mqtt/protocol.h"
#include "server/client.h"
#include "transport/stream.h"
#include "util/log.h"

/* In one turn: a flood of connections must not hold up those that are there. */
#define ACCEPT_MAX 64U
/* Out of descriptors or memory: try again after so many ms. */
#define ACCEPT_PAUSE 100U
/* So many above max_connections are let in at a time to be told why; the others are just closed. */
#define REFUSED_MAX 64U

struct Acceptor {
        LoopSource source;
        LoopTimer timer;
        List link;
        Shard *shard;
        Endpoint *endpoint;
};

static int acceptor_listen(Acceptor *acceptor)
{
        return loop_add(&acceptor->shard->loop, &acceptor->source, EPOLLIN | EPOLLEXCLUSIVE);
}

static void acceptor_resume(LoopTimer *timer, msec_t now)
{
        Acceptor *acceptor = container_of(timer, Acceptor, timer);

        if (acceptor_listen(acceptor) < 0)
                loop_timer_arm(&acceptor->shard->loop, timer, now + ACCEPT_PAUSE);
}

/* A level-triggered socket that cannot be accepted from would spin: it is left alone for a while.
 */
static void acceptor_pause(Acceptor *acceptor, int reason)
{
        Shard *shard = acceptor->shard;

        loop_remove(&shard->loop, &acceptor->source);
        if (loop_timer_arm(&shard->loop, &acceptor->timer, loop_now(&shard->loop) + ACCEPT_PAUSE) <
            0)
                acceptor_listen(acceptor);
        counters_add(shard->counters.accept_paused, 1);
        if (ratelimit_test(&shard->log_limit, loop_now(&shard->loop)))
                log_warning("Listener %s: cannot accept now, trying again: %s",
                            acceptor->endpoint->name, strerror(-reason));
}

/* 0: welcome, a reason code to answer CONNECT with, -EMFILE: not even that. */
static int acceptor_judge(const Acceptor *acceptor)
{
        Endpoint *endpoint = acceptor->endpoint;
        int limit = endpoint->listener->max_connections;

        if (limit < 0 ||
            atomic_load_explicit(&endpoint->connections, memory_order_relaxed) < (unsigned)limit)
                return 0;
        return atomic_load_explicit(&endpoint->refused, memory_order_relaxed) < REFUSED_MAX
                       ? REASON_QUOTA_EXCEEDED
                       : -EMFILE;
}

static void acceptor_take(Acceptor *acceptor, int fd, const Address *peer)
{
        int r = acceptor_judge(acceptor);

        counters_add(acceptor->shard->counters.sockets_accepted, 1);
        if (r >= 0)
                r = client_accept(acceptor->shard, &(ConnectionOrigin){
                                                           .endpoint = acceptor->endpoint,
                                                           .peer = peer,
                                                           .fd = fd,
                                                           .refuse = (uint8_t)r,
                                                   });
        if (r < 0)
                close(fd);
}

static void acceptor_ready(LoopSource *source, uint32_t events)
{
        Acceptor *acceptor = container_of(source, Acceptor, source);

        for (unsigned i = 0; i < ACCEPT_MAX; i++) {
                Address peer;
                int fd, r;

                r = stream_accept(acceptor->endpoint->fd, &peer, &fd);
                if (r == -EAGAIN)
                        return;
                if (r < 0) {
                        acceptor_pause(acceptor, r);
                        return;
                }
                acceptor_take(acceptor, fd, &peer);
        }
}

int acceptor_new(Shard *shard, Endpoint *endpoint)
{
        Acceptor *acceptor = calloc(1, sizeof(*acceptor));
        int r;

        if (!acceptor)
                return -ENOMEM;
        acceptor->shard = shard;
        acceptor->source.fd = endpoint->fd;
        acceptor->source.ready = acceptor_ready;
        loop_timer_init(&acceptor->timer, acceptor_resume);
        list_init(&acceptor->link);
        r = acceptor_listen(acceptor);
        if (r < 0) {
                free(acceptor);
                return r;
        }
        acceptor->endpoint = endpoint_ref(endpoint);
        list_append(&shard->acceptors, &acceptor->link);
        return 0;
}

void acceptors_close(Shard *shard)
{
        list_foreach_safe (Acceptor, acceptor, &shard->acceptors, link) {
                list_remove(&acceptor->link);
                loop_remove(&shard->loop, &acceptor->source);
                loop_timer_disarm(&shard->loop, &acceptor->timer);
                endpoint_unref(acceptor->endpoint);
                free(acceptor);
        }
}
