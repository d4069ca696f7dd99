/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Topic names and topic filters (MQTT 5.0, 4.7 and 4.8). All functions take text that is valid
 * UTF-8 without U+0000, as reader_string() yields it.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "mqtt/protocol.h"
#include "util/bytes.h"

/* What a subscription asks for. Views into the text that was parsed. */
typedef struct TopicFilter {
        Bytes group;  /* the ShareName of `$share/name/filter`; length 0 if it is not shared */
        Bytes filter; /* without `$share/name/` */
        bool has_wildcard;
} TopicFilter;

/* At least one character, no `+` or `#` [MQTT-3.3.2-2], at most MQTT_TOPIC_LEVELS_MAX levels. */
bool topic_name_is_valid(Bytes topic);

/*
 * Checks and splits a topic filter: `#` alone in the last level [MQTT-4.7.1-1], `+` alone in its
 * level [MQTT-4.7.1-2], at least one character [MQTT-4.7.3-1], at most MQTT_TOPIC_LEVELS_MAX
 * levels; a ShareName of at least one character, without `/`, `+`, `#`, followed by `/` and a
 * filter [MQTT-4.8.2-1, -2]. 0, or REASON_TOPIC_FILTER_INVALID (*ret is then untouched).
 */
int topic_filter_parse(Bytes text, TopicFilter *ret);

/* Whether the filter (TopicFilter.filter, valid) matches the topic name (valid). A filter that
 * starts with a wildcard does not match a topic that starts with `$` [MQTT-4.7.2-1]. */
bool topic_matches(Bytes filter, Bytes topic);

/* A walk over the levels of a name or filter: "a//b" has three, the second is empty. */
typedef struct TopicLevels {
        const uint8_t *at; /* NULL: there are no more */
        const uint8_t *end;
} TopicLevels;

static inline TopicLevels topic_levels(Bytes text)
{
        const uint8_t *data = text.data;

        return (TopicLevels){data, text.length ? data + text.length : data};
}

/* Takes the next level, which may be empty; false when there is none left. */
static inline bool topic_levels_next(TopicLevels *levels, Bytes *ret_level)
{
        const uint8_t *at = levels->at;
        const uint8_t *end;

        if (!at)
                return false;
        end = at;
        /* Levels are short: a loop beats the call of memchr(). */
        while (end < levels->end && *end != '/')
                end++;
        *ret_level = (Bytes){at, (size_t)(end - at)};
        levels->at = end < levels->end ? end + 1 : NULL;
        return true;
}
