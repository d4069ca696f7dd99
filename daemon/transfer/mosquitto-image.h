/* SPDX-License-Identifier: Apache-2.0 */

/*
 * All of a mosquitto.db, read once: whose the chunks are and what they mean together. Texts and
 * payloads stay in the file.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transfer/mosquitto-file.h"
#include "util/hashmap.h"
#include "util/macro.h"

#define IMAGE_NONE UINT32_MAX

typedef struct ImageMessage {
        uint64_t id; /* Mosquitto's */
        size_t offset;
        uint64_t number;      /* ours */
        uint32_t first_taker; /* where its takers begin: see ImportPlan */
        uint32_t n_takers;
        bool is_expired;
} ImageMessage;

typedef struct ImageClient {
        Bytes client_id;
        size_t offset;
        uint64_t end;                           /* seconds since the epoch, or PERSIST_NEVER */
        uint32_t expiry;                        /* interval */
        uint32_t session;                       /* our number; 0: it is over */
        uint32_t first_delivery, last_delivery; /* ImageDelivery.next leads from one to the other */
        uint32_t first_subscription;
        uint16_t last_id;
} ImageClient;

/* What becomes of a delivery. */
typedef enum ImageDeliveryKind {
        IMAGE_LEFT_OUT,
        IMAGE_WAITS,
        IMAGE_IN_FLIGHT,
        IMAGE_RELEASED, /* PUBREL is owed to the client */
        IMAGE_RECEIVED, /* PUBREL is owed by the client */
} ImageDeliveryKind;

typedef struct ImageDelivery {
        uint64_t message_id;
        uint64_t number;  /* of the message for this taker; of one that is released: its order */
        uint32_t message; /* where it is in messages[], or IMAGE_NONE */
        uint32_t session;
        uint32_t identifier;
        uint32_t next; /* of the same client, or IMAGE_NONE */
        uint16_t packet_id;
        uint8_t qos, state, kind;
        bool retain, incoming;
} ImageDelivery;

typedef struct ImageSubscription {
        ImageClient *client;
        size_t offset;
        uint32_t next; /* of the same client, or IMAGE_NONE */
} ImageSubscription;

typedef struct MosquittoImage {
        MosquittoFile file;
        Hashmap by_id;         /* ImageClient by client identifier */
        ImageClient **clients; /* in the order of the file */
        ImageMessage *messages;
        ImageDelivery *deliveries;
        ImageSubscription *subscriptions;
        uint64_t *retained; /* numbers of Mosquitto's */
        size_t n_clients, n_messages, n_deliveries, n_subscriptions, n_retained;
        size_t clients_room, messages_room, deliveries_room, subscriptions_room, retained_room;
        uint64_t n_damaged; /* chunks that were passed over */
        uint64_t n_unowned; /* of clients that are not there */
        size_t cut_at;      /* where nothing could be made of the rest; 0: it was read to its end */
} MosquittoImage;

/* The file outlives it. As mosquitto_file_open(); image->file is set even then. */
int mosquitto_image_init(MosquittoImage *image, Bytes file);
void mosquitto_image_done(MosquittoImage *image);

/* The next some thousand chunks; with `partial` what is damaged is passed over and counted. 1:
 * there are more; 0: that was all; -ENOMEM; -EBADMSG: what begins at image->file.at is damaged. */
int mosquitto_image_read(MosquittoImage *image, bool partial);

ImageClient *mosquitto_image_client(const MosquittoImage *image, Bytes client_id);

/* Another message for a client; `delivery` is copied, to the end of its list. 0 or -ENOMEM. */
int mosquitto_image_deliver(MosquittoImage *image, ImageClient *client,
                            const ImageDelivery *delivery);

/* Another message that its topic retains, instead of those before. 0 or -ENOMEM. */
int mosquitto_image_retain(MosquittoImage *image, uint64_t message_id);
