/* SPDX-License-Identifier: Apache-2.0 */

/* All figures of the broker by name. */
#include "control/metrics.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/listener-pause.h"

#define PREFIX          "hawker_"
#define LISTENER_PREFIX PREFIX "listener_"

typedef struct MetricRow {
        const char *name; /* without the prefix */
        size_t offset;    /* of a uint64_t */
} MetricRow;

#define COUNTER(field) offsetof(MetricSample, counters.field)
#define SAMPLE(field)  offsetof(MetricSample, field)

static const MetricRow rows[] = {
        {"accept_pauses_total", COUNTER(accept_paused)},
        {"bytes_received_total", COUNTER(bytes_received)},
        {"bytes_sent_total", COUNTER(bytes_sent)},
        {"clients_connected", COUNTER(clients_connected)},
        {"config_last_reload_successful", SAMPLE(reload_succeeded)},
        {"config_last_reload_timestamp_seconds", SAMPLE(reloaded)},
        {"connections_refused_total", COUNTER(connects_refused)},
        {"connections_timed_out_total", COUNTER(connects_timed_out)},
        {"connections_total", COUNTER(connections)},
        {"failed_logins_total", COUNTER(failed_logins)},
        {"handshakes_total", COUNTER(handshakes)},
        {"limit_connections_refused_total", COUNTER(user_connections_refused)},
        {"limit_holds_total", COUNTER(holds)},
        {"limit_messages_total", COUNTER(messages_above_rate)},
        {"limit_pauses_total", COUNTER(pauses)},
        {"limit_retained_refused_total", COUNTER(retained_refused)},
        {"limit_subscriptions_refused_total", COUNTER(subscriptions_refused)},
        {"limit_takeovers_refused_total", COUNTER(takeovers_refused)},
        {"memory_file_bytes", SAMPLE(memory_file)},
        {"memory_resident_bytes", SAMPLE(memory_resident)},
        {"messages_dropped_total", COUNTER(publish_dropped)},
        {"messages_payload_received_bytes_total", COUNTER(publish_bytes_received)},
        {"messages_payload_sent_bytes_total", COUNTER(publish_bytes_sent)},
        {"messages_queued", COUNTER(messages_queued)},
        {"messages_queued_bytes", COUNTER(messages_queued_bytes)},
        {"messages_received_total", COUNTER(publish_received)},
        {"messages_sent_total", COUNTER(publish_sent)},
        {"output_bytes", COUNTER(output_bytes)},
        {"output_packets", COUNTER(output_packets)},
        {"packets_received_total", COUNTER(messages_received)},
        {"packets_sent_total", COUNTER(messages_sent)},
        {"protocol_errors_total", COUNTER(protocol_errors)},
        {"proxy_bytes_received_total", COUNTER(proxy_bytes_received)},
        {"refused_address_connections_total", COUNTER(refused_address_connections)},
        {"refused_address_failed_logins_total", COUNTER(refused_address_logins)},
        {"refused_address_rate_total", COUNTER(refused_address_rate)},
        {"refused_banned_total", COUNTER(refused_banned)},
        {"refused_global_rate_total", COUNTER(refused_rate)},
        {"refused_listener_connections_total", COUNTER(refused_listener_full)},
        {"refused_listener_rate_total", COUNTER(refused_listener_rate)},
        {"refused_unauthenticated_total", COUNTER(evicted_without_connect)},
        {"refused_untrusted_proxy_total", COUNTER(refused_strangers)},
        {"retained_messages", COUNTER(retained)},
        {"retained_messages_bytes", COUNTER(retained_bytes)},
        {"sessions", COUNTER(sessions)},
        {"sessions_away", COUNTER(sessions_away)},
        {"sessions_expired_total", COUNTER(sessions_expired)},
        {"shared_subscriptions", COUNTER(shared_subscriptions)},
        {"sockets_accepted_total", COUNTER(sockets_accepted)},
        {"sockets_open", COUNTER(sockets_open)},
        {"start_time_seconds", SAMPLE(started)},
        {"store_bytes_total", COUNTER(store_bytes)},
        {"store_changes_total", COUNTER(store_changes)},
        {"store_checkpoints_total", COUNTER(checkpoints)},
        {"store_commits_total", COUNTER(store_commits)},
        {"store_refused_total", COUNTER(store_refused)},
        {"subscriptions", COUNTER(subscriptions)},
        {"workers", SAMPLE(workers)},
};

