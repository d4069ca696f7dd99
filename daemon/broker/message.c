/* SPDX-License-Identifier: Apache-2.0 */
/* message.c: making and unmaking application messages. */
#include "broker/message.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* In front of the texts of the author. */
typedef struct AuthorHead {
        uint16_t username, client_id, listener; /* lengths */
        bool is_anonymous;
} AuthorHead;

static uint8_t *append(uint8_t *at, Bytes bytes)
{
        if (bytes.length > 0)
                memcpy(at, bytes.data, bytes.length);
        return at + bytes.length;
}

static size_t author_size(const MessageAuthor *author)
{
        return author ? sizeof(AuthorHead) + author->username.length + author->client_id.length +
                                author->listener.length
                      : 0;
}

static size_t number_size(uint64_t number)
{
        return number != 0 ? sizeof(number) : 0;
}

static bool author_fits(const MessageAuthor *author)
{
        return !author ||
               (author->username.length <= UINT16_MAX && author->client_id.length <= UINT16_MAX &&
                author->listener.length <= UINT16_MAX);
}

static void append_author(uint8_t *at, const MessageAuthor *author)
{
        const AuthorHead head = {
                .username = (uint16_t)author->username.length,
                .client_id = (uint16_t)author->client_id.length,
                .listener = (uint16_t)author->listener.length,
                .is_anonymous = !author->username.data,
        };

        at = append(at, (Bytes){(const uint8_t *)&head, sizeof(head)});
        at = append(at, author->username);
        at = append(at, author->client_id);
        append(at, author->listener);
}

int message_new(const MessageParts *parts, Message **ret_message)
{
        Message *message;
        uint8_t *at;

        if (parts->topic.length > UINT16_MAX || parts->properties.length > UINT32_MAX / 4 ||
            parts->payload.length > UINT32_MAX / 4 || !author_fits(parts->author))
                return -E2BIG;

        /* Not sizeof(Message): the padding behind `retain` belongs to the bytes. */
        message = malloc(MAX(sizeof(Message),
                             offsetof(Message, bytes) + parts->topic.length +
                                     parts->properties.length + parts->payload.length +
                                     number_size(parts->number) + author_size(parts->author)));
        if (!message)
                return -ENOMEM;
        atomic_init(&message->references, 1);
        message->payload_length = (uint32_t)parts->payload.length;
        message->properties_length = (uint32_t)parts->properties.length;
        message->expires = parts->expires;
        message->topic_length = (uint16_t)parts->topic.length;
        message->qos = parts->qos;
        message->retain = parts->retain;
        message->has_author = parts->author != NULL;
        message->has_number = parts->number != 0;

        at = append(message->bytes, parts->topic);
        at = append(at, parts->properties);
        at = append(at, parts->payload);
        at = append(at, (Bytes){(const uint8_t *)&parts->number, number_size(parts->number)});
        if (parts->author)
                append_author(at, parts->author);
        *ret_message = message;
        return 0;
}

bool message_author(const Message *message, MessageAuthor *ret_author)
{
        const uint8_t *at = message->bytes + message_size(message) +
                            (message->has_number ? sizeof(uint64_t) : 0);
        AuthorHead head;

        if (!message->has_author)
                return false;
        memcpy(&head, at, sizeof(head));
        at += sizeof(head);
        *ret_author = (MessageAuthor){
                .username = {head.is_anonymous ? NULL : at, head.username},
                .client_id = {at + head.username, head.client_id},
                .listener = {at + head.username + head.client_id, head.listener},
        };
        return true;
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
