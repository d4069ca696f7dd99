/* SPDX-License-Identifier: Apache-2.0 */

/* What is known of a retained message. */

#include "server/retained-facts.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/retained-cursor.h"
#include "mqtt/topic.h"
#include "server/plane.h"
#include "util/utf8.h"

int retained_facts_new(Message *message, msec_t now, RetainedFacts **ret_facts)
{
        const Bytes topic = message_topic(message);
        MessageAuthor author = {};
        RetainedFacts *facts;
        char *at;

        message_author(message, &author);
        facts = calloc(1, sizeof(*facts) + topic.length + author.username.length +
                                  author.client_id.length + 3);
        if (!facts)
                return -ENOMEM;
        at = facts->text;
        facts->message = message_ref(message);
        facts->topic = utf8_put_clean(&at, topic);
        facts->user = utf8_put_clean(&at, author.username);
        facts->client = utf8_put_clean(&at, author.client_id);
        facts->size = message->payload_length;
        facts->rest = message->properties_length;
        facts->qos = message->qos;
        if (message->expires != MESSAGE_NEVER_EXPIRES)
                facts->expiry = message_expiry_left(message, now);
        *ret_facts = facts;
        return 0;
}

RetainedFacts *retained_facts_free(RetainedFacts *facts)
{
        if (!facts)
                return NULL;
        message_unref(facts->message);
        free(facts);
        return NULL;
}

/* A filter without wildcards is found at once. */
int retained_facts_find(const Plane *plane, const char *topic, msec_t now,
                        RetainedFacts **ret_facts)
{
        _cleanup_(retained_cursor_freep) RetainedCursor *cursor = NULL;
        Message *message;
        const Bytes text = bytes_from_string(topic);
        bool end;
        int r;

        if (text.length > MESSAGE_TEXT_MAX || !topic_name_is_valid(text))
                return -EINVAL;
        r = retained_cursor_new(plane->retained, text, &cursor);
        if (r < 0)
                return r;
        if (retained_cursor_next(cursor, now, &message, 1, &end) == 0)
                return -ENOENT;
        r = retained_facts_new(message, now, ret_facts);
        message_unref(message);
        return r;
}

Bytes retained_facts_payload(const RetainedFacts *facts)
{
        return message_payload(facts->message);
}
