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

static int check_filter(const AccessRequest *request, bool *ret_is_partial)
{
        AclRelation relation =
                acl_allows_filter(request->acl, request->rules, &request->subject, request->topic);

        *ret_is_partial = relation != ACL_COVERS;
        return relation == ACL_APART ? REASON_NOT_AUTHORIZED : 0;
}

int access_check(const AccessRequest *request, bool *ret_is_partial)
{
        const unsigned access = request->kind == ACCESS_PUBLISH ? ACL_WRITE : ACL_READ;
        bool is_partial;

        if (!ret_is_partial)
                ret_is_partial = &is_partial;
        *ret_is_partial = false;
        if (request->kind == ACCESS_PUBLISH && request->topic.length > 0 &&
            _unlikely_(request->topic.data[0] == '$') && is_of_the_broker(request->topic))
                return REASON_NOT_AUTHORIZED;
        if (!request->acl)
                return 0;
        if (request->kind == ACCESS_SUBSCRIBE)
                return check_filter(request, ret_is_partial);
        return acl_allows(request->acl, request->rules, &request->subject, access, request->topic)
                       ? 0
                       : REASON_NOT_AUTHORIZED;
}
