/* SPDX-License-Identifier: Apache-2.0 */

/* One line of an ACL file. */

#include "access/acl-rule.h"

#include <string.h>

#include "mqtt/topic.h"
#include "util/macro.h"

static bool is_word(Bytes level, char letter)
{
        return level.length == 2 && level.data[0] == '%' && level.data[1] == (uint8_t)letter;
}

bool acl_name_is_wild(Bytes name)
{
        return name.length > 0 &&
               (memchr(name.data, '+', name.length) || memchr(name.data, '#', name.length));
}

AclLevel acl_level(Bytes level, bool is_pattern)
{
        if (level.length == 1 && level.data[0] == '+')
                return ACL_LEVEL_PLUS;
        if (level.length == 1 && level.data[0] == '#')
                return ACL_LEVEL_HASH;
        if (is_pattern && is_word(level, 'c'))
                return ACL_LEVEL_CLIENT;
        if (is_pattern && is_word(level, 'u'))
                return ACL_LEVEL_USER;
        return ACL_LEVEL_LITERAL;
}

static const uint8_t *find_word(Bytes text)
{
        for (size_t i = 0; i + 1 < text.length; i++)
                if (text.data[i] == '%' && (text.data[i + 1] == 'c' || text.data[i + 1] == 'u'))
                        return text.data + i;
        return NULL;
}

bool acl_filter_has_inner_word(Bytes filter)
{
        TopicLevels levels = topic_levels(filter);
        Bytes level;

        while (topic_levels_next(&levels, &level))
                if (level.length > 2 && find_word(level))
                        return true;
        return false;
}

/* --- what words stand for --- */

/* What a level of a strict pattern is for the subject. */
static Bytes value_of(AclLevel kind, Bytes level, const AclSubject *subject)
{
        if (kind == ACL_LEVEL_CLIENT)
                return subject->client_id;
        return kind == ACL_LEVEL_USER ? subject->username : level;
}

static bool wants_user(const AclRule *rule)
{
        Bytes rest = rule->filter;
        const uint8_t *word;

        if (!rule->is_loose) {
                TopicLevels levels = topic_levels(rest);
                Bytes level;

                while (topic_levels_next(&levels, &level))
                        if (is_word(level, 'u'))
                                return true;
                return false;
        }
        while ((word = find_word(rest))) {
                if (word[1] == 'u')
                        return true;
                rest = (Bytes){word + 2, (size_t)(rest.data + rest.length - word - 2)};
        }
        return false;
}

static bool speaks_to(const AclRule *rule, bool is_pattern, const AclSubject *subject)
{
        return !is_pattern || subject->username.data || !wants_user(rule);
}

static bool is_special(Bytes text)
{
        return text.length > 0 && text.data[0] == '$';
}

/* --- topics --- */

/* A loose pattern is text in which each word is replaced, wherever it stands: an identifier with
 * slashes in it fills several levels. */
typedef struct LooseText {
        uint8_t data[MQTT_STRING_MAX];
        size_t length;
} LooseText;

static bool loose_add(LooseText *text, Bytes bytes)
{
        if (bytes.length > sizeof(text->data) - text->length)
                return false;
        if (bytes.length > 0)
                memcpy(text->data + text->length, bytes.data, bytes.length);
        text->length += bytes.length;
        return true;
}

/* The rule for the subject alone; false if it would be too long for any topic. text holds its
 * filter. */
static bool loose_expand(const AclRule *rule, const AclSubject *subject, LooseText *text,
                         AclRule *ret_rule)
{
        Bytes rest = rule->filter;
        const uint8_t *word;

        text->length = 0;
        while ((word = find_word(rest))) {
                size_t head = (size_t)(word - rest.data);

                if (!loose_add(text, (Bytes){rest.data, head}) ||
                    !loose_add(text, word[1] == 'c' ? subject->client_id : subject->username))
                        return false;
                rest = (Bytes){word + 2, rest.length - head - 2};
        }
        if (!loose_add(text, rest))
                return false;
        *ret_rule = (AclRule){.filter = {text->data, text->length}, .bits = rule->bits};
        return true;
}