#define FIGURE(field) offsetof(ListenerFigures, field)

/* Of each listener; its refusals and its certificate have more labels, or none at all. */
static const MetricRow listener_rows[] = {
        {"accepted_total", FIGURE(accepted)},
        {"connections", FIGURE(connections)},
        {"handshake_bytes_received_total", FIGURE(handshake_bytes_received)},
        {"handshake_bytes_sent_total", FIGURE(handshake_bytes_sent)},
        {"handshakes_failed_total", FIGURE(handshakes_failed)},
        {"handshakes_total", FIGURE(handshakes)},
};

static uint64_t value_of(const void *figures, const MetricRow *row)
{
        uint64_t value;

        memcpy(&value, (const char *)figures + row->offset, sizeof(value));
        return value;
}

/* --- of listeners --- */

/* As the value of a label is written: \\, \" and \n. */
static char *escape(const char *name)
{
        char *text = malloc(2 * strlen(name) + 1), *at = text;

        if (!text)
                return NULL;
        for (; *name; name++) {
                if (*name == '\\' || *name == '"' || *name == '\n')
                        *at++ = '\\';
                *at++ = *name == '\n' ? 'n' : *name;
        }
        *at = 0;
        return text;
}

typedef struct Giving {
        MetricTaker take;
        void *data;
        const char *listener; /* as a label */
} Giving;

/* reason NULL: no such label. */
static int give_labelled(const Giving *giving, const char *name, const char *reason, uint64_t value)
{
        _cleanup_free_ char *text = NULL;

        if (asprintf(&text, LISTENER_PREFIX "%s{listener=\"%s\"%s%s%s}", name, giving->listener,
                     reason ? ",reason=\"" : "", reason ? reason : "", reason ? "\"" : "") < 0) {
                text = NULL;
                return -ENOMEM;
        }
        return giving->take(text, value, giving->data);
}

static int give_refusals(const Giving *giving, const Listener *listener)
{
        ListenerFigures figures;
        int r = 0;

        listener_figures(listener, &figures);
        for (unsigned i = REFUSAL_NONE + 1; r >= 0 && i < REFUSALS_N; i++)
                r = give_labelled(giving, "refused_total", refusal_name((Refusal)i),
                                  figures.refused[i]);
        return r;
}

static int give_certificate(const Giving *giving, const Listener *listener)
{
        const TlsFacts *certificate = listener_certificate(listener);

        if (!certificate)
                return 0;
        return give_labelled(giving, "certificate_expiry_timestamp_seconds", NULL,
                             (uint64_t)MAX(certificate->not_after, INT64_C(0)));
}

/* The families: the rows, then these. */
enum { FAMILY_PAUSED = ARRAY_SIZE(listener_rows), FAMILY_REFUSALS, FAMILY_CERTIFICATE, FAMILIES_N };

static int give_family(size_t family, const Listener *listener, const Giving *giving)
{
        ListenerFigures figures;

        if (family == FAMILY_CERTIFICATE)
                return give_certificate(giving, listener);
        if (family == FAMILY_PAUSED)
                return give_labelled(giving, "paused", NULL, listener_is_paused(listener));
        if (family == FAMILY_REFUSALS)
                return give_refusals(giving, listener);
        listener_figures(listener, &figures);
        return give_labelled(giving, listener_rows[family].name, NULL,
                             value_of(&figures, &listener_rows[family]));
}

/* Prometheus wants what has one name in one place, whatever its labels are. */
static int give_of_listeners(size_t family, const MetricSample *sample, MetricTaker take,
                             void *data)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < sample->listeners->n; i++) {
                const Listener *listener = sample->listeners->items[i];
                _cleanup_free_ char *label = escape(listener->of->name);

                if (!label)
                        return -ENOMEM;
                r = give_family(family, listener, &(Giving){take, data, label});
        }
        return r;
}

int metrics_give(const MetricSample *sample, MetricTaker take, void *data)
{
        char name[64];
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(rows); i++) {
                snprintf(name, sizeof(name), PREFIX "%s", rows[i].name);
                r = take(name, value_of(sample, &rows[i]), data);
        }
        for (size_t family = 0; r >= 0 && family < FAMILIES_N; family++)
                r = give_of_listeners(family, sample, take, data);
        return r;
}
