/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer: a line of an ACL file, and a filter and a topic behind line feeds. */

#include "access/acl-file.h"
#include "fuzz.h"
#include "mqtt/topic.h"

static Bytes take_line(const uint8_t **at, const uint8_t *end)
{
        const uint8_t *newline = *at < end ? memchr(*at, '\n', (size_t)(end - *at)) : NULL;
        const uint8_t *stop = newline ? newline : end;
        Bytes line = {*at, (size_t)(stop - *at)};

        *at = newline ? newline + 1 : end;
        return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const AclSubject subject = {BYTES_LITERAL("u"), BYTES_LITERAL("c/d")};
        const uint8_t *at = data, *end = data + size;
        Bytes text = take_line(&at, end), wanted = take_line(&at, end),
              topic = {at, (size_t)(end - at)};
        const char *why = NULL;
        TopicFilter filter;
        AclLine line;

        if (size == 0 || acl_line_parse(text, &line, &why) < 0) {
                must(size == 0 || why);
                return 0;
        }
        if (line.kind == ACL_LINE_USER)
                must(line.user.length > 0);
        if ((line.kind != ACL_LINE_TOPIC && line.kind != ACL_LINE_PATTERN) ||
            memchr(data, 0, size) || !topic_name_is_valid(topic) ||
            topic_filter_parse(wanted, &filter) != 0)
                return 0;
        for (int i = 0; i < 2; i++) {
                bool is_pattern = line.kind == ACL_LINE_PATTERN;

                line.rule.is_loose = is_pattern && i == 1;
                AclRelation relation =
                        acl_rule_relation(&line.rule, is_pattern, &subject, filter.filter);
                bool matches = acl_rule_matches(&line.rule, is_pattern, &subject, topic);

                if (!topic_matches(filter.filter, topic))
                        continue;
                must(!matches || relation != ACL_APART);
                must(matches || relation != ACL_COVERS);
        }
        return 0;
}
