/* SPDX-License-Identifier: Apache-2.0 */
/* message.c: making and unmaking application messages. */
#include "broker/message.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *append(uint8_t *at, Bytes bytes)
{
        if (bytes.length > 0)
                memcpy(at, bytes.data, bytes.length);
        return at + bytes.length;
}

int message_new(const MessageParts *parts, Message **ret_message)
{
        Message *message;
        uint8_t *at;

        if (parts->topic.length > UINT16_MAX || parts->properties.length > UINT32_MAX / 4 ||
            parts->payload.length > UINT32_MAX / 4)
                return -E2BIG;

        /* Not sizeof(Message): the padding behind `retain` belongs to the bytes. */
        message = malloc(MAX(sizeof(Message), offsetof(Message, bytes) + parts->topic.length +
                                                      parts->properties.length +
                                                      parts->payload.length));
        if (!message)
                return -ENOMEM;
        atomic_init(&message->references, 1);
        message->payload_length = (uint32_t)parts->payload.length;
        message->properties_length = (uint32_t)parts->properties.length;
        message->expires = parts->expires;
        message->topic_length = (uint16_t)parts->topic.length;
        message->qos = parts->qos;
        message->retain = parts->retain;

        at = append(message->bytes, parts->topic);
        at = append(at, parts->properties);
        append(at, parts->payload);
        *ret_message = message;
        return 0;
}

Message *message_unref(Message *message)
{
        if (!message)
                return NULL;
        /* Who holds the only reference needs no locked instruction: nobody else can add one. */
        if (atomic_load_explicit(&message->references, memory_order_acquire) == 1 ||
            atomic_fetch_sub_explicit(&message->references, 1, memory_order_acq_rel) == 1)
                free(message);
        return NULL;
}

/* Both round the second up, so what is forwarded at once goes out with the interval it came with.
 */
static uint64_t second_of(msec_t now)
{
        return msec_add(now, MSEC_PER_SEC - 1) / MSEC_PER_SEC;
}

uint32_t message_expires_at(msec_t now, uint32_t interval)
{
        uint64_t expires = second_of(now) + interval;

        return (uint32_t)MIN(expires, (uint64_t)MESSAGE_NEVER_EXPIRES - 1);
}

uint32_t message_expiry_left(const Message *message, msec_t now)
{
        uint64_t second = second_of(now);

        return second < message->expires ? (uint32_t)(message->expires - second) : 1;
}
