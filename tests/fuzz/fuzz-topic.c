/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer: a filter and a topic, separated by a line feed, against a plain matcher. */

#include "fuzz.h"
#include "mqtt/topic.h"

/* Byte by byte, as one would explain it; filter and topic end with a zero. */
static bool explain(const char *filter, const char *topic)
{
        for (; *filter == '+' || *filter == *topic; filter++) {
                if (*filter == '+')
                        while (*topic && *topic != '/')
                                topic++;
                else if (*filter == '\0')
                        return true;
                else
                        topic++;
        }
        return strcmp(filter, "#") == 0 || (*topic == '\0' && strcmp(filter, "/#") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const uint8_t *split = size > 0 ? memchr(data, '\n', size) : NULL;
        Bytes text = {data, split ? (size_t)(split - data) : 0};
        Bytes topic = {split + 1, size - text.length - 1};
        TopicFilter filter;

        if (!split || memchr(data, 0, size) || !topic_name_is_valid(topic) ||
            topic_filter_parse(text, &filter) != 0)
                return 0;
        must(filter.filter.length > 0);
        must(filter.filter.data + filter.filter.length == text.data + text.length);
        char *f = strndup((const char *)filter.filter.data, filter.filter.length);
        char *t = strndup((const char *)topic.data, topic.length);
        bool hidden = *t == '$' && (*f == '+' || *f == '#');

        must(topic_matches(filter.filter, topic) == (!hidden && explain(f, t)));
        free(f);
        free(t);
        return 0;
}
