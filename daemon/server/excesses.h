/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What clients of one worker have wanted above their limits: counted by limit, and told in
 * summaries, for whoever is above a limit is so with every packet. The first one after a quiet time
 * is told at once.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>

#include "util/bytes.h"
#include "util/loop.h"

#define MESSAGE_ID_EXCESS      "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e60"
#define MESSAGE_ID_EXCESS_MORE "5f1b0c8e3d7a4f6fb0d6a1d5f7c24e61"

/* Above which limit. */
typedef enum Excess {
        EXCESS_CLIENT_MESSAGE_RATE,
        EXCESS_CLIENT_RECEIVE_RATE,
        EXCESS_CLIENT_SEND_RATE,
        EXCESS_CLIENT_RETAINED, /* these in the order of RetainedLimit */
        EXCESS_CLIENT_RETAINED_BYTES,
        EXCESS_USER_RETAINED,
        EXCESS_USER_RETAINED_BYTES,
        EXCESS_CLIENT_SUBSCRIPTIONS,
        EXCESS_CLIENT_WILDCARD_LEVELS,
        EXCESS_USER_CONNECTION_RATE,
        EXCESS_USER_CONNECTIONS,
        EXCESS_USER_MESSAGE_RATE,
        EXCESS_USER_RECEIVE_RATE,
        EXCESS_USER_SEND_RATE,
        EXCESS_USER_SESSIONS,
        EXCESS_USER_SUBSCRIPTIONS,
        EXCESSES_N
} Excess;

/* The option that sets the limit. */
const char *excess_option(Excess excess);

typedef struct Excesses {
        Loop *loop;                  /* of the worker */
        LoopTimer timer;             /* of the next summary */
        unsigned counts[EXCESSES_N]; /* since the last one */
} Excesses;

void excesses_init(Excesses *excesses, Loop *loop);

/* True: the first one after a quiet time, which the caller tells. */
bool excesses_note(Excesses *excesses, Excess excess);

/* Who it is. username without data: nobody's; peer NULL: not known. */
void excesses_tell(Excess excess, Bytes client_id, Bytes username, const char *peer);
