/* SPDX-License-Identifier: Apache-2.0 */

/* The endpoints that a worker serves. */

#include "server/served.h"

#include <string.h>

/* The lower the better; the last one is none. */
typedef enum Nearness {
        NEAR_SOCKET,
        NEAR_NAME,
        NEAR_SOCKET_THAT_ENDS,
        NEAR_NOT,
} Nearness;

static Nearness how_near(const Served *served, const Endpoint *endpoint)
{
        if (served->endpoint->socket == endpoint->socket)
                return served->ends ? NEAR_SOCKET_THAT_ENDS : NEAR_SOCKET;
        return !served->ends && strcmp(served->endpoint->listener->name,
                                       endpoint->listener->name) == 0
                       ? NEAR_NAME
                       : NEAR_NOT;
}

const Served *served_find(const Shard *shard, const Endpoint *endpoint)
{
        const Served *best = NULL;
        Nearness best_nearness = NEAR_NOT;

        list_foreach (const Served, served, &shard->acceptors, link) {
                Nearness nearness = how_near(served, endpoint);

                if (nearness >= best_nearness)
                        continue;
                best = served;
                best_nearness = nearness;
        }
        return best;
}
