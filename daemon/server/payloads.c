/* SPDX-License-Identifier: Apache-2.0 */

/* Shared payloads on their way to the next process. */

#include "server/payloads.h"

#include <errno.h>
#include <stdlib.h>

#include "util/siphash.h"

#define PAYLOAD_VERSION 1U

typedef struct PayloadNumber {
        const Message *message;
        uint32_t number;
} PayloadNumber;

static Bytes key_of(const Message *const *message)
{
        return (Bytes){(const uint8_t *)message, sizeof(*message)};
}

static bool is_of(const void *entry, Bytes key)
{
        const PayloadNumber *number = entry;

        return bytes_equal(key_of(&number->message), key);
}

static PayloadNumber *find(const PayloadsWritten *payloads, const Message *message)
{
        const Bytes key = key_of(&message);

        return hashmap_find(&payloads->numbers, hash_bytes(key.data, key.length), key);
}

void payloads_written_init(PayloadsWritten *payloads)
{
        payloads->n = 0;
        hashmap_init(&payloads->numbers, is_of);
}

void payloads_written_done(PayloadsWritten *payloads)
{
        PayloadNumber *number;

        hashmap_foreach (&payloads->numbers, i, number)
                free(number);
        hashmap_done(&payloads->numbers);
}

int payloads_write(PayloadsWritten *payloads, const Message *message, Buffer *to)
{
        const Bytes key = key_of(&message);
        PayloadNumber *number;
        RecordWriter writer;
        int r;

        if (find(payloads, message))
                return 0;
        writer = record_begin(to, PAYLOAD_RECORD, PAYLOAD_VERSION, 0);
        record_put_bytes(&writer, message_payload(message));
        r = record_end(&writer);
        if (r < 0)
                return r;
        number = malloc(sizeof(*number));
        if (!number)
                return -ENOMEM;
        *number = (PayloadNumber){message, payloads->n};
        if (hashmap_add(&payloads->numbers, hash_bytes(key.data, key.length), number) < 0) {
                free(number);
                return -ENOMEM;
        }
        payloads->n++;
        return 0;
}

uint32_t payloads_number(const PayloadsWritten *payloads, const Message *message)
{
        return find(payloads, message)->number;
}

void payloads_read_done(PayloadsRead *payloads)
{
        for (size_t i = 0; i < payloads->n; i++)
                message_unref(payloads->messages[i]);
        free(payloads->messages);
        *payloads = (PayloadsRead){};
}

static int grow(PayloadsRead *payloads)
{
        size_t capacity = payloads->capacity ? payloads->capacity * 2 : 16;
        Message **messages = reallocarray(payloads->messages, capacity, sizeof(Message *));

        if (!messages)
                return -ENOMEM;
        payloads->messages = messages;
        payloads->capacity = capacity;
        return 0;
}

int payloads_read(PayloadsRead *payloads, const Record *record)
{
        RecordReader reader = record_reader(record->payload);
        MessageParts parts = {.expires = MESSAGE_NEVER_EXPIRES};
        Message *message;
        int r;

        parts.payload = record_get_bytes(&reader);
        if (record_reader_failed(&reader))
                return -EBADMSG;
        if (payloads->n == payloads->capacity && grow(payloads) < 0)
                return -ENOMEM;
        r = message_new(&parts, &message);
        if (r < 0)
                return r == -E2BIG ? -EBADMSG : r;
        payloads->messages[payloads->n++] = message;
        return 0;
}

Message *payloads_find(const PayloadsRead *payloads, uint32_t number)
{
        return number < payloads->n ? payloads->messages[number] : NULL;
}
