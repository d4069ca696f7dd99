/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What goes into a session and what comes out of it: a message offered to one taker, and a packet
 * for its client.
 *
 * Thread: worker
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "broker/message.h"
#include "broker/router.h"

/* A message for one taker. */
typedef struct Offer {
        Message *message;
        const uint32_t *identifiers; /* borrowed for the call */
        uint16_t n_identifiers;
        uint8_t qos;       /* already the lower of published and granted */
        bool retain;       /* the flag to send */
        bool writable;     /* the connection can take a packet now */
        ShareGroup *group; /* of a shared subscription, else NULL; referenced by what is kept */
} Offer;

/*
 * One packet for the client. message is borrowed until the next call on the session; NULL: a
 * PUBREL. The identifiers live as long, but with OFFER_SEND they are those of the offer.
 *
 * A client that cannot take the packet because of its size has it all the same [MQTT-3.1.2-25]: at
 * QoS 1 the caller ends the exchange by session_puback(), at QoS 2 by session_pubrec() with a
 * failure.
 */
typedef struct Delivery {
        Message *message;
        const uint32_t *identifiers;
        uint16_t n_identifiers;
        uint16_t packet_id; /* 0 at QoS 0 */
        uint8_t qos;
        bool dup;
        bool retain;
        bool is_stored; /* from the retained messages, for a new subscription */
} Delivery;

typedef enum OfferResult {
        OFFER_SEND,    /* *ret_delivery is to be sent now */
        OFFER_QUEUED,  /* it waits, session_dequeue() will yield it */
        OFFER_DROPPED, /* this taker will not get it: counted */
} OfferResult;
