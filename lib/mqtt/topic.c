/* SPDX-License-Identifier: Apache-2.0 */
/* Topic names and topic filters. */

#include "mqtt/topic.h"

#define ONES  UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

/* Whether one of eight bytes is `+` or `#`, which differ in one bit. */
static inline bool word_has_wildcard(const uint8_t *data)
{
        uint64_t word;

        memcpy(&word, data, sizeof(word));
        word = (word & ~(ONES * ('+' ^ '#'))) ^ ONES * '#';
        return (word - ONES) & ~word & HIGHS; /* a byte is zero */
}

static bool has_wildcard(Bytes text)
{
        size_t at = 0;

        if (text.length < sizeof(uint64_t)) {
                for (; at < text.length; at++)
                        if (text.data[at] == '+' || text.data[at] == '#')
                                return true;
                return false;
        }
        for (; text.length - at > sizeof(uint64_t); at += sizeof(uint64_t))
                if (word_has_wildcard(text.data + at))
                        return true;
        /* The last word may overlap the one before. */
        return word_has_wildcard(text.data + text.length - sizeof(uint64_t));
}

static bool has_too_many_levels(Bytes text)
{
        size_t levels = 1;

        if (text.length < MQTT_TOPIC_LEVELS_MAX)
                return false; /* each level but the first takes a byte at least */
        for (size_t i = 0; i < text.length; i++)
                levels += text.data[i] == '/';
        return levels > MQTT_TOPIC_LEVELS_MAX;
}

bool topic_name_is_valid(Bytes topic)
{
        return topic.length > 0 && !has_wildcard(topic) && !has_too_many_levels(topic);
}

/* A wildcard must be all of its level, `#` the last one too. */
static bool wildcards_are_valid(Bytes filter)
{
        for (size_t i = 0; i < filter.length; i++) {
                uint8_t c = filter.data[i];
                bool is_last = i + 1 == filter.length;

                if (c != '+' && c != '#')
                        continue;
                if (i > 0 && filter.data[i - 1] != '/')
                        return false;
                if (!is_last && (c == '#' || filter.data[i + 1] != '/'))
                        return false;
        }
        return true;
}

/* Takes `$share/name/` off the text. False: it starts so and does not go on as it must. */
static bool take_group(Bytes *text, Bytes *ret_group)
{
        static const Bytes prefix = {(const uint8_t *)"$share/", 7};
        TopicLevels levels;
        Bytes group;

        if (!bytes_has_prefix(*text, prefix))
                return true;
        levels = topic_levels((Bytes){text->data + prefix.length, text->length - prefix.length});
        if (!levels.at || !topic_levels_next(&levels, &group) || group.length == 0 || !levels.at)
                return false;
        if (has_wildcard(group))
                return false;
        *text = (Bytes){levels.at, (size_t)(levels.end - levels.at)};
        *ret_group = group;
        return true;
}

int topic_filter_parse(Bytes text, TopicFilter *ret)
{
        TopicFilter parsed = {};

        if (!take_group(&text, &parsed.group) || text.length == 0 || has_too_many_levels(text))
                return REASON_TOPIC_FILTER_INVALID;
        parsed.filter = text;
        parsed.has_wildcard = has_wildcard(text);
        if (parsed.has_wildcard && !wildcards_are_valid(text))
                return REASON_TOPIC_FILTER_INVALID;
        *ret = parsed;
        return 0;
}

static bool level_is(Bytes level, uint8_t wildcard)
{
        return level.length == 1 && level.data[0] == wildcard;
}

bool topic_matches(Bytes filter, Bytes topic)
{
        TopicLevels wanted = topic_levels(filter), given = topic_levels(topic);
        Bytes pattern = {}, level = {};

        if (topic.length > 0 && topic.data[0] == '$' && filter.length > 0 &&
            (filter.data[0] == '+' || filter.data[0] == '#'))
                return false;
        for (;;) {
                bool has_pattern = topic_levels_next(&wanted, &pattern);
                bool has_level = topic_levels_next(&given, &level);

                /* `#` also stands for no level at all: "a/#" matches "a". */
                if (has_pattern && level_is(pattern, '#'))
                        return true;
                if (!has_pattern || !has_level)
                        return has_pattern == has_level;
                if (!level_is(pattern, '+') && !bytes_equal(pattern, level))
                        return false;
        }
}
