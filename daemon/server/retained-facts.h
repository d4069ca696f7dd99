/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is known of a retained message, for administration.
 *
 * Thread: any (one owner)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "server/message-words.h"
#include "util/bytes.h"
#include "util/clock.h"
#include "util/macro.h"

typedef struct Plane Plane;

/* Texts are made clean (utf8_clean()). */
typedef struct RetainedFacts {
        Message *message; /* a reference */
        const char *topic;
        const char *user;   /* of its author, */
        const char *client; /* and the identifier; "": anonymous, or not remembered */
        uint64_t size;      /* of the payload, bytes */
        uint64_t rest;      /* of its properties, bytes as MQTT has them */
        uint64_t expiry;    /* s that are left; 0: it does not expire */
        uint8_t qos;
        char text[];
} RetainedFacts;

/* Of this message, which is not expired. 0 or -ENOMEM. */
int retained_facts_new(Message *message, msec_t now, RetainedFacts **ret_facts);
RetainedFacts *retained_facts_free(RetainedFacts *facts);
DEFINE_CLEANUP(RetainedFacts, retained_facts_free)

/* The message that is retained for this topic. 0; -ENOENT: there is none; -EINVAL: that is no topic
 * name; or -ENOMEM. */
int retained_facts_find(const Plane *plane, const char *topic, msec_t now,
                        RetainedFacts **ret_facts);

/* A view. */
Bytes retained_facts_payload(const RetainedFacts *facts);
