/* SPDX-License-Identifier: Apache-2.0 */

/* Messages that are published over the bus. */

#include "control/publish-bus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/publish-order.h"

/* --- what is refused --- */

static const struct {
        const char *name, *text;
} faults[PUBLISH_FAULTS_N] = {
        [PUBLISH_NO_TOPIC] = {"org.hawker.Error.InvalidTopic",
                              "That is no topic to publish to: one has 1 to 65535 bytes, and "
                              "neither + nor #, which are for subscriptions"},
        [PUBLISH_RESERVED_TOPIC] = {"org.hawker.Error.InvalidTopic",
                                    "Topics of $SYS, $CONTROL and $share are the broker's own: "
                                    "publish to another one"},
        [PUBLISH_NO_QOS] = {"org.hawker.Error.InvalidQoS", "QoS is 0, 1 or 2"},
        [PUBLISH_NO_FORMAT] = {"org.hawker.Error.InvalidProperty",
                               "PayloadFormat is 0 (bytes) or 1 (text in UTF-8)"},
        [PUBLISH_NO_TEXT] = {"org.hawker.Error.InvalidPayload",
                             "PayloadFormat says that the payload is text in UTF-8, and it is "
                             "not: leave that property out"},
        [PUBLISH_NO_RESPONSE_TOPIC] = {"org.hawker.Error.InvalidProperty",
                                       "ResponseTopic is no topic: one has 1 to 65535 bytes, and "
                                       "neither + nor #"},
        [PUBLISH_LONG_PROPERTY] = {"org.hawker.Error.InvalidProperty",
                                   "A property has more than 65535 bytes, which MQTT cannot "
                                   "carry: put it into the payload"},
        [PUBLISH_TOO_LARGE] = {"org.hawker.Error.PayloadTooLarge",
                               "The message is larger than max_packet_size or "
                               "message_size_limit allow: raise them, or send less"},
        [PUBLISH_STORE_FULL] = {"org.hawker.Error.StoreFull",
                                "The store has no room for it: make room on the disk, or raise "
                                "the limit of the store, and try again"},
        [PUBLISH_MEMORY_SHORT] = {"org.hawker.Error.MemoryShort",
                                  "The broker is short of memory and takes nothing new: try "
                                  "again later"},
};

static int set_fault(sd_bus_error *error, PublishFault fault)
{
        return sd_bus_error_set(error, faults[fault].name, faults[fault].text);
}

/* --- the properties --- */

typedef struct Reading {
        PublishWanted *wanted;
        WordPair *pairs; /* grows */
        size_t n_pairs, room;
} Reading;

static int read_expiry(sd_bus_message *call, Reading *reading)
{
        reading->wanted->expires = true;
        return sd_bus_message_read(call, "u", &reading->wanted->expiry);
}

static int read_format(sd_bus_message *call, Reading *reading)
{
        reading->wanted->words.has_payload_format = true;
        return sd_bus_message_read(call, "y", &reading->wanted->words.payload_format);
}

static int read_content_type(sd_bus_message *call, Reading *reading)
{
        return sd_bus_message_read(call, "s", &reading->wanted->words.content_type);
}

static int read_response_topic(sd_bus_message *call, Reading *reading)
{
        return sd_bus_message_read(call, "s", &reading->wanted->words.response_topic);
}

/* Empty, it is there all the same. */
static int read_bytes(sd_bus_message *call, Bytes *ret_bytes)
{
        const void *data;
        size_t size;
        int r = sd_bus_message_read_array(call, 'y', &data, &size);

        if (r >= 0)
                *ret_bytes = size > 0 ? (Bytes){data, size} : BYTES_LITERAL("");
        return r;
}

static int read_correlation(sd_bus_message *call, Reading *reading)
{
        return read_bytes(call, &reading->wanted->words.correlation_data);
}

static int add_pair(Reading *reading, const WordPair *pair)
{
        if (reading->n_pairs == reading->room) {
                const size_t room = 2 * reading->room + 8;
                WordPair *more = reallocarray(reading->pairs, room, sizeof(*more));

                if (!more)
                        return -ENOMEM;
                reading->pairs = more;
                reading->room = room;
        }
        reading->pairs[reading->n_pairs++] = *pair;
        return 0;
}

