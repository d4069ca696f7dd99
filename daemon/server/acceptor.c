/* SPDX-License-Identifier: Apache-2.0 */

/* One worker's end of a listening socket. */

#include "server/acceptor.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "mqtt/protocol.h"
#include "server/ban-rule.h"
#include "server/client-event.h"
#include "server/client.h"
#include "server/gate.h"
#include "server/proxied.h"
#include "transport/stream.h"
#include "util/log.h"

/* At a time: those who have come before are waiting too. */
#define ACCEPT_MAX 8U
/* Out of descriptors or memory: try again after so many ms. */
#define ACCEPT_PAUSE 100U
/* Of a flood: let so many ms pass, and take what has come then together. To be woken for each costs
 * as much as to accept it, and who is in would wait for the processor each time. */
#define ACCEPT_REST 2U
/* What makes it one: so many that are refused, or for which others must go. */
#define FLOOD_MIN 8U
/* Of those that put others out, at a time: where all places are taken, to let them in faster only
 * leaves each less time to say who it is. The others wait in the kernel, which costs nothing. */
#define EVICTING_MAX 16U
/* So many of those that are refused are let in at a time to be told why; the others are closed. */
#define REFUSED_MAX 64U

struct Acceptor {
        Served served; /* first: the shard's list is of these */
        LoopSource source;
        Shard *shard;        /* NULL before it is started */
        msec_t due;          /* it tries again, or is forgotten; MSEC_INFINITY: never */
        unsigned n_unwanted; /* since its last rest, */
        unsigned n_evicting; /* and those of them that were let in */
};

static Acceptor *acceptor_of(Served *served)
{
        return container_of(served, Acceptor, served);
}

static void acceptor_arm(Acceptor *acceptor, msec_t due)
{
        Shard *shard = acceptor->shard;

        acceptor->due = due;
        shard->acceptors_due = MIN(shard->acceptors_due, due);
}

static void acceptor_log_trouble(const Acceptor *acceptor, int reason)
{
        Shard *shard = acceptor->shard;

        if (ratelimit_test(&shard->log_limit, loop_now(&shard->loop)))
                log_warning("Listener %s: cannot accept now, trying again: %s",
                            acceptor->served.endpoint->name, strerror(-reason));
}

static void acceptor_pause(Acceptor *acceptor, int reason)
{
        acceptor_arm(acceptor, loop_now(&acceptor->shard->loop) + ACCEPT_PAUSE);
        counters_add(acceptor->shard->counters.accept_paused, 1);
        acceptor_log_trouble(acceptor, reason);
}

static bool acceptor_is_paused(const Acceptor *acceptor)
{
        return atomic_load_explicit(&acceptor->served.endpoint->socket->is_paused,
                                    memory_order_relaxed);
}

static void acceptor_listen(Acceptor *acceptor)
{
        int r;

        if (acceptor->source.added || acceptor_is_paused(acceptor))
                return;
        r = loop_add(&acceptor->shard->loop, &acceptor->source, EPOLLIN | EPOLLEXCLUSIVE);
        if (r < 0)
                acceptor_pause(acceptor, r);
}

/* Before a connection is made of it. */
static Refusal acceptor_judge(const Acceptor *acceptor, const struct sockaddr *peer,
                              Neighbour **ret_neighbour)
{
        const Endpoint *endpoint = acceptor->served.endpoint;
        const ListenerSettings *listener = endpoint->listener;
        Shard *shard = acceptor->shard;
        const bool is_proxy = listener->n_proxies > 0 && proxied_is_trusted(listener, peer);
        Refusal refusal = REFUSAL_NONE;

        *ret_neighbour = NULL;
        if (_unlikely_(listener->n_proxies > 0) && !is_proxy && !proxied_forwards(listener))
                return REFUSAL_STRANGER;
        /* Of a proxy's client the address is not known yet. */
        if (listener->enable_proxy_protocol == 0 && !is_proxy)
                refusal = gate_ask_address(shard, peer, ret_neighbour);
        if (refusal == REFUSAL_NONE)
                refusal = gate_ask_endpoint(shard, endpoint);
        if (refusal != REFUSAL_NONE)
                neighbours_leave(shard->plane->neighbours, TAKE_PTR(*ret_neighbour));
        return refusal;
}

/* All that have come are taken, or as many as may be. */
static void acceptor_rest(Acceptor *acceptor)
{
        Loop *loop = &acceptor->shard->loop;

        acceptor->n_unwanted = acceptor->n_evicting = 0;
        loop_remove(loop, &acceptor->source);
        acceptor_arm(acceptor, loop_now(loop) + ACCEPT_REST);
}

static int acceptor_serve(Acceptor *acceptor, int fd, const Address *peer, uint8_t refuse,
                          Neighbour *neighbour)
{
        return client_accept(acceptor->shard, &(ConnectionOrigin){
                                                      .endpoint = acceptor->served.endpoint,
                                                      .peer = peer,
                                                      .fd = fd,
                                                      .refuse = refuse,
                                                      .neighbour = neighbour,
                                              });
}

/* A few are let in to be told why. */
static void acceptor_refuse(Acceptor *acceptor, int fd, const Address *peer, Refusal refusal)
{
        const Endpoint *endpoint = acceptor->served.endpoint;
        const uint8_t reason = refusal_reason(refusal);
        Shard *shard = acceptor->shard;

        refusals_note(&shard->refusals, refusal, endpoint, (const struct sockaddr *)&peer->storage);
        ban_rule_note_refusal(shard, endpoint, (const struct sockaddr *)&peer->storage, refusal);
        client_event_kept_out(shard, refusal, endpoint, (const struct sockaddr *)&peer->storage);
        if (reason == 0 ||
            atomic_load_explicit(&endpoint->socket->refused, memory_order_relaxed) >= REFUSED_MAX ||
            !ratelimit_test(&shard->answer_limit, loop_now(&shard->loop)) ||
            acceptor_serve(acceptor, fd, peer, reason, NULL) < 0) {
                stream_forget(fd);
                close(fd);
        }
}

