/* SPDX-License-Identifier: Apache-2.0 */
/* mention-reader.c: what was mentioned, in an array. */
#include "broker/mention-reader.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/mention-writer.h"
#include "broker/message-record.h"
#include "broker/share.h"

#define CAPACITY_MIN 64U

void mention_reader_init(MentionReader *mentions, Router *router)
{
        *mentions = (MentionReader){.router = router};
}

void mention_reader_done(MentionReader *mentions)
{
        for (size_t i = 0; i < mentions->messages.count; i++)
                message_unref(mentions->messages.items[i]);
        for (size_t i = 0; i < mentions->groups.count; i++)
                router_release_group(mentions->router, mentions->groups.items[i]);
        free(mentions->messages.items);
        free(mentions->groups.items);
        *mentions = (MentionReader){0};
}

int mention_list_reserve(MentionList *list)
{
        size_t capacity = list->capacity ? list->capacity * 2 : CAPACITY_MIN;
        void **items;

        if (list->count < list->capacity)
                return 0;
        items = reallocarray(list->items, capacity, sizeof(void *));
        if (!items)
                return -ENOMEM;
        list->items = items;
        list->capacity = capacity;
        return 0;
}

/* The thing with the number that comes next in the record, or NULL. */
static void *get_again(const MentionList *list, RecordReader *reader)
{
        uint32_t number = record_get_u32(reader);

        return !record_reader_failed(reader) && number < list->count ? list->items[number] : NULL;
}

static int get_first(MentionReader *mentions, RecordReader *reader, Message **ret_message)
{
        Message *message;
        int r;

        r = mention_list_reserve(&mentions->messages);
        if (r < 0)
                return r;
        r = message_record_get(reader, &message);
        if (r < 0)
                return r;
        mentions->messages.items[mentions->messages.count++] = message;
        *ret_message = message_ref(message);
        return 0;
}

int mention_get_message(MentionReader *mentions, RecordReader *reader, Message **ret_message)
{
        Message *message = NULL;

        switch (record_get_u8(reader)) {
        case MENTION_ONCE:
                return message_record_get(reader, ret_message);
        case MENTION_FIRST:
                return get_first(mentions, reader, ret_message);
        case MENTION_AGAIN:
                message = get_again(&mentions->messages, reader);
                if (!message)
                        return -EBADMSG;
                *ret_message = message_ref(message);
                return 0;
        case MENTION_NONE:
                if (record_reader_failed(reader))
                        return -EBADMSG;
                *ret_message = NULL;
                return 0;
        default:
                return -EBADMSG;
        }
}

/* Without a text it is one that nobody is in any more: it belongs to no router. */
static int new_group(MentionReader *mentions, Bytes text, ShareGroup **ret_group)
{
        TopicFilter filter;
        int r;

        if (text.length == 0)
                return share_group_new(NULL, BYTES_LITERAL("-"), ret_group);
        if (topic_filter_parse(text, &filter) != 0 || filter.group.length == 0)
                return -EBADMSG;
        r = router_hold_group(mentions->router, &filter, ret_group);
        return r == -E2BIG ? -EBADMSG : r;
}

static int get_first_group(MentionReader *mentions, RecordReader *reader, ShareGroup **ret_group)
{
        ShareGroup *group;
        Bytes text;
        int r;

        r = mention_list_reserve(&mentions->groups);
        if (r < 0)
                return r;
        text = record_get_bytes(reader);
        if (record_reader_failed(reader))
                return -EBADMSG;
        r = new_group(mentions, text, &group);
        if (r < 0)
                return r;
        mentions->groups.items[mentions->groups.count++] = group;
        *ret_group = share_group_ref(group);
        return 0;
}

int mention_get_group(MentionReader *mentions, RecordReader *reader, ShareGroup **ret_group)
{
        ShareGroup *group;

        switch (record_get_u8(reader)) {
        case MENTION_FIRST:
                return get_first_group(mentions, reader, ret_group);
        case MENTION_AGAIN:
                group = get_again(&mentions->groups, reader);
                if (!group)
                        return -EBADMSG;
                *ret_group = share_group_ref(group);
                return 0;
        case MENTION_NONE:
                if (record_reader_failed(reader))
                        return -EBADMSG;
                *ret_group = NULL;
                return 0;
        default:
                return -EBADMSG;
        }
}
