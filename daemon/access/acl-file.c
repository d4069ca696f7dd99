/* SPDX-License-Identifier: Apache-2.0 */

/* The grammar of an ACL file. */

#include "access/acl-file.h"

#include "mqtt/topic.h"
#include "util/macro.h"
#include "util/utf8.h"

static bool is_blank(uint8_t c)
{
        return c == ' ' || c == '\t' || c == '\r';
}

static Bytes trim(Bytes text)
{
        while (text.length > 0 && is_blank(text.data[0])) {
                text.data++;
                text.length--;
        }
        while (text.length > 0 && is_blank(text.data[text.length - 1]))
                text.length--;
        return text;
}

/* Takes the first word off; *text is what follows it, trimmed. */
static Bytes take_word(Bytes *text)
{
        Bytes word = *text;
        size_t n = 0;

        while (n < text->length && !is_blank(text->data[n]))
                n++;
        word.length = n;
        *text = trim((Bytes){text->data + n, text->length - n});
        return word;
}

static bool has_blank(Bytes text)
{
        for (size_t i = 0; i < text.length; i++)
                if (text.data[i] == ' ')
                        return true;
        return false;
}

static const struct {
        Bytes word;
        uint8_t bits;
} accesses[] = {
        {BYTES_LITERAL("read"), ACL_READ},
        {BYTES_LITERAL("write"), ACL_WRITE},
        {BYTES_LITERAL("readwrite"), ACL_READ | ACL_WRITE},
        {BYTES_LITERAL("deny"), ACL_DENY},
};

/* A filter with blanks in it needs the word before it, or nobody could tell. */
static int parse_access(Bytes *rest, uint8_t *ret_bits)
{
        Bytes after = *rest, word;

        if (!has_blank(*rest)) {
                *ret_bits = ACL_READ | ACL_WRITE;
                return 0;
        }
        word = take_word(&after);
        for (size_t i = 0; i < ARRAY_SIZE(accesses); i++)
                if (bytes_equal(word, accesses[i].word)) {
                        *ret_bits = accesses[i].bits;
                        *rest = after;
                        return 0;
                }
        return -EINVAL;
}

static int parse_rule(Bytes rest, AclLine *line, const char **ret_why)
{
        TopicFilter filter;

        if (rest.length == 0) {
                *ret_why = "There is no topic filter";
                return -EINVAL;
        }
        if (parse_access(&rest, &line->rule.bits) < 0) {
                *ret_why = "Expected read, write, readwrite or deny before a topic filter with "
                           "blanks in it";
                return -EINVAL;
        }
        if (topic_filter_parse(rest, &filter) != 0) {
                *ret_why = "The topic filter is not valid";
                return -EINVAL;
        }
        line->rule.filter = rest;
        if (filter.group.length > 0)
                line->warning = "A rule for $share is never asked: shared subscriptions are judged "
                                "by the filter behind the group";
        return 0;
}

static int parse_user(Bytes rest, AclLine *line, const char **ret_why)
{
        if (rest.length == 0) {
                *ret_why = "There is no user name";
                return -EINVAL;
        }
        line->user = rest;
        return 0;
}

int acl_line_parse(Bytes text, AclLine *ret_line, const char **ret_why)
{
        AclLine line = {};
        Bytes rest = trim(text), word;
        int r;

        if (rest.length == 0 || rest.data[0] == '#') {
                *ret_line = line;
                return 0;
        }
        if (!utf8_is_valid(rest.data, rest.length)) {
                *ret_why = "The line is not valid UTF-8";
                return -EINVAL;
        }
        word = take_word(&rest);
        if (bytes_equal(word, BYTES_LITERAL("user"))) {
                line.kind = ACL_LINE_USER;
                r = parse_user(rest, &line, ret_why);
        } else if (bytes_equal(word, BYTES_LITERAL("topic"))) {
                line.kind = ACL_LINE_TOPIC;
                r = parse_rule(rest, &line, ret_why);
        } else if (bytes_equal(word, BYTES_LITERAL("pattern"))) {
                line.kind = ACL_LINE_PATTERN;
                r = parse_rule(rest, &line, ret_why);
        } else {
                *ret_why = "Expected user, topic or pattern";
                return -EINVAL;
        }
        if (r == 0)
                *ret_line = line;
        return r;
}
