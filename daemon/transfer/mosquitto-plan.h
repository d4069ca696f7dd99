/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What becomes of the content of a mosquitto.db: which sessions are over, which message has which
 * number in our log, and who is owed it.
 *
 * - A queue of ours is in the order of the numbers. Messages get theirs in the order in which
 *   Mosquitto received them; where a client's queue has another order (retained messages come into
 *   it late), the message is there once more, under a later number, for this client.
 * - A message that came at QoS 2 and was not released is passed on by Mosquitto at PUBREL, by
 *   Hawker at PUBLISH. So it is passed on here: to the sessions of the file that want it. What is
 *   left is its packet identifier.
 * - Clients of MQTT 5 with expiry interval 0 who were connected look like those of MQTT 3 from a
 *   file of an older version, whose sessions never end. A session too many is better than one lost.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include <stdint.h>

#include "transfer/mosquitto-image.h"

typedef struct MosquittoTimes {
        uint64_t now;     /* seconds since the epoch */
        uint64_t written; /* when Mosquitto wrote the file: who was connected then left then */
} MosquittoTimes;

typedef struct MosquittoPlan {
        MosquittoImage *image; /* its messages are in the order of `id` now */
        uint32_t *takers;      /* deliveries, message by message */
        uint32_t *copies;      /* deliveries whose message is in the log for them alone */
        size_t n_copies;
        uint64_t n_numbers; /* that were given to messages */
        uint64_t n_sessions, n_sessions_over, n_messages_over;
        uint64_t n_qos_0;   /* deliveries at QoS 0, which are not kept */
        uint64_t n_missing; /* deliveries and retained messages whose message is not there */
} MosquittoPlan;

/* Changes the image, which outlives the plan. 0 or -ENOMEM. */
int mosquitto_plan_init(MosquittoPlan *plan, MosquittoImage *image, const MosquittoTimes *times);
void mosquitto_plan_done(MosquittoPlan *plan);

/* The message of this number of Mosquitto's; NULL: there is none, which is counted, or it has
 * expired. */
ImageMessage *mosquitto_plan_message(MosquittoPlan *plan, uint64_t id);