static void acceptor_take(Acceptor *acceptor, int fd, const Address *peer)
{
        Shard *shard = acceptor->shard;
        Neighbour *neighbour;
        int r;
        Refusal refusal =
                acceptor_judge(acceptor, (const struct sockaddr *)&peer->storage, &neighbour);

        counters_add(shard->counters.sockets_accepted, 1);
        listener_count(&acceptor->served.endpoint->socket->counters.accepted, 1);
        if (refusal != REFUSAL_NONE) {
                acceptor->n_unwanted++;
                acceptor_refuse(acceptor, fd, peer, refusal);
                return;
        }
        r = acceptor_serve(acceptor, fd, peer, 0, neighbour);
        acceptor->n_unwanted += r == REASON_SERVER_BUSY;
        acceptor->n_evicting += r == REASON_SERVER_BUSY;
        if (r < 0) {
                neighbours_leave(shard->plane->neighbours, neighbour);
                close(fd);
        }
}

static void acceptor_ready(LoopSource *source, uint32_t events)
{
        Acceptor *acceptor = container_of(source, Acceptor, source);

        for (unsigned i = 0; i < ACCEPT_MAX; i++) {
                Address peer;
                int fd, r;

                r = stream_accept(source->fd, &peer, &fd);
                if (r == -EAGAIN) {
                        if (acceptor->n_unwanted >= FLOOD_MIN)
                                acceptor_rest(acceptor);
                        return;
                }
                if (r < 0) {
                        /* Level-triggered, it would spin. */
                        loop_remove(&acceptor->shard->loop, source);
                        acceptor_pause(acceptor, r);
                        return;
                }
                acceptor_take(acceptor, fd, &peer);
                if (acceptor->n_evicting >= EVICTING_MAX) {
                        acceptor_rest(acceptor);
                        return;
                }
        }
}

int acceptor_new(Endpoint *endpoint, Acceptor **ret_acceptor)
{
        Acceptor *acceptor = calloc(1, sizeof(*acceptor));

        if (!acceptor)
                return -ENOMEM;
        list_init(&acceptor->served.link);
        acceptor->served.endpoint = endpoint_ref(endpoint);
        acceptor->source.fd = endpoint->socket->fd;
        acceptor->source.ready = acceptor_ready;
        acceptor->source.is_late = true;
        acceptor->due = MSEC_INFINITY;
        listening_socket_enter(endpoint->socket);
        *ret_acceptor = acceptor;
        return 0;
}

/* Nobody comes any more. */
static void acceptor_leave(Acceptor *acceptor)
{
        if (acceptor->served.ends)
                return;
        acceptor->served.ends = true;
        if (acceptor->shard)
                loop_remove(&acceptor->shard->loop, &acceptor->source);
        listening_socket_leave(acceptor->served.endpoint->socket);
}

Acceptor *acceptor_free(Acceptor *acceptor)
{
        if (!acceptor)
                return NULL;
        list_remove(&acceptor->served.link);
        acceptor_leave(acceptor);
        endpoint_unref(acceptor->served.endpoint);
        free(acceptor);
        return NULL;
}

void acceptor_start(Acceptor *acceptor, Shard *shard)
{
        acceptor->shard = shard;
        list_append(&shard->acceptors, &acceptor->served.link);
        acceptor_listen(acceptor);
}

Acceptor *acceptor_find(const Shard *shard, const Endpoint *endpoint)
{
        list_foreach (Served, served, &shard->acceptors, link)
                if (served->endpoint == endpoint && !served->ends)
                        return acceptor_of(served);
        return NULL;
}

void acceptor_renew(Acceptor *acceptor, Endpoint *endpoint)
{
        Endpoint *before = acceptor->served.endpoint;

        acceptor->served.endpoint = endpoint_ref(endpoint);
        endpoint_unref(before);
}

void acceptor_end(Acceptor *acceptor, msec_t grace)
{
        acceptor_leave(acceptor);
        acceptor_arm(acceptor, msec_add(loop_now(&acceptor->shard->loop), grace));
}

void acceptors_look(Shard *shard)
{
        list_foreach (Served, served, &shard->acceptors, link) {
                Acceptor *acceptor = acceptor_of(served);

                if (served->ends)
                        continue;
                if (acceptor_is_paused(acceptor))
                        loop_remove(&shard->loop, &acceptor->source);
                else
                        acceptor_listen(acceptor);
        }
}

void acceptors_run_due(Shard *shard)
{
        msec_t now = loop_now(&shard->loop);

        if (_likely_(now < shard->acceptors_due))
                return;
        shard->acceptors_due = MSEC_INFINITY;
        list_foreach_safe (Served, served, &shard->acceptors, link) {
                Acceptor *acceptor = acceptor_of(served);

                if (acceptor->due > now) {
                        shard->acceptors_due = MIN(shard->acceptors_due, acceptor->due);
                        continue;
                }
                acceptor->due = MSEC_INFINITY;
                if (!served->ends) {
                        acceptor_listen(acceptor);
                        continue;
                }
                acceptor_free(acceptor);
                shard_begin_review(shard);
        }
}

void acceptors_close(Shard *shard)
{
        list_foreach_safe (Served, served, &shard->acceptors, link)
                acceptor_free(acceptor_of(served));
        shard->acceptors_due = MSEC_INFINITY;
}
