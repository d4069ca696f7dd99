/* SPDX-License-Identifier: Apache-2.0 */
/* A PUBLISH encoded once, of which only the packet identifier and the stamp change. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/letter.h"

#define FILLER 0x5a

int letter_init(Letter *letter, const LetterForm *form, const char *topic)
{
        size_t topic_size = strlen(topic), rest, at = 1;
        size_t length = 2 + topic_size + (form->qos > 0 ? 2 : 0) +
                        (form->version >= VERSION_5 ? 1 : 0) + form->payload_size;
        uint8_t *data = calloc(1, 5 + length);

        if (!data)
                return -ENOMEM;
        data[0] = (uint8_t)(PACKET_PUBLISH << 4 | form->qos << 1 | form->retain);
        for (rest = length; rest > 0x7f; rest >>= 7)
                data[at++] = (uint8_t)(rest | 0x80);
        data[at++] = (uint8_t)rest;
        data[at++] = (uint8_t)(topic_size >> 8);
        data[at++] = (uint8_t)topic_size;
        memcpy(data + at, topic, topic_size);
        at += topic_size;

        *letter = (Letter){.data = data, .id_at = form->qos > 0 ? at : 0};
        at += form->qos > 0 ? 2 : 0;
        at += form->version >= VERSION_5 ? 1 : 0;
        letter->stamp_at = at;
        letter->size = at + form->payload_size;
        memset(data + at, FILLER, form->payload_size);
        return 0;
}

void letter_done(Letter *letter)
{
        free(letter->data);
        *letter = (Letter){};
}

int letter_put(const Letter *letter, const Stamp *stamp, uint16_t id, Buffer *out)
{
        uint8_t *p = buffer_reserve(out, letter->size);

        if (!p)
                return -ENOMEM;
        memcpy(p, letter->data, letter->size);
        if (letter->id_at > 0) {
                p[letter->id_at] = (uint8_t)(id >> 8);
                p[letter->id_at + 1] = (uint8_t)id;
        }
        memcpy(p + letter->stamp_at, stamp, sizeof(*stamp));
        buffer_commit(out, letter->size);
        return 0;
}

/* All bytes are FILLER when the first is and each equals its successor: one pass of memcmp. */
static bool is_filler(const uint8_t *data, size_t size)
{
        return size == 0 || (data[0] == FILLER && memcmp(data, data + 1, size - 1) == 0);
}

int letter_read(const Publish *publish, Stamp *ret)
{
        if (publish->payload_size < sizeof(*ret) ||
            !is_filler(publish->payload + sizeof(*ret), publish->payload_size - sizeof(*ret)))
                return -EBADMSG;
        memcpy(ret, publish->payload, sizeof(*ret));
        return 0;
}
