/* SPDX-License-Identifier: Apache-2.0 */

/* What one worker has refused. */

#include "server/refusals.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "util/address.h"
#include "util/log.h"
#include "util/macro.h"

/* Between summaries, ms. */
#define SUMMARY_INTERVAL 10000U

/* The worker counts each kind by itself. */
static void count(Counters *counters, Refusal refusal)
{
        atomic_uint_fast64_t *const counts[REFUSALS_N] = {
                [REFUSAL_STRANGER] = &counters->refused_strangers,
                [REFUSAL_BANNED] = &counters->refused_banned,
                [REFUSAL_ADDRESS_LOGINS] = &counters->refused_address_logins,
                [REFUSAL_ADDRESS_RATE] = &counters->refused_address_rate,
                [REFUSAL_ADDRESS_CONNECTIONS] = &counters->refused_address_connections,
                [REFUSAL_LISTENER_RATE] = &counters->refused_listener_rate,
                [REFUSAL_RATE] = &counters->refused_rate,
                [REFUSAL_LISTENER_FULL] = &counters->refused_listener_full,
                [REFUSAL_EVICTED] = &counters->evicted_without_connect,
        };

        if (counts[refusal])
                counters_add(*counts[refusal], 1);
}

static void refusals_summarise(Refusals *refusals)
{
        unsigned total = 0;
        char text[512];
        size_t used = 0;

        for (unsigned i = 0; i < REFUSALS_N; i++) {
                const unsigned n = refusals->counts[i];
                int written;

                if (n == 0)
                        continue;
                written = snprintf(text + used, sizeof(text) - used, "%s%u %s",
                                   total > 0 ? ", " : "", n, refusal_to_string((Refusal)i));
                used = MIN(used + (size_t)written, sizeof(text) - 1);
                total += n;
        }
        memset(refusals->counts, 0, sizeof(refusals->counts));
        log_fields(LOG_CATEGORY_NOTICE, MESSAGE_ID_REFUSED_MORE, NULL, 0,
                   "Refused %u more connections in %u seconds: %s", total, SUMMARY_INTERVAL / 1000,
                   text);
}

static bool has_counted(const Refusals *refusals)
{
        for (unsigned i = 0; i < REFUSALS_N; i++)
                if (refusals->counts[i] > 0)
                        return true;
        return false;
}

static void summary_due(LoopTimer *timer, msec_t now)
{
        Refusals *refusals = container_of(timer, Refusals, timer);

        if (!has_counted(refusals))
                return;
        refusals_summarise(refusals);
        loop_timer_arm(refusals->loop, timer, now + SUMMARY_INTERVAL);
}

void refusals_init(Refusals *refusals, Loop *loop, Counters *counters)
{
        *refusals = (Refusals){.loop = loop, .counters = counters};
        loop_timer_init(&refusals->timer, summary_due);
}

static void log_refusal(Refusal refusal, const char *listener, const struct sockaddr *address)
{
        Address peer = {};
        char text[ADDRESS_TEXT_MAX];
        LogField fields[3];

        if (address->sa_family == AF_INET)
                memcpy(&peer.storage, address, sizeof(struct sockaddr_in));
        else if (address->sa_family == AF_INET6)
                memcpy(&peer.storage, address, sizeof(struct sockaddr_in6));
        address_format(&peer, text, sizeof(text));
        fields[0] = (LogField){"MQTT_PEER", text};
        fields[1] = (LogField){"MQTT_LISTENER", listener};
        fields[2] = (LogField){"MQTT_REASON", refusal_to_string(refusal)};
        log_fields(LOG_CATEGORY_NOTICE, MESSAGE_ID_REFUSED, fields, ARRAY_SIZE(fields),
                   "Refused a connection from %s to listener %s: %s", text, listener,
                   refusal_to_string(refusal));
}

void refusals_note(Refusals *refusals, Refusal refusal, const Endpoint *endpoint,
                   const struct sockaddr *address)
{
        count(refusals->counters, refusal);
        listener_count(&endpoint->socket->counters.refused[refusal], 1);
        if (loop_timer_is_armed(refusals->loop, &refusals->timer)) {
                refusals->counts[refusal]++;
                return;
        }
        log_refusal(refusal, endpoint->name, address);
        loop_timer_arm(refusals->loop, &refusals->timer,
                       loop_now(refusals->loop) + SUMMARY_INTERVAL);
}
