/* SPDX-License-Identifier: Apache-2.0 */
/* mosquitto-plan.c: step by step over the lists of the image. */
#include "transfer/mosquitto-plan.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/packet-ids.h"
#include "broker/persist-record.h"
#include "broker/subscription.h"
#include "mqtt/topic.h"

/* --- sessions --- */

static bool is_over(const ImageClient *client, const MosquittoTimes *times)
{
        return client->end <= times->now;
}

static void number_sessions(MosquittoPlan *plan, const MosquittoTimes *times)
{
        MosquittoImage *image = plan->image;

        for (size_t i = 0; i < image->n_clients; i++) {
                ImageClient *client = image->clients[i];

                if (client->expiry == 0)
                        client->expiry = MQTT_SESSION_NEVER_ENDS;
                if (client->end == 0)
                        client->end = client->expiry == MQTT_SESSION_NEVER_ENDS
                                              ? PERSIST_NEVER
                                              : times->written + client->expiry;
                if (is_over(client, times))
                        plan->n_sessions_over++;
                else
                        client->session = (uint32_t)++plan->n_sessions;
        }
}

/* --- messages --- */

static int compare_messages(const void *a, const void *b)
{
        const ImageMessage *one = a, *other = b;

        if (one->id != other->id)
                return one->id < other->id ? -1 : 1;
        return one->offset < other->offset ? -1 : one->offset > other->offset;
}

static void sort_messages(MosquittoPlan *plan, const MosquittoTimes *times)
{
        MosquittoImage *image = plan->image;

        if (image->n_messages > 0)
                qsort(image->messages, image->n_messages, sizeof(*image->messages),
                      compare_messages);
        for (size_t i = 0; i < image->n_messages; i++) {
                ImageMessage *message = &image->messages[i];
                MosquittoChunk chunk = mosquitto_file_again(&image->file, message->offset);

                message->is_expired =
                        chunk.message.expires > 0 && (uint64_t)chunk.message.expires <= times->now;
                plan->n_messages_over += message->is_expired;
        }
}

/* Of several with one number the first in the file. */
static ImageMessage *find_by_id(const MosquittoImage *image, uint64_t id)
{
        size_t low = 0, high = image->n_messages;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (image->messages[middle].id < id)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < image->n_messages && image->messages[low].id == id ? &image->messages[low]
                                                                        : NULL;
}

ImageMessage *mosquitto_plan_message(MosquittoPlan *plan, uint64_t id)
{
        ImageMessage *message = find_by_id(plan->image, id);

        plan->n_missing += !message;
        return message && !message->is_expired ? message : NULL;
}

/* --- what becomes of deliveries --- */

/* By direction, QoS and state; all others are acknowledged, or were never. */
static const struct {
        uint8_t kind;
        bool incoming;
        uint8_t qos, state;
} kinds[] = {
        {IMAGE_RECEIVED, true, 2, MOSQUITTO_WAIT_PUBREL},
        {IMAGE_RECEIVED, true, 2, MOSQUITTO_SEND_PUBREC},
        {IMAGE_WAITS, false, 1, MOSQUITTO_QUEUED},
        {IMAGE_WAITS, false, 2, MOSQUITTO_QUEUED},
        {IMAGE_IN_FLIGHT, false, 1, MOSQUITTO_SEND_QOS_1},
        {IMAGE_IN_FLIGHT, false, 1, MOSQUITTO_WAIT_PUBACK},
        {IMAGE_IN_FLIGHT, false, 2, MOSQUITTO_SEND_QOS_2},
        {IMAGE_IN_FLIGHT, false, 2, MOSQUITTO_WAIT_PUBREC},
        {IMAGE_RELEASED, false, 2, MOSQUITTO_SEND_PUBREL},
        {IMAGE_RELEASED, false, 2, MOSQUITTO_WAIT_PUBCOMP},
};

static uint8_t kind_of(const ImageDelivery *delivery)
{
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (kinds[i].incoming == delivery->incoming && kinds[i].qos == delivery->qos &&
                    kinds[i].state == delivery->state)
                        return kinds[i].kind;
        return IMAGE_LEFT_OUT;
}

