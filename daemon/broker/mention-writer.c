/* SPDX-License-Identifier: Apache-2.0 */
/* mention-writer.c: what has been mentioned, by its address. */
#include "broker/mention-writer.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/message-record.h"
#include "util/siphash.h"

/* It holds a reference, lest the address becomes something else's. */
typedef struct Mention {
        void *what;
        uint32_t number;
} Mention;

static bool is_of(const void *entry, Bytes key)
{
        return ((const Mention *)entry)->what == key.data;
}

void mention_writer_init(MentionWriter *mentions, Router *router)
{
        mentions->router = router;
        hashmap_init(&mentions->messages, is_of);
        hashmap_init(&mentions->groups, is_of);
}

void mention_writer_done(MentionWriter *mentions)
{
        Mention *mention;

        hashmap_foreach (&mentions->messages, i, mention) {
                message_unref(mention->what);
                free(mention);
        }
        hashmap_foreach (&mentions->groups, i, mention) {
                share_group_unref(mention->what);
                free(mention);
        }
        hashmap_done(&mentions->messages);
        hashmap_done(&mentions->groups);
}

static uint64_t hash_address(const void *what)
{
        return hash_bytes(&what, sizeof(what));
}

static int add(Hashmap *map, void *what)
{
        Mention *mention = malloc(sizeof(Mention));
        int r;

        if (!mention)
                return -ENOMEM;
        *mention = (Mention){what, (uint32_t)map->count};
        r = map->count < UINT32_MAX ? hashmap_add(map, hash_address(what), mention) : -E2BIG;
        if (r < 0)
                free(mention);
        return r;
}

/* Writes how it is mentioned. True: the thing itself is to follow, and the map has it now: it needs
 * a reference. */
static bool is_first(Hashmap *map, RecordWriter *writer, void *what)
{
        const Mention *mention = hashmap_find(map, hash_address(what), (Bytes){what, sizeof(what)});

        if (mention) {
                record_put_u8(writer, MENTION_AGAIN);
                record_put_u32(writer, mention->number);
                return false;
        }
        if (writer->error == 0)
                writer->error = add(map, what);
        record_put_u8(writer, MENTION_FIRST);
        return writer->error == 0;
}

void mention_message(MentionWriter *mentions, RecordWriter *writer, Message *message)
{
        if (!message) {
                record_put_u8(writer, MENTION_NONE);
        } else if (atomic_load_explicit(&message->references, memory_order_acquire) == 1) {
                record_put_u8(writer, MENTION_ONCE);
                message_record_put(writer, message);
        } else if (is_first(&mentions->messages, writer, message)) {
                message_record_put(writer, message_ref(message));
        }
}

/* A group: its subscription as text; nothing for one that has no members any more. */
void mention_group(MentionWriter *mentions, RecordWriter *writer, ShareGroup *group)
{
        Buffer text = {};
        int r;

        if (!group) {
                record_put_u8(writer, MENTION_NONE);
                return;
        }
        if (!is_first(&mentions->groups, writer, group))
                return;
        share_group_ref(group);
        r = router_group_text(mentions->router, group, &text);
        if (r < 0)
                writer->error = r;
        record_put_bytes(writer, buffer_bytes(&text));
        buffer_done(&text);
}
