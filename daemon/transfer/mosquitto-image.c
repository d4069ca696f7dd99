/* SPDX-License-Identifier: Apache-2.0 */
/* mosquitto-image.c: lists, and who is found by name. */
#include "transfer/mosquitto-image.h"

#include <errno.h>
#include <stdlib.h>

#include "util/siphash.h"

#define CHUNKS_AT_ONCE 8192U

static bool equals_client(const void *entry, Bytes key)
{
        return bytes_equal(((const ImageClient *)entry)->client_id, key);
}

/* Room for one more behind `count`. */
static int grow(void *items, size_t *room, size_t count, size_t size)
{
        size_t larger = MAX(*room + *room / 2, (size_t)64);
        void **at = items;
        void *moved;

        if (count < *room)
                return 0;
        if (larger >= IMAGE_NONE)
                return -ENOMEM;
        moved = reallocarray(*at, larger, size);
        if (!moved)
                return -ENOMEM;
        *at = moved;
        *room = larger;
        return 0;
}

int mosquitto_image_init(MosquittoImage *image, Bytes file)
{
        *image = (MosquittoImage){};
        hashmap_init(&image->by_id, equals_client);
        return mosquitto_file_open(file, &image->file);
}

void mosquitto_image_done(MosquittoImage *image)
{
        for (size_t i = 0; i < image->n_clients; i++)
                free(image->clients[i]);
        hashmap_done(&image->by_id);
        free(image->clients);
        free(image->messages);
        free(image->deliveries);
        free(image->subscriptions);
        free(image->retained);
        *image = (MosquittoImage){};
}

ImageClient *mosquitto_image_client(const MosquittoImage *image, Bytes client_id)
{
        return hashmap_find(&image->by_id, hash_bytes(client_id.data, client_id.length), client_id);
}

/* --- chunks --- */

static int add_config(MosquittoImage *image, const MosquittoChunk *chunk)
{
        return 0;
}

static int add_message(MosquittoImage *image, const MosquittoChunk *chunk)
{
        int r = grow(&image->messages, &image->messages_room, image->n_messages,
                     sizeof(*image->messages));

        if (r == 0)
                image->messages[image->n_messages++] = (ImageMessage){
                        .id = chunk->message.number,
                        .offset = chunk->offset,
                };
        return r;
}

/* The first one of this name counts. */
static int add_client(MosquittoImage *image, const MosquittoChunk *chunk)
{
        const MosquittoClient *found = &chunk->client;
        ImageClient *client = mosquitto_image_client(image, found->client_id);
        int r;

        if (client)
                return -EBADMSG;
        r = grow(&image->clients, &image->clients_room, image->n_clients, sizeof(ImageClient *));
        if (r < 0)
                return r;
        client = calloc(1, sizeof(*client));
        if (!client)
                return -ENOMEM;
        client->client_id = found->client_id;
        client->offset = chunk->offset;
        client->end = (uint64_t)found->end;
        client->expiry = found->expiry;
        client->last_id = found->last_id;
        client->first_delivery = client->last_delivery = client->first_subscription = IMAGE_NONE;
        image->clients[image->n_clients++] = client; /* which frees it */
        return hashmap_add(&image->by_id,
                           hash_bytes(client->client_id.data, client->client_id.length), client);
}

int mosquitto_image_deliver(MosquittoImage *image, ImageClient *client,
                            const ImageDelivery *delivery)
{
        uint32_t at = (uint32_t)image->n_deliveries;
        int r = grow(&image->deliveries, &image->deliveries_room, image->n_deliveries,
                     sizeof(*image->deliveries));

        if (r < 0)
                return r;
        image->deliveries[image->n_deliveries++] = *delivery;
        image->deliveries[at].next = IMAGE_NONE;
        if (client->last_delivery == IMAGE_NONE)
                client->first_delivery = at;
        else
                image->deliveries[client->last_delivery].next = at;
        client->last_delivery = at;
        return 0;
}

/* A client comes before what it has. */
static int add_delivery(MosquittoImage *image, const MosquittoChunk *chunk)
{
        const MosquittoDelivery *found = &chunk->delivery;
        ImageClient *client = mosquitto_image_client(image, found->client_id);
        ImageDelivery delivery = {
                .message_id = found->message,
                .message = IMAGE_NONE,
                .identifier = found->identifier,
                .packet_id = found->packet_id,
                .qos = found->qos,
                .state = found->state,
                .retain = found->retain,
                .incoming = found->incoming,
        };

        if (!client) {
                image->n_unowned++;
                return 0;
        }
        return mosquitto_image_deliver(image, client, &delivery);
}

static int add_subscription(MosquittoImage *image, const MosquittoChunk *chunk)
{
        ImageClient *client = mosquitto_image_client(image, chunk->subscription.client_id);
        uint32_t at = (uint32_t)image->n_subscriptions;
        int r;

        if (!client) {
                image->n_unowned++;
                return 0;
        }
        r = grow(&image->subscriptions, &image->subscriptions_room, image->n_subscriptions,
                 sizeof(*image->subscriptions));
        if (r < 0)
                return r;
        image->subscriptions[image->n_subscriptions++] = (ImageSubscription){
                .client = client,
                .offset = chunk->offset,
                .next = client->first_subscription,
        };
        client->first_subscription = at;
        return 0;
}

int mosquitto_image_retain(MosquittoImage *image, uint64_t message_id)
{
        int r = grow(&image->retained, &image->retained_room, image->n_retained,
                     sizeof(*image->retained));

        if (r == 0)
                image->retained[image->n_retained++] = message_id;
        return r;
}

static int add_retained(MosquittoImage *image, const MosquittoChunk *chunk)
{
        return mosquitto_image_retain(image, chunk->retained);
}

static int (*const adds[MOSQUITTO_CHUNK_TYPES])(MosquittoImage *image,
                                                const MosquittoChunk *chunk) = {
        [MOSQUITTO_CONFIG] = add_config,
        [MOSQUITTO_MESSAGE] = add_message,
        [MOSQUITTO_DELIVERY] = add_delivery,
        [MOSQUITTO_RETAINED] = add_retained,
        [MOSQUITTO_SUBSCRIPTION] = add_subscription,
        [MOSQUITTO_CLIENT] = add_client,
};

static int read_one(MosquittoImage *image)
{
        size_t at = image->file.at;
        MosquittoChunk chunk;
        int r = mosquitto_file_next(&image->file, &chunk);

        if (r <= 0)
                return r;
        r = adds[chunk.type](image, &chunk);
        if (r == -EBADMSG)
                image->file.at = at;
        return r < 0 ? r : 1;
}

/* False: nothing can be made of what follows. */
static bool pass_over(MosquittoImage *image)
{
        image->n_damaged++;
        if (mosquitto_file_skip(&image->file))
                return true;
        image->cut_at = image->file.at;
        return false;
}

int mosquitto_image_read(MosquittoImage *image, bool partial)
{
        int r = 1;

        for (unsigned i = 0; i < CHUNKS_AT_ONCE && r > 0; i++) {
                r = read_one(image);
                if (r == -EBADMSG && partial)
                        r = pass_over(image);
        }
        return r;
}
