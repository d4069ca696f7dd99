/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Messages and share groups out of a record (mention-writer.h).
 *
 * Thread: any (one at a time)
 */
#pragma once

#include "broker/message.h"
#include "broker/record.h"
#include "broker/router.h"
#include "broker/share-group.h"

/* What was mentioned for the first of several times, by its number. */
typedef struct MentionList {
        void **items;
        size_t count, capacity;
} MentionList;

/* Makes room for one more. 0 or -ENOMEM. */
int mention_list_reserve(MentionList *list);

typedef struct MentionReader {
        Router *router;
        MentionList messages, groups;
} MentionReader;

void mention_reader_init(MentionReader *mentions, Router *router);
/* Groups that got no members go. */
void mention_reader_done(MentionReader *mentions);

/* Each with a reference for the caller; NULL if there is none. 0, -ENOMEM, -EBADMSG. */
int mention_get_message(MentionReader *mentions, RecordReader *reader, Message **ret_message);
int mention_get_group(MentionReader *mentions, RecordReader *reader, ShareGroup **ret_group);
