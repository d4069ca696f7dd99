/* SPDX-License-Identifier: Apache-2.0 */

/* Who may connect at all. */

#include "server/gate.h"

#include "util/bucket.h"

/* As that of an address. */
#define BURST_SECONDS 10U

NeighbourLimits gate_limits(const Settings *settings)
{
        return (NeighbourLimits){
                .rate = settings->address_max_connection_rate,
                .connections = settings->address_max_connections,
                .failed_logins = settings->address_max_failed_logins,
                .ipv4_length = (uint8_t)settings->address_prefix_ipv4,
                .ipv6_length = (uint8_t)settings->address_prefix_ipv6,
        };
}

Refusal gate_ask_address(Shard *shard, const struct sockaddr *address, Neighbour **ret_neighbour)
{
        const NeighbourLimits limits = gate_limits(shard->settings);

        *ret_neighbour = NULL;
        if (bans_has_address(shard->plane->bans, address))
                return REFUSAL_BANNED;
        return neighbours_enter(shard->plane->neighbours, &limits, address, loop_now(&shard->loop),
                                ret_neighbour);
}

bool gate_has_banned(const Shard *shard, const struct sockaddr *address, Bytes username,
                     Bytes client_id)
{
        Bans *bans = shard->plane->bans;

        return bans_has_address(bans, address) || bans_has_name(bans, BAN_USER, username) ||
               bans_has_name(bans, BAN_CLIENT, client_id);
}

static bool flows(atomic_uint_fast64_t *bucket, unsigned rate, msec_t now)
{
        const BucketFlow flow = {rate, (uint64_t)rate * BURST_SECONDS};

        return rate == 0 || bucket_take_shared(bucket, flow, 1, now);
}

Refusal gate_ask_endpoint(Shard *shard, const Endpoint *endpoint)
{
        const ListenerSettings *listener = endpoint->listener;
        ListeningSocket *socket = endpoint->socket;
        const msec_t now = loop_now(&shard->loop);

        if (listener->max_connections >= 0 &&
            atomic_load_explicit(&socket->connections, memory_order_relaxed) >=
                    (unsigned)listener->max_connections)
                return REFUSAL_LISTENER_FULL;
        if (!flows(&socket->arrivals, listener->max_connection_rate, now))
                return REFUSAL_LISTENER_RATE;
        if (!flows(&shard->plane->arrivals, shard->settings->global_max_connection_rate, now))
                return REFUSAL_RATE;
        return REFUSAL_NONE;
}