/* An identifier is in use once in each direction: a second message under it waits. */
static int take_identifier(ImageDelivery *delivery, PacketIds *in_flight, PacketIds *received)
{
        PacketIds *used = delivery->kind == IMAGE_RECEIVED ? received : in_flight;

        if (delivery->kind < IMAGE_IN_FLIGHT)
                return 0;
        if (!packet_ids_contains(used, delivery->packet_id))
                return packet_ids_add(used, delivery->packet_id);
        delivery->kind = delivery->kind == IMAGE_IN_FLIGHT ? IMAGE_WAITS : IMAGE_LEFT_OUT;
        return 0;
}

/* Whose message is gone there is nothing of to send. */
static void find_message(MosquittoPlan *plan, ImageDelivery *delivery)
{
        const ImageMessage *message;

        plan->n_qos_0 += !delivery->incoming && delivery->qos == 0;
        if (delivery->kind != IMAGE_WAITS && delivery->kind != IMAGE_IN_FLIGHT)
                return;
        message = mosquitto_plan_message(plan, delivery->message_id);
        if (message)
                delivery->message = (uint32_t)(message - plan->image->messages);
        else
                delivery->kind = IMAGE_LEFT_OUT;
}

static int sort_deliveries(MosquittoPlan *plan, const ImageClient *client)
{
        PacketIds in_flight = {}, received = {};
        int r = 0;

        for (uint32_t at = client->first_delivery; at != IMAGE_NONE && r == 0;
             at = plan->image->deliveries[at].next) {
                ImageDelivery *delivery = &plan->image->deliveries[at];

                delivery->session = client->session;
                delivery->kind = kind_of(delivery);
                find_message(plan, delivery);
                r = take_identifier(delivery, &in_flight, &received);
        }
        packet_ids_done(&in_flight);
        packet_ids_done(&received);
        return r;
}

/* --- what came at QoS 2 --- */

static int pass_to(MosquittoPlan *plan, const ImageSubscription *to, const ImageMessage *message,
                   ImageClient *from)
{
        MosquittoImage *image = plan->image;
        MosquittoChunk what = mosquitto_file_again(&image->file, message->offset);
        MosquittoChunk how = mosquitto_file_again(&image->file, to->offset);
        uint8_t options = how.subscription.options;
        ImageDelivery delivery = {
                .message_id = message->id,
                .identifier = how.subscription.identifier,
                .message = (uint32_t)(message - image->messages),
                .session = to->client->session,
                .kind = IMAGE_WAITS,
                .qos = MIN(what.message.qos, subscription_qos(options)),
                .retain = what.message.retain && options & SUBSCRIPTION_RETAIN_AS_PUBLISHED,
        };
        TopicFilter filter;

        if (to->client->session == 0 || delivery.qos == 0 ||
            topic_filter_parse(how.subscription.filter, &filter) != 0 || filter.group.length > 0 ||
            (options & SUBSCRIPTION_NO_LOCAL && to->client == from) ||
            !topic_matches(filter.filter, what.message.topic))
                return 0;
        return mosquitto_image_deliver(image, to->client, &delivery);
}

static int pass_on(MosquittoPlan *plan, ImageClient *from, const ImageDelivery *delivery)
{
        MosquittoImage *image = plan->image;
        const ImageMessage *message = mosquitto_plan_message(plan, delivery->message_id);
        int r = 0;

        if (!message)
                return 0;
        if (mosquitto_file_again(&image->file, message->offset).message.retain)
                r = mosquitto_image_retain(image, message->id);
        for (size_t i = 0; i < image->n_subscriptions && r == 0; i++)
                r = pass_to(plan, &image->subscriptions[i], message, from);
        return r;
}

