/* SPDX-License-Identifier: Apache-2.0 */

/* Topic Aliases of one connection, both ways. */

#include "server/alias.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mqtt/protocol.h"
#include "util/hashmap.h"
#include "util/siphash.h"

/* A topic that the client knows by a number. */
typedef struct AliasOut {
        uint16_t alias;
        size_t length;
        uint8_t topic[];
} AliasOut;

struct Aliases {
        uint16_t in_maximum;
        uint16_t out_maximum;
        uint8_t **in; /* by alias - 1 */
        size_t *in_length;
        Hashmap out; /* of AliasOut by topic */
};

static bool alias_is_of(const void *entry, Bytes topic)
{
        const AliasOut *out = entry;

        return bytes_equal((Bytes){out->topic, out->length}, topic);
}

int aliases_new(uint16_t in_maximum, uint16_t out_maximum, Aliases **ret_aliases)
{
        _cleanup_(aliases_freep) Aliases *aliases = calloc(1, sizeof(*aliases));

        if (!aliases)
                return -ENOMEM;
        aliases->in = calloc((size_t)in_maximum + 1, sizeof(*aliases->in));
        aliases->in_length = calloc((size_t)in_maximum + 1, sizeof(*aliases->in_length));
        hashmap_init(&aliases->out, alias_is_of);
        if (!aliases->in || !aliases->in_length)
                return -ENOMEM;
        aliases->in_maximum = in_maximum;
        aliases->out_maximum = out_maximum;
        *ret_aliases = TAKE_PTR(aliases);
        return 0;
}

Aliases *aliases_free(Aliases *aliases)
{
        AliasOut *out;

        if (!aliases)
                return NULL;
        hashmap_foreach (&aliases->out, i, out)
                free(out);
        hashmap_done(&aliases->out);
        for (size_t i = 0; i < aliases->in_maximum; i++)
                free(aliases->in[i]);
        free(aliases->in);
        free(aliases->in_length);
        free(aliases);
        return NULL;
}

int aliases_set(Aliases *aliases, uint16_t alias, Bytes topic)
{
        uint8_t *copy;

        if (alias == 0 || alias > aliases->in_maximum)
                return REASON_TOPIC_ALIAS_INVALID;
        if (bytes_duplicate(topic, &copy) < 0)
                return -ENOMEM;
        free(aliases->in[alias - 1]);
        aliases->in[alias - 1] = copy;
        aliases->in_length[alias - 1] = topic.length;
        return 0;
}

int aliases_get(const Aliases *aliases, uint16_t alias, Bytes *ret_topic)
{
        if (alias == 0 || alias > aliases->in_maximum)
                return REASON_TOPIC_ALIAS_INVALID;
        if (!aliases->in[alias - 1])
                return REASON_PROTOCOL_ERROR;
        *ret_topic = (Bytes){aliases->in[alias - 1], aliases->in_length[alias - 1]};
        return 0;
}

uint16_t aliases_for(const Aliases *aliases, Bytes topic, bool *ret_known)
{
        const AliasOut *out;

        if (aliases->out_maximum == 0)
                return 0;
        out = hashmap_find(&aliases->out, hash_bytes(topic.data, topic.length), topic);
        *ret_known = out != NULL;
        if (out)
                return out->alias;
        return aliases->out.count < aliases->out_maximum ? (uint16_t)(aliases->out.count + 1) : 0;
}

int aliases_sent(Aliases *aliases, Bytes topic)
{
        AliasOut *out = malloc(sizeof(*out) + topic.length);

        if (!out)
                return -ENOMEM;
        out->alias = (uint16_t)(aliases->out.count + 1);
        out->length = topic.length;
        memcpy(out->topic, topic.data, topic.length);
        if (hashmap_add(&aliases->out, hash_bytes(topic.data, topic.length), out) < 0) {
                free(out);
                return -ENOMEM;
        }
        return 0;
}

int aliases_list_in(const Aliases *aliases, Bytes **ret_topics, size_t *ret_n)
{
        Bytes *topics = calloc((size_t)aliases->in_maximum + 1, sizeof(*topics));

        if (!topics)
                return -ENOMEM;
        for (size_t i = 0; i < aliases->in_maximum; i++)
                if (aliases->in[i])
                        topics[i] = (Bytes){aliases->in[i], aliases->in_length[i]};
        *ret_topics = topics;
        *ret_n = aliases->in_maximum;
        return 0;
}

int aliases_list_out(const Aliases *aliases, Bytes **ret_topics, size_t *ret_n)
{
        Bytes *topics = calloc(aliases->out.count + 1, sizeof(*topics));
        const AliasOut *out;

        if (!topics)
                return -ENOMEM;
        hashmap_foreach (&aliases->out, i, out)
                topics[out->alias - 1] = (Bytes){out->topic, out->length};
        *ret_topics = topics;
        *ret_n = aliases->out.count;
        return 0;
}
