/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The order to publish a message, in the form of a question (gather.h): it goes the way of one that
 * a client publishes, but for the rules of who may, and is answered when what `durability` promises
 * a publisher is true. The first worker publishes, so messages are sent in the order of the calls.
 *
 * Thread: control
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "server/gather.h"
#include "server/message-words.h"

typedef struct PublishWanted {
        const char *topic;
        Bytes payload;
        uint8_t qos;
        bool retain;
        bool expires;    /* after so many */
        uint32_t expiry; /* s */
        MessageWords words;
} PublishWanted;

/* What keeps it from being published. */
typedef enum PublishFault {
        PUBLISH_FINE = 0,
        PUBLISH_NO_TOPIC,          /* empty, too long, too many levels, or with wildcards */
        PUBLISH_RESERVED_TOPIC,    /* of the broker: `$SYS`, `$share`, `$CONTROL` */
        PUBLISH_NO_QOS,            /* more than 2 */
        PUBLISH_NO_FORMAT,         /* neither 0 nor 1 */
        PUBLISH_NO_TEXT,           /* though the payload format says so */
        PUBLISH_NO_RESPONSE_TOPIC, /* as of topics */
        PUBLISH_LONG_PROPERTY,     /* more than MESSAGE_TEXT_MAX bytes */
        PUBLISH_TOO_LARGE,         /* for the settings */
        PUBLISH_STORE_FULL,
        PUBLISH_MEMORY_SHORT,
        PUBLISH_FAULTS_N
} PublishFault;

/* The message is copied. 0; a PublishFault; -ENOMEM or -errno. */
int publish_order_new(const PublishWanted *wanted, unsigned n_workers, Gather **ret_gather);

/* When it was answered, with 0: what has come of it. *ret_matched: somebody takes it. */
PublishFault publish_order_result(Gather *gather, bool *ret_matched);