static int pass_on_received(MosquittoPlan *plan)
{
        MosquittoImage *image = plan->image;
        int r = 0;

        for (size_t i = 0; i < image->n_clients && r == 0; i++) {
                ImageClient *client = image->clients[i];
                uint32_t at = client->session > 0 ? client->first_delivery : IMAGE_NONE;

                while (at != IMAGE_NONE && r == 0) {
                        const ImageDelivery delivery = image->deliveries[at]; /* it may move */

                        if (delivery.kind == IMAGE_RECEIVED)
                                r = pass_on(plan, client, &delivery);
                        at = delivery.next;
                }
        }
        return r;
}

/* --- numbers of messages --- */

/* As if the first worker had drawn it. */
static uint64_t next_number(MosquittoPlan *plan)
{
        return ++plan->n_numbers << PERSIST_WORKER_BITS;
}

static void number_messages(MosquittoPlan *plan)
{
        MosquittoImage *image = plan->image;

        for (size_t i = 0; i < image->n_deliveries; i++)
                if (image->deliveries[i].message != IMAGE_NONE)
                        image->messages[image->deliveries[i].message].n_takers++;
        for (size_t i = 0; i < image->n_messages; i++)
                image->messages[i].number = next_number(plan);
}

/* Numbers rise along each client's list. What needs none has its place between them, as long as
 * there is one. */
static void number_deliveries(MosquittoPlan *plan, const ImageClient *client)
{
        MosquittoImage *image = plan->image;
        uint64_t last = 0, behind = 0;

        for (uint32_t at = client->first_delivery; at != IMAGE_NONE;
             at = image->deliveries[at].next) {
                ImageDelivery *delivery = &image->deliveries[at];

                if (delivery->message == IMAGE_NONE) {
                        delivery->number = last + MIN(++behind, (uint64_t)PERSIST_WORKERS - 1);
                        continue;
                }
                if (image->messages[delivery->message].number > last) {
                        delivery->number = image->messages[delivery->message].number;
                } else {
                        delivery->number = next_number(plan);
                        plan->copies[plan->n_copies++] = at;
                        image->messages[delivery->message].n_takers--;
                }
                last = delivery->number;
                behind = 0;
        }
}

/* The takers of each message side by side. */
static void sort_takers(MosquittoPlan *plan)
{
        MosquittoImage *image = plan->image;
        uint32_t first = 0;

        for (size_t i = 0; i < image->n_messages; i++) {
                image->messages[i].first_taker = first;
                first += image->messages[i].n_takers;
                image->messages[i].n_takers = 0;
        }
        for (uint32_t i = 0; i < image->n_deliveries; i++) {
                const ImageDelivery *delivery = &image->deliveries[i];
                ImageMessage *message;

                if (delivery->message == IMAGE_NONE)
                        continue;
                message = &image->messages[delivery->message];
                if (delivery->number == message->number)
                        plan->takers[message->first_taker + message->n_takers++] = i;
        }
}

/* --- all --- */

static int sort_all_deliveries(MosquittoPlan *plan)
{
        int r = 0;

        for (size_t i = 0; i < plan->image->n_clients && r == 0; i++)
                if (plan->image->clients[i]->session > 0)
                        r = sort_deliveries(plan, plan->image->clients[i]);
        return r;
}

static int number_all(MosquittoPlan *plan)
{
        MosquittoImage *image = plan->image;

        plan->takers = calloc(image->n_deliveries + 1, sizeof(*plan->takers));
        plan->copies = calloc(image->n_deliveries + 1, sizeof(*plan->copies));
        if (!plan->takers || !plan->copies)
                return -ENOMEM;
        number_messages(plan);
        for (size_t i = 0; i < image->n_clients; i++)
                number_deliveries(plan, image->clients[i]);
        sort_takers(plan);
        return 0;
}

int mosquitto_plan_init(MosquittoPlan *plan, MosquittoImage *image, const MosquittoTimes *times)
{
        int r;

        *plan = (MosquittoPlan){.image = image};
        number_sessions(plan, times);
        sort_messages(plan, times);
        r = sort_all_deliveries(plan);
        if (r == 0)
                r = pass_on_received(plan);
        return r < 0 ? r : number_all(plan);
}

void mosquitto_plan_done(MosquittoPlan *plan)
{
        free(plan->takers);
        free(plan->copies);
        *plan = (MosquittoPlan){};
}
