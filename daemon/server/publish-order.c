/* SPDX-License-Identifier: Apache-2.0 */

/* The order to publish a message. */

#include "server/publish-order.h"

#include <errno.h>
#include <stdlib.h>

#include "access/access.h"
#include "mqtt/publish.h"
#include "mqtt/topic.h"
#include "server/answer.h"
#include "server/deliver.h"
#include "server/keeping.h"
#include "server/publications.h"
#include "server/receipt.h"
#include "server/shard-store.h"
#include "util/utf8.h"

typedef struct Order {
        Message *message; /* without a number */
        Receipt *receipt; /* NULL: not begun */
        PublishFault fault;
        bool matched;
} Order;

/* --- the worker --- */

/* As that of a client: for what must be kept, before anybody gets it. */
static bool lacks_room(Shard *shard, const Message *message)
{
        const bool retains = message->retain && message->payload_length > 0;

        if (!shard->store || (message->qos == 0 && !retains))
                return false;
        return !keeping_has_room(shard, message_size(message)) &&
               (retains || deliver_may_last(shard, message_topic(message)));
}

static PublishFault judge(Shard *shard, const Message *message)
{
        const Settings *settings = shard->settings;
        const bool takes_away = message->retain && message->payload_length == 0;

        if ((settings->message_size_limit > 0 &&
             message->payload_length > settings->message_size_limit) ||
            (settings->max_packet_size > 0 && message_size(message) > settings->max_packet_size))
                return PUBLISH_TOO_LARGE;
        if (lacks_room(shard, message))
                return PUBLISH_STORE_FULL;
        if (plane_has_memory_pressure(shard->plane) && !takes_away)
                return PUBLISH_MEMORY_SHORT;
        return PUBLISH_FINE;
}

/* The same, with the number that it is stored under. */
static int number_message(const Shard *shard, Message *message, Message **ret_message)
{
        const uint64_t number = publication_number(shard, message->qos);
        const MessageParts parts = {
                .topic = message_topic(message),
                .properties = message_properties(message),
                .payload = message_payload(message),
                .expires = message->expires,
                .qos = message->qos,
                .retain = message->retain,
                .number = number,
        };

        if (number > 0)
                return message_new(&parts, ret_message);
        *ret_message = message_ref(message);
        return 0;
}

/* What was not opened has no place among the answers yet. */
static int finish(Shard *shard, const Message *message, Receipt *receipt, int ended)
{
        if (ended == 1 && message->retain)
                return answer_receipt_kept(shard, receipt);
        if (ended == 1 || !shard_is_strict(shard))
                receipt_say(receipt, 0);
        return MIN(ended, 0);
}

static int publish(Order *order, Shard *shard)
{
        _cleanup_(message_unrefp) Message *message = NULL;
        const PublicationOrigin origin = {.receipt = order->receipt};
        int r, ended;

        r = number_message(shard, order->message, &message);
        if (r == 0)
                r = publication_begin(shard, message, &origin);
        if (r < 0)
                return r;
        r = deliver_open(shard, message, SESSION_ID_NONE, &order->matched);
        if (r > 0) {
                publication_abort(shard);
                return -EDQUOT; /* of an author, and it has none */
        }
        ended = publication_end(shard, 0);
        return r < 0 ? r : finish(shard, message, order->receipt, ended);
}

/* It is sent with the next turn, behind which this is asked again. */
static int begin(Order *order, Shard *shard)
{
        int r;

        order->fault = judge(shard, order->message);
        if (order->fault != PUBLISH_FINE)
                return 0;
        r = receipt_new(&order->receipt);
        if (r == 0)
                r = publish(order, shard);
        return r < 0 ? r : GATHER_GOES_ON;
}

static int work(void *question, Shard *shard)
{
        Order *order = question;

        if (shard->index > 0)
                return GATHER_DONE;
        if (!order->receipt)
                return begin(order, shard);
        if (!order->receipt->is_over)
                return GATHER_WAITS;
        if (order->receipt->reason != 0)
                order->fault = PUBLISH_STORE_FULL;
        return 0;
}

/* --- the question --- */

static void order_free(void *question)
{
        Order *order = question;

        message_unref(order->message);
        receipt_unref(order->receipt);
        free(order);
}

static const GatherType type = {work, order_free};

static bool is_topic(const char *text)
{
        const Bytes topic = bytes_from_string(text);

        return topic.length <= MQTT_STRING_MAX && utf8_is_valid(topic.data, topic.length) &&
               topic_name_is_valid(topic);
}

static bool is_long(const char *text)
{
        return bytes_from_string(text).length > MESSAGE_TEXT_MAX;
}

static PublishFault check_words(const PublishWanted *wanted)
{
        const MessageWords *words = &wanted->words;

        if (words->has_payload_format && words->payload_format > 1)
                return PUBLISH_NO_FORMAT;
        if (words->has_payload_format && words->payload_format == 1 &&
            !publish_payload_is_text(wanted->payload))
                return PUBLISH_NO_TEXT;
        if (words->response_topic && !is_topic(words->response_topic))
                return PUBLISH_NO_RESPONSE_TOPIC;
        if (is_long(words->content_type) || words->correlation_data.length > MESSAGE_TEXT_MAX)
                return PUBLISH_LONG_PROPERTY;
        for (size_t i = 0; i < words->n_user; i++)
                if (is_long(words->user[i].name) || is_long(words->user[i].value))
                        return PUBLISH_LONG_PROPERTY;
        return PUBLISH_FINE;
}

static PublishFault check(const PublishWanted *wanted)
{
        const AccessRequest request = {
                .kind = ACCESS_PUBLISH,
                .topic = bytes_from_string(wanted->topic),
        };

        if (!is_topic(wanted->topic))
                return PUBLISH_NO_TOPIC;
        if (access_check(&request, NULL) != 0)
                return PUBLISH_RESERVED_TOPIC;
        if (wanted->qos > 2)
                return PUBLISH_NO_QOS;
        return check_words(wanted);
}

static int make_message(const PublishWanted *wanted, Message **ret_message)
{
        MessageParts parts = {
                .topic = bytes_from_string(wanted->topic),
                .payload = wanted->payload,
                .expires = MESSAGE_NEVER_EXPIRES,
                .qos = wanted->qos,
                .retain = wanted->retain,
        };
        Buffer properties = {};
        int r;

        if (wanted->expires)
                parts.expires = message_expires_at(clock_boottime(), wanted->expiry);
        r = message_words_encode(&wanted->words, &properties);
        parts.properties = buffer_bytes(&properties);
        if (r == 0)
                r = message_new(&parts, ret_message);
        buffer_done(&properties);
        return r == -E2BIG ? PUBLISH_TOO_LARGE : r;
}

int publish_order_new(const PublishWanted *wanted, unsigned n_workers, Gather **ret_gather)
{
        const PublishFault fault = check(wanted);
        Order *order;
        int r;

        if (fault != PUBLISH_FINE)
                return fault;
        order = calloc(1, sizeof(*order));
        if (!order)
                return -ENOMEM;
        r = make_message(wanted, &order->message);
        if (r == 0)
                r = gather_new(&type, order, n_workers, ret_gather);
        if (r != 0)
                order_free(order);
        return r;
}

PublishFault publish_order_result(Gather *gather, bool *ret_matched)
{
        const Order *order = gather_question(gather);

        *ret_matched = order->matched;
        return order->fault;
}
