/* SPDX-License-Identifier: Apache-2.0 */

/* A topic filter by which an administrator names retained messages. */

#include "server/retained-filter.h"

#include <errno.h>

#include "mqtt/topic.h"
#include "util/utf8.h"

int retained_filter_copy(const char *filter, char **ret_filter)
{
        Bytes text = bytes_from_string(filter[0] ? filter : "#");
        TopicFilter parsed;

        if (text.length > MQTT_STRING_MAX || !utf8_is_valid(text.data, text.length) ||
            topic_filter_parse(text, &parsed) != 0 || parsed.group.length > 0)
                return -EINVAL;
        return bytes_duplicate(text, (uint8_t **)ret_filter);
}
