/* SPDX-License-Identifier: Apache-2.0 */

/* The names of all figures. */
#include "control/metric-rows.h"

#include "control/metric-sample.h"
#include "util/macro.h"

#define COUNTER(field) offsetof(MetricSample, counters.field)
#define SAMPLE(field)  offsetof(MetricSample, field)

static const MetricRow broker_rows[] = {
        {"accept_pauses_total", NULL, COUNTER(accept_paused), false,
         "Times that accepting stopped for want of descriptors"},
        {"bytes_received_total", NULL, COUNTER(bytes_received), false,
         "Bytes of packets of clients"},
        {"bytes_sent_total", NULL, COUNTER(bytes_sent), false, "Bytes of packets to clients"},
        {"clients_connected", NULL, COUNTER(clients_connected), false,
         "Clients that are connected"},
        {"config_last_reload_successful", NULL, SAMPLE(reload_succeeded), false,
         "Whether the last reload was"},
        {"config_last_reload_timestamp_seconds", NULL, SAMPLE(reloaded), false,
         "When the last reload was, 0 if there was none"},
        {"connections_refused_total", NULL, COUNTER(connects_refused), false,
         "CONNECT packets that were answered with an error"},
        {"connections_timed_out_total", NULL, COUNTER(connects_timed_out), false,
         "Connections without a whole CONNECT in time"},
        {"connections_total", NULL, COUNTER(connections), false, "Clients that were let in"},
        {"failed_logins_total", NULL, COUNTER(failed_logins), false,
         "Logins with a wrong name or password"},
        {"handshakes_refused_total", NULL, COUNTER(handshakes_refused), false,
         "Handshakes of TLS that were refused for what the client has sent"},
        {"handshakes_total", NULL, COUNTER(handshakes), false,
         "Handshakes of TLS that have succeeded"},
        {"limit_connections_refused_total", NULL, COUNTER(user_connections_refused), false,
         "Connections that limits of users have refused"},
        {"limit_holds_total", NULL, COUNTER(holds), false,
         "Times that a client was not written to for its rate"},
        {"limit_messages_total", NULL, COUNTER(messages_above_rate), false,
         "Messages above the rate of their client"},
        {"limit_pauses_total", NULL, COUNTER(pauses), false,
         "Times that a client was not read from for its rate"},
        {"limit_retained_refused_total", NULL, COUNTER(retained_refused), false,
         "Retained messages that limits have refused"},
        {"limit_subscriptions_refused_total", NULL, COUNTER(subscriptions_refused), false,
         "Subscriptions that limits have refused"},
        {"limit_takeovers_refused_total", NULL, COUNTER(takeovers_refused), false,
         "Takeovers of sessions that client_max_takeovers has refused"},
        {"memory_file_bytes", NULL, SAMPLE(memory_file), false,
         "Memory of the process that is a picture of files"},
        {"memory_resident_bytes", NULL, SAMPLE(memory_resident), false, "Memory of the process"},
        {"messages_dropped_total", NULL, COUNTER(publish_dropped), false,
         "Messages that somebody did not get"},
        {"messages_payload_received_bytes_total", NULL, COUNTER(publish_bytes_received), false,
         "Bytes of payload of messages that were published"},
        {"messages_payload_sent_bytes_total", NULL, COUNTER(publish_bytes_sent), false,
         "Bytes of payload of messages that were delivered"},
        {"messages_queued", NULL, COUNTER(messages_queued), false,
         "Messages that wait or are under way, of all sessions"},
        {"messages_queued_bytes", NULL, COUNTER(messages_queued_bytes), false,
         "Bytes of messages that wait or are under way"},
        {"messages_received_total", NULL, COUNTER(publish_received), false,
         "Messages that clients have published"},
        {"messages_sent_total", NULL, COUNTER(publish_sent), false,
         "Messages that were delivered to clients"},
        {"output_bytes", NULL, COUNTER(output_bytes), false,
         "Bytes that clients have not taken yet"},
        {"output_packets", NULL, COUNTER(output_packets), false,
         "Packets that clients have not taken yet"},
        {"packets_received_total", NULL, COUNTER(messages_received), false,
         "Packets of any type from clients"},
        {"packets_sent_total", NULL, COUNTER(messages_sent), false,
         "Packets of any type to clients"},
        {"protocol_errors_total", NULL, COUNTER(protocol_errors), false,
         "Connections that ended for a malformed packet or another error"},
        {"proxy_bytes_received_total", NULL, COUNTER(proxy_bytes_received), false,
         "Bytes of headers of the PROXY protocol"},
        {"refused_total", "reason=\"address-connections\"", COUNTER(refused_address_connections),
         false, "Connections that were refused, by reason"},
        {"refused_total", "reason=\"address-failed-logins\"", COUNTER(refused_address_logins),
         false, "Connections that were refused, by reason"},
        {"refused_total", "reason=\"address-rate\"", COUNTER(refused_address_rate), false,
         "Connections that were refused, by reason"},
        {"refused_total", "reason=\"banned\"", COUNTER(refused_banned), false,
         "Connections that were refused, by reason"},
        {"refused_total", "reason=\"global-rate\"", COUNTER(refused_rate), false,
         "Connections that were refused, by reason"},
        {"refused_total", "reason=\"listener-connections\"", COUNTER(refused_listener_full), false,
         "Connections that were refused, by reason"},
        {"refused_total", "reason=\"listener-rate\"", COUNTER(refused_listener_rate), false,
         "Connections that were refused, by reason"},
        {"refused_total", "reason=\"unauthenticated\"", COUNTER(evicted_without_connect), false,
         "Connections that were refused, by reason"},
        {"refused_total", "reason=\"untrusted-proxy\"", COUNTER(refused_strangers), false,
         "Connections that were refused, by reason"},
        {"retained_messages", NULL, COUNTER(retained), false, "Retained messages"},
        {"retained_messages_bytes", NULL, COUNTER(retained_bytes), false,
         "Bytes of retained messages"},
        {"sessions", NULL, COUNTER(sessions), false, "Sessions"},
        {"sessions_away", NULL, COUNTER(sessions_away), false,
         "Sessions whose client is not connected"},
        {"sessions_expired_total", NULL, COUNTER(sessions_expired), false,
         "Sessions that have expired"},
        {"shared_subscriptions", NULL, COUNTER(shared_subscriptions), false,
         "Subscriptions that are shared"},
        {"sockets_accepted_total", NULL, COUNTER(sockets_accepted), false,
         "Connections, whatever became of them"},
        {"sockets_open", NULL, COUNTER(sockets_open), false, "Connections that are open"},
        {"start_time_seconds", NULL, SAMPLE(started), false, "When the broker was started"},
        {"store_bytes_total", NULL, COUNTER(store_bytes), false,
         "Bytes that were written to the store"},
        {"store_changes_total", NULL, COUNTER(store_changes), false,
         "Changes that were written to the store"},
        {"store_checkpoints_total", NULL, COUNTER(checkpoints), false, "Checkpoints of the store"},
        {"store_commits_total", NULL, COUNTER(store_commits), false,
         "Commits of the store, each a flush of the disk"},
        {"store_refused_total", NULL, COUNTER(store_refused), false,
         "Changes that the store had no room for"},
        {"subscriptions", NULL, COUNTER(subscriptions), false, "Subscriptions"},
        {"workers", NULL, SAMPLE(workers), false, "Threads that serve clients"},
};

