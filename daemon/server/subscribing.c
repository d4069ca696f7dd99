/* SPDX-License-Identifier: Apache-2.0 */

/* A SUBSCRIBE or UNSUBSCRIBE that takes effect in parts. */

#include "server/subscribing.h"

#include <stdlib.h>

void subscribing_resume(Subscribing *subscribing, Bytes body, SubscribingPart *ret_part)
{
        const uint8_t *end = body.data + body.length;

        *ret_part = (SubscribingPart){
                .filters = {end - subscribing->left, end},
                .unchecked = {end - subscribing->unchecked, end},
                .n_checked = subscribing->n_checked,
                .reasons = subscribing->reasons,
                .identifier = subscribing->identifier,
                .packet_id = subscribing->packet_id,
        };
        subscribing->reasons = (Buffer){};
}

int subscribing_wait(Subscribing **subscribing, Connection *connection, List *line,
                     SubscribingPart *part)
{
        Subscribing *own = *subscribing;

        if (!own) {
                own = calloc(1, sizeof(*own));
                if (!own)
                        return -ENOMEM;
                own->connection = connection;
                list_init(&own->link);
                *subscribing = own;
        }
        own->reasons = part->reasons;
        own->left = reader_left(&part->filters);
        own->unchecked = reader_left(&part->unchecked);
        own->n_checked = part->n_checked;
        own->identifier = part->identifier;
        own->packet_id = part->packet_id;
        part->reasons = (Buffer){};
        if (!list_is_linked(&own->link))
                list_append(line, &own->link);
        return 0;
}

Subscribing *subscribing_free(Subscribing *subscribing)
{
        if (!subscribing)
                return NULL;
        list_remove(&subscribing->link);
        buffer_done(&subscribing->reasons);
        free(subscribing);
        return NULL;
}
