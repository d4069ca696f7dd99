/* SPDX-License-Identifier: Apache-2.0 */

/* May it do that. */
#include <stdbool.h>

#include "access/access.h"
#include "mqtt/protocol.h"
#include "util/macro.h"

/* The topic's first level is that of the word, which ends with a slash; "$SYS" alone counts too. */
static bool is_below(Bytes topic, Bytes word)
{
        Bytes level = {word.data, word.length - 1};

        return bytes_has_prefix(topic, word) || bytes_equal(topic, level);
}

static bool is_bridge_state(Bytes topic)
{
        const Bytes head = BYTES_LITERAL("$SYS/broker/connection/");
        const Bytes tail = BYTES_LITERAL("/state");
        Bytes name;

        if (topic.length < head.length + tail.length || !bytes_has_prefix(topic, head))
                return false;
        name = (Bytes){topic.data + head.length, topic.length - head.length - tail.length};
        return bytes_equal((Bytes){name.data + name.length, tail.length}, tail) &&
               (name.length == 0 || !memchr(name.data, '/', name.length));
}

static bool is_of_the_broker(Bytes topic)
{
        return is_below(topic, BYTES_LITERAL("$CONTROL/")) ||
               is_below(topic, BYTES_LITERAL("$share/")) ||
               (is_below(topic, BYTES_LITERAL("$SYS/")) && !is_bridge_state(topic));
}

int access_check(const AccessRequest *request)
{
        if (request->kind != ACCESS_PUBLISH || request->topic.length == 0 ||
            _likely_(request->topic.data[0] != '$'))
                return 0;
        return is_of_the_broker(request->topic) ? REASON_NOT_AUTHORIZED : 0;
}