#define WORKER(field) offsetof(WorkerCounters, field)

static const MetricRow worker_rows[] = {
        {"busy_seconds_total", NULL, WORKER(busy), true,
         "Time that the worker did not wait for anything"},
        {"clients_connected", NULL, WORKER(clients_connected), false, "Clients of the worker"},
        {"messages_received_total", NULL, WORKER(publish_received), false,
         "Messages that clients of the worker have published"},
        {"messages_sent_total", NULL, WORKER(publish_sent), false,
         "Messages that were delivered to clients of the worker"},
        {"sessions", NULL, WORKER(sessions), false, "Sessions of the worker"},
        {"turns_total", NULL, WORKER(turns), false,
         "Turns of the worker, of many messages each under load"},
};

#define TIMES(field) offsetof(ServerTimes, field)

static const MetricRow times_rows[] = {
        {"message_latency_seconds", NULL, TIMES(delivery), true,
         "From reading a message to writing it, of those that need not wait for their client"},
        {"durable_answer_seconds", NULL, TIMES(answers), true,
         "From reading a packet to answering it, of those whose effect must be on the disk first"},
        {"store_commit_seconds", NULL, TIMES(commits), true, "A commit of the store"},
        {"tls_handshake_seconds", NULL, TIMES(handshakes), true,
         "A handshake of TLS that has succeeded, with what the client takes for it"},
};

#define FIGURE(field) offsetof(ListenerFigures, field)

/* Its refusals and its certificate have more labels, or none at all. */
static const MetricRow listener_rows[] = {
        {"accepted_total", NULL, FIGURE(accepted), false,
         "Connections to the listener, also those that were refused"},
        {"connections", NULL, FIGURE(connections), false,
         "Connections of the listener that are open"},
        {"handshake_bytes_received_total", NULL, FIGURE(handshake_bytes_received), false,
         "Bytes of handshakes of TLS that came"},
        {"handshake_bytes_sent_total", NULL, FIGURE(handshake_bytes_sent), false,
         "Bytes of handshakes of TLS that were sent"},
        {"handshakes_failed_total", NULL, FIGURE(handshakes_failed), false,
         "Handshakes of TLS that have failed"},
        {"handshakes_total", NULL, FIGURE(handshakes), false,
         "Handshakes of TLS that have succeeded, by listener"},
        {"upgrades_refused_total", NULL, FIGURE(upgrades_refused), false,
         "HTTP requests that did not become a WebSocket, for they were refused"},
        {"upgrades_total", NULL, FIGURE(upgrades), false, "Connections that became a WebSocket"},
};

const MetricTable metric_rows_broker = {broker_rows, ARRAY_SIZE(broker_rows)};
const MetricTable metric_rows_worker = {worker_rows, ARRAY_SIZE(worker_rows)};
const MetricTable metric_rows_times = {times_rows, ARRAY_SIZE(times_rows)};
const MetricTable metric_rows_listener = {listener_rows, ARRAY_SIZE(listener_rows)};
