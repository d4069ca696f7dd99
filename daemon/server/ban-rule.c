/* SPDX-License-Identifier: Apache-2.0 */

/* The rules that ban an address for what it does. */

#include "server/ban-rule.h"

#include "server/gate.h"

static unsigned limit_of(const Settings *settings, Offence offence)
{
        const unsigned limits[OFFENCES_N] = {
                [OFFENCE_LOGIN] = settings->ban_after_failed_logins,
                [OFFENCE_HANDSHAKE] = settings->ban_after_failed_handshakes,
                [OFFENCE_TAKEOVER] = settings->ban_after_takeovers,
                [OFFENCE_REFUSED] = settings->ban_after_refusals,
        };

        return limits[offence];
}

/* --- who is never banned --- */

static bool meets(const Prefix *prefixes, size_t n, const Prefix *prefix)
{
        for (size_t i = 0; i < n; i++)
                if (prefix_contains(&prefixes[i], prefix) || prefix_contains(prefix, &prefixes[i]))
                        return true;
        return false;
}

static bool is_spared(const Settings *settings, const Prefix *prefix)
{
        static const Prefix loopback[] = {
                {.bytes = {[10] = 0xFF, 0xFF, 127}, .length = 96 + 8},
                {.bytes = {[15] = 1}, .length = 128},
        };

        if (!settings->ban_loopback && meets(loopback, ARRAY_SIZE(loopback), prefix))
                return true;
        for (size_t i = 0; i < settings->n_listeners; i++)
                if (meets(settings->listeners[i].proxies, settings->listeners[i].n_proxies, prefix))
                        return true;
        return meets(settings->never_banned, settings->n_never_banned, prefix);
}

/* Where anybody may say what his address is, he could have others banned. */
static bool is_hearsay(const Endpoint *endpoint)
{
        return endpoint->listener->enable_proxy_protocol != 0 &&
               endpoint->listener->n_proxies == 0 && !endpoint->socket->is_unix;
}

/* --- note --- */

void ban_rule_note(Shard *shard, const Endpoint *endpoint, const struct sockaddr *address,
                   Offence offence)
{
        const Settings *settings = shard->settings;
        BanRequest request = {
                .offence = offence,
                .limit = {limit_of(settings, offence), settings->ban_window},
        };

        if (_likely_(request.limit.count == 0) || is_hearsay(endpoint) ||
            !prefix_of_address(address, settings->address_prefix_ipv4,
                               settings->address_prefix_ipv6, &request.prefix) ||
            is_spared(settings, &request.prefix))
                return;
        if (neighbours_offend(shard->plane->neighbours, &request.prefix, offence, request.limit,
                              loop_now(&shard->loop)))
                ban_queue_push(shard->plane->ban_queue, &request);
}

void ban_rule_note_refusal(Shard *shard, const Endpoint *endpoint, const struct sockaddr *address,
                           Refusal refusal)
{
        if (refusal == REFUSAL_ADDRESS_LOGINS || refusal == REFUSAL_ADDRESS_RATE ||
            refusal == REFUSAL_ADDRESS_CONNECTIONS)
                ban_rule_note(shard, endpoint, address, OFFENCE_REFUSED);
}
