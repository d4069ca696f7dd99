/* SPDX-License-Identifier: Apache-2.0 */

/*
 * An application message: the one copy that the broker makes of what a publisher sent. Immutable
 * and counted from then on, whoever holds it: outboxes of any worker, the retained store, a will.
 * One allocation holds the header, the topic name, the properties that are passed on unaltered (in
 * their encoding of MQTT 5) and the payload.
 *
 * Thread: any (immutable; the count is atomic)
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "util/bytes.h"
#include "util/clock.h"
#include "util/macro.h"

#define MESSAGE_NEVER_EXPIRES UINT32_MAX

typedef struct Message {
        atomic_uint references;
        uint32_t payload_length;
        uint32_t properties_length;
        uint32_t expires; /* second of boot time, or MESSAGE_NEVER_EXPIRES */
        uint16_t topic_length;
        uint8_t qos;
        bool retain : 1; /* the flag as published */
        bool has_author : 1;
        bool has_number : 1;
        uint8_t bytes[]; /* topic, properties, payload, number, author */
} Message;

/* Whose right to publish it is asked for again when it is sent: what was retained, a will. */
typedef struct MessageAuthor {
        Bytes username; /* without data: anonymous */
        Bytes client_id;
        Bytes listener; /* whose access rules hold; empty: those of all */
} MessageAuthor;

typedef struct MessageParts {
        Bytes topic;
        Bytes properties; /* already reduced to what is forwarded */
        Bytes payload;
        uint32_t expires; /* as in Message */
        uint8_t qos;
        bool retain;
        uint64_t number;             /* under which it is stored: persist.h; 0: it is not */
        const MessageAuthor *author; /* each part at most 65535 bytes; NULL: not remembered */
} MessageParts;

/*
 * Copies all parts. The caller owns one reference. 0, -ENOMEM, or -E2BIG when a part is longer than
 * MQTT can carry.
 */
int message_new(const MessageParts *parts, Message **ret_message);

static inline Message *message_ref(Message *message)
{
        atomic_fetch_add_explicit(&message->references, 1, memory_order_relaxed);
        return message;
}

/* Drops one reference; takes NULL; returns NULL. */
Message *message_unref(Message *message);
DEFINE_CLEANUP(Message, message_unref)

static inline Bytes message_topic(const Message *message)
{
        return (Bytes){message->bytes, message->topic_length};
}

static inline Bytes message_properties(const Message *message)
{
        return (Bytes){message->bytes + message->topic_length, message->properties_length};
}

static inline Bytes message_payload(const Message *message)
{
        return (Bytes){message->bytes + message->topic_length + message->properties_length,
                       message->payload_length};
}

/* Views into the message. False: its author was not remembered. */
bool message_author(const Message *message, MessageAuthor *ret_author);

/* The number that it is stored under, 0 for one that is not. */
static inline uint64_t message_number(const Message *message)
{
        uint64_t number = 0;

        if (message->has_number)
                memcpy(&number, message_payload(message).data + message->payload_length,
                       sizeof(number));
        return number;
}

/* What the message counts for in a queue: topic, properties and payload, in bytes. */
static inline size_t message_size(const Message *message)
{
        return (size_t)message->topic_length + message->properties_length + message->payload_length;
}

/*
 * The absolute form of a Message Expiry Interval (seconds) that starts at now: rounds up, so that
 * nothing expires early. Never MESSAGE_NEVER_EXPIRES: the property is passed on, however large.
 */
uint32_t message_expires_at(msec_t now, uint32_t interval);

static inline bool message_is_expired(const Message *message, msec_t now)
{
        return message->expires != MESSAGE_NEVER_EXPIRES && now / MSEC_PER_SEC >= message->expires;
}

/*
 * The interval to send on [MQTT-3.3.2-6], of a message that expires: what is left, at least 1. (A
 * message that was sent before it expired is repeated with 1.)
 */
uint32_t message_expiry_left(const Message *message, msec_t now);
