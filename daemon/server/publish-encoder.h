/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A message into PUBLISH packets for many takers: encoded once per layout (version, QoS, RETAIN),
 * then copied, with only the packet identifier changed. What is particular to one taker
 * (identifiers, alias, DUP) is encoded for it alone.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/session.h"
#include "mqtt/publish.h"
#include "server/alias.h"
#include "server/output.h"
#include "util/buffer.h"
#include "util/clock.h"

/* MQTT 3 or 5, QoS 0 to 2, RETAIN or not. */
#define PUBLISH_LAYOUTS (2 * 3 * 2)

typedef struct PublishTemplate {
        PublishLayout layout;
        size_t at; /* in bytes */
        bool made;
} PublishTemplate;

typedef struct PublishEncoder {
        Message *message; /* the one that the templates are of; borrowed; NULL: encode for one */
        msec_t now;
        Buffer bytes;
        PublishTemplate templates[PUBLISH_LAYOUTS];
} PublishEncoder;

/* Whom a packet is for. */
typedef struct PublishTarget {
        Output *output;
        Aliases *aliases;  /* NULL: does without */
        Bytes strip;       /* the mount point, which the topic begins with and loses here */
        uint32_t max_size; /* of a packet; 0: no limit */
        MqttVersion version;
} PublishTarget;

void publish_encoder_done(PublishEncoder *encoder);

/* Between these two, packets of this message for many takers follow. */
void publish_encoder_begin(PublishEncoder *encoder, Message *message, msec_t now);
void publish_encoder_end(PublishEncoder *encoder);

/*
 * Appends the packet to the target's output. *ret_size is its size. 0, REASON_PACKET_TOO_LARGE:
 * larger than the client takes [MQTT-3.1.2-24]: nothing was appended, or -ENOMEM.
 */
int publish_encoder_append(PublishEncoder *encoder, const Delivery *delivery, msec_t now,
                           const PublishTarget *target, size_t *ret_size);
