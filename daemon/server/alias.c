/* SPDX-License-Identifier: Apache-2.0 */

/* Topic Aliases of one connection, both ways. */

#include "server/alias.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mqtt/protocol.h"
#include "util/siphash.h"

typedef struct AliasOut {
        uint64_t hash;
        uint8_t *topic;
        size_t length;
} AliasOut;

struct Aliases {
        uint16_t in_maximum;
        uint16_t out_maximum;
        uint16_t n_out;
        uint8_t **in; /* by alias - 1 */
        size_t *in_length;
        AliasOut *out; /* by alias - 1; searched by hash: the default maximum is 10 */
};

int aliases_new(uint16_t in_maximum, uint16_t out_maximum, Aliases **ret_aliases)
{
        _cleanup_(aliases_freep) Aliases *aliases = calloc(1, sizeof(*aliases));

        if (!aliases)
                return -ENOMEM;
        aliases->in = calloc((size_t)in_maximum + 1, sizeof(*aliases->in));
        aliases->in_length = calloc((size_t)in_maximum + 1, sizeof(*aliases->in_length));
        aliases->out = calloc((size_t)out_maximum + 1, sizeof(*aliases->out));
        if (!aliases->in || !aliases->in_length || !aliases->out)
                return -ENOMEM;
        aliases->in_maximum = in_maximum;
        aliases->out_maximum = out_maximum;
        *ret_aliases = TAKE_PTR(aliases);
        return 0;
}

Aliases *aliases_free(Aliases *aliases)
{
        if (!aliases)
                return NULL;
        for (size_t i = 0; i < aliases->in_maximum; i++)
                free(aliases->in[i]);
        for (size_t i = 0; i < aliases->n_out; i++)
                free(aliases->out[i].topic);
        free(aliases->in);
        free(aliases->in_length);
        free(aliases->out);
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
        uint64_t hash;

        if (aliases->out_maximum == 0)
                return 0;
        hash = hash_bytes(topic.data, topic.length);
        for (uint16_t i = 0; i < aliases->n_out; i++) {
                const AliasOut *out = &aliases->out[i];

                if (out->hash == hash && bytes_equal((Bytes){out->topic, out->length}, topic)) {
                        *ret_known = true;
                        return (uint16_t)(i + 1);
                }
        }
        *ret_known = false;
        return aliases->n_out < aliases->out_maximum ? (uint16_t)(aliases->n_out + 1) : 0;
}

int aliases_sent(Aliases *aliases, Bytes topic)
{
        AliasOut *out = &aliases->out[aliases->n_out];

        if (bytes_duplicate(topic, &out->topic) < 0)
                return -ENOMEM;
        out->length = topic.length;
        out->hash = hash_bytes(topic.data, topic.length);
        aliases->n_out++;
        return 0;
}