static bool loose_matches(const AclRule *rule, const AclSubject *subject, Bytes topic)
{
        LooseText text;
        AclRule expanded;

        return loose_expand(rule, subject, &text, &expanded) &&
               acl_rule_matches(&expanded, false, subject, topic);
}

bool acl_rule_matches(const AclRule *rule, bool is_pattern, const AclSubject *subject, Bytes topic)
{
        TopicLevels of_rule = topic_levels(rule->filter), of_topic = topic_levels(topic);
        Bytes level, text;

        if (!speaks_to(rule, is_pattern, subject) ||
            (is_special(topic) && !is_special(rule->filter)))
                return false;
        if (rule->is_loose)
                return loose_matches(rule, subject, topic);
        while (topic_levels_next(&of_rule, &level)) {
                AclLevel kind = acl_level(level, is_pattern);

                if (kind == ACL_LEVEL_HASH)
                        return true;
                if (!topic_levels_next(&of_topic, &text))
                        return false;
                if (kind != ACL_LEVEL_PLUS && !bytes_equal(value_of(kind, level, subject), text))
                        return false;
        }
        return !topic_levels_next(&of_topic, &text);
}

/* --- filters --- */

typedef struct Pair {
        Bytes rule, filter; /* a level of each */
        bool is_pattern;
        const AclSubject *subject;
} Pair;

/* Both are single levels: `+` or text. */
static AclRelation relate_levels(const Pair *pair)
{
        AclLevel kind = acl_level(pair->rule, pair->is_pattern);

        if (kind == ACL_LEVEL_PLUS)
                return ACL_COVERS;
        if (acl_level(pair->filter, false) == ACL_LEVEL_PLUS)
                return ACL_OVERLAPS;
        return bytes_equal(value_of(kind, pair->rule, pair->subject), pair->filter) ? ACL_COVERS
                                                                                    : ACL_APART;
}

/* What is left of the rule when the filter has ended, or begins its `#`. */
static AclRelation relate_rest(TopicLevels of_rule, bool is_pattern, AclRelation so_far,
                               bool filter_is_open)
{
        Bytes level;

        if (!topic_levels_next(&of_rule, &level))
                return filter_is_open ? ACL_OVERLAPS : so_far;
        if (acl_level(level, is_pattern) == ACL_LEVEL_HASH)
                return so_far;
        return filter_is_open ? ACL_OVERLAPS : ACL_APART;
}

static AclRelation relate(const AclRule *rule, bool is_pattern, const AclSubject *subject,
                          Bytes filter)
{
        TopicLevels of_rule = topic_levels(rule->filter), of_filter = topic_levels(filter);
        Pair pair = {.is_pattern = is_pattern, .subject = subject};
        AclRelation relation = ACL_COVERS, r;

        /* A filter that begins with a wildcard matches no topic that begins with `$`. */
        if (is_special(rule->filter) != is_special(filter))
                return ACL_APART;
        /* Every topic has a level: nothing else that is longer than the filter covers it. */
        if (bytes_equal(rule->filter, BYTES_LITERAL("+/#")) &&
            bytes_equal(filter, BYTES_LITERAL("#")))
                return ACL_COVERS;
        while (topic_levels_next(&of_filter, &pair.filter)) {
                TopicLevels here = of_rule;

                if (acl_level(pair.filter, false) == ACL_LEVEL_HASH)
                        return relate_rest(of_rule, is_pattern, relation, true);
                if (!topic_levels_next(&of_rule, &pair.rule))
                        return ACL_APART;
                if (acl_level(pair.rule, is_pattern) == ACL_LEVEL_HASH)
                        return relate_rest(here, is_pattern, relation, true);
                r = relate_levels(&pair);
                if (r == ACL_APART)
                        return ACL_APART;
                relation = MIN(relation, r);
        }
        return relate_rest(of_rule, is_pattern, relation, false);
}

AclRelation acl_rule_relation(const AclRule *rule, bool is_pattern, const AclSubject *subject,
                              Bytes filter)
{
        LooseText text;
        AclRule expanded;

        if (!speaks_to(rule, is_pattern, subject))
                return ACL_APART;
        if (!rule->is_loose)
                return relate(rule, is_pattern, subject, filter);
        return loose_expand(rule, subject, &text, &expanded)
                       ? relate(&expanded, false, subject, filter)
                       : ACL_APART;
}
