/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Messages and share groups in a record. One that many hold (a message in 10,000 queues) is written
 * where it is first mentioned, and from then on by its number; one with a single holder is just
 * written, and nothing is remembered of it.
 *
 * Thread: any (one at a time, while nobody changes what is written)
 */
#pragma once

#include "broker/message.h"
#include "broker/record.h"
#include "broker/router.h"
#include "broker/share-group.h"
#include "util/hashmap.h"

/* How something is mentioned: one byte. What follows is in mention-writer.c. */
typedef enum MentionKind {
        MENTION_NONE,
        MENTION_ONCE,  /* the thing itself, never to be mentioned again */
        MENTION_FIRST, /* the thing itself; it gets the next number, from 0 */
        MENTION_AGAIN, /* u32 number */
} MentionKind;

typedef struct MentionWriter {
        Router *router; /* of the groups */
        Hashmap messages, groups;
} MentionWriter;

void mention_writer_init(MentionWriter *mentions, Router *router);
void mention_writer_done(MentionWriter *mentions);

/* Both take NULL. What goes wrong record_end() tells. */
void mention_message(MentionWriter *mentions, RecordWriter *writer, Message *message);
void mention_group(MentionWriter *mentions, RecordWriter *writer, ShareGroup *group);