static int read_pairs(sd_bus_message *call, Reading *reading)
{
        WordPair pair;
        int r = sd_bus_message_enter_container(call, 'a', "(ss)");

        while (r >= 0 && (r = sd_bus_message_read(call, "(ss)", &pair.name, &pair.value)) > 0)
                r = add_pair(reading, &pair);
        return r < 0 ? r : sd_bus_message_exit_container(call);
}

static const struct {
        const char *name, *type;
        int (*read)(sd_bus_message *call, Reading *reading);
} properties[] = {
        {"MessageExpiry", "u", read_expiry},         {"PayloadFormat", "y", read_format},
        {"ContentType", "s", read_content_type},     {"ResponseTopic", "s", read_response_topic},
        {"CorrelationData", "ay", read_correlation}, {"UserProperties", "a(ss)", read_pairs},
};

static int set_bad_property(sd_bus_error *error)
{
        return sd_bus_error_set(error, "org.hawker.Error.InvalidProperty",
                                "A message has the properties MessageExpiry (u), PayloadFormat "
                                "(y), ContentType (s), ResponseTopic (s), CorrelationData (ay) "
                                "and UserProperties (a(ss)), and no others");
}

static int read_property(sd_bus_message *call, Reading *reading, sd_bus_error *error)
{
        const char *name, *type;
        int r = sd_bus_message_read(call, "s", &name);

        if (r >= 0)
                r = sd_bus_message_peek_type(call, NULL, &type);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
                if (strcmp(properties[i].name, name) != 0 || strcmp(properties[i].type, type) != 0)
                        continue;
                r = sd_bus_message_enter_container(call, 'v', type);
                if (r >= 0)
                        r = properties[i].read(call, reading);
                return r < 0 ? r : sd_bus_message_exit_container(call);
        }
        return set_bad_property(error);
}

static int read_properties(sd_bus_message *call, Reading *reading, sd_bus_error *error)
{
        int r = sd_bus_message_enter_container(call, 'a', "{sv}");

        while (r >= 0 && (r = sd_bus_message_enter_container(call, 'e', "sv")) > 0) {
                r = read_property(call, reading, error);
                if (r >= 0)
                        r = sd_bus_message_exit_container(call);
        }
        reading->wanted->words.user = reading->pairs;
        reading->wanted->words.n_user = reading->n_pairs;
        return r < 0 ? r : sd_bus_message_exit_container(call);
}

/* --- Publish --- */

static int answer(sd_bus_message *call, Gather *gather, sd_bus_error *error)
{
        bool matched;
        PublishFault fault = publish_order_result(gather, &matched);

        if (fault != PUBLISH_FINE)
                return set_fault(error, fault);
        return sd_bus_reply_method_return(call, "b", (int)matched);
}

static int read_call(sd_bus_message *call, Reading *reading, sd_bus_error *error)
{
        PublishWanted *wanted = reading->wanted;
        int retain, r;

        r = sd_bus_message_read(call, "s", &wanted->topic);
        if (r >= 0)
                r = read_bytes(call, &wanted->payload);
        if (r >= 0)
                r = sd_bus_message_read(call, "yb", &wanted->qos, &retain);
        if (r < 0)
                return r;
        wanted->retain = retain;
        return read_properties(call, reading, error);
}

int publish_bus_publish(sd_bus_message *call, void *data, sd_bus_error *error)
{
        Manager *manager = data;
        PublishWanted wanted = {};
        Reading reading = {.wanted = &wanted};
        Gather *gather = NULL;
        int r;

        r = read_call(call, &reading, error);
        if (r >= 0)
                r = gathering_admit(&manager->gatherings, call, error);
        if (r >= 0)
                r = publish_order_new(&wanted, server_n_workers(manager->server), &gather);
        free(reading.pairs);
        if (r > 0)
                return set_fault(error, (PublishFault)r);
        return r < 0 ? r : gathering_start(&manager->gatherings, call, gather, answer);
}
