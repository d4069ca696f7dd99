/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Bytes both ways between the transport of a client and the HTTP thread, which makes and reads the
 * frames of its WebSocket (websocket_framing libwebsockets). What the frames carry comes by another
 * pair, which is the connection's transport; so a pump asks nothing of its connection, and tells it
 * nothing: when it ends, so does that pair. Behind the last frame the client has time to read it:
 * until it leaves, or its connection has lingered.
 *
 * Not more is read than the other side takes, but for a piece each way: who is slow slows the
 * other.
 *
 * Thread: worker; its connection's
 */
#pragma once

#include "server/http-visit.h"
#include "transport/transport.h"
#include "transport/websocket-frame.h"
#include "util/buffer.h"
#include "util/loop.h"
#include "util/macro.h"

/* What is read at a time: the least that a scratch must have room for. */
#define PUMP_PIECE (64U * 1024U)

typedef struct Pump {
        LoopSource client; /* events of `below` */
        LoopSource frames; /* our end of the pair; fd -1: it is over */
        Loop *loop;
        uint8_t *scratch;
        Transport below;
        HttpVisit *visit;      /* a reference: the code goes by it */
        Buffer up, down;       /* read, and not taken by the HTTP thread, by the client */
        bool client_ended : 1; /* it sends nothing more, */
        bool frames_ended : 1; /* nor does the HTTP thread, */
        bool has_finished : 1; /* and the client knows */
} Pump;

/* Takes over `below` and the fd, references the visit. 0, or -ENOMEM: nothing has changed. */
int pump_new(Transport *below, int fd, HttpVisit *visit, Pump **ret_pump);
/* Closes both of its sides, in order as far as that goes without waiting. Takes NULL. */
Pump *pump_free(Pump *pump);
DEFINE_CLEANUP(Pump, pump_free)

/* Part of this loop from here on; begins with what there is. The scratch is used within a callback
 * only. 0 or -errno; then it is part of none. */
int pump_start(Pump *pump, Loop *loop, uint8_t *scratch);
/* Takes it out again, to move or to end. Idempotent. */
void pump_stop(Pump *pump);

/* Both sides have ended. */
static inline bool pump_is_over(const Pump *pump)
{
        return pump->frames.fd < 0;
}

/* Whether its events are those of a stranger: see loop_dispatch_late(). */
void pump_set_late(Pump *pump, bool is_late);

/* What the client is told when the payload's pair ends; WEBSOCKET_NORMAL unless this was called. */
void pump_set_code(Pump *pump, WebsocketCode code);
