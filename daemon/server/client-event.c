/* SPDX-License-Identifier: Apache-2.0 */

/* What administrators are told of clients while it happens. */

#include "server/client-event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mqtt/connect.h"
#include "mqtt/packet.h"
#include "mqtt/reason.h"
#include "server/client-facts.h"
#include "server/client-log.h"
#include "server/event-queue.h"
#include "server/exchange.h"
#include "util/utf8.h"

/* Why: as long as a Reason String of ours ever is. */
#define REASON_SIZE 256U

/* What an event is made of. */
typedef struct EventParts {
        ClientEventKind kind;
        Bytes client, user, address, listener, reason;
} EventParts;

static EventQueue *queue_of(const Shard *shard)
{
        return shard->plane->events;
}

/* Nobody listens, or there is no room. */
static bool is_in_vain(const Shard *shard)
{
        return _likely_(!event_queue_is_heard(queue_of(shard))) ||
               !event_queue_has_room(queue_of(shard));
}

/* NULL without memory. */
static ClientEvent *make(const EventParts *parts)
{
        const size_t size = sizeof(ClientEvent) + parts->client.length + parts->user.length +
                            parts->address.length + parts->listener.length + parts->reason.length +
                            5;
        ClientEvent *event = calloc(1, size);
        char *at;

        if (!event)
                return NULL;
        at = event->text;
        event->size = size;
        event->kind = parts->kind;
        event->client = utf8_put_clean(&at, parts->client);
        event->user = utf8_put_clean(&at, parts->user);
        event->address = utf8_put_clean(&at, parts->address);
        event->listener = utf8_put_clean(&at, parts->listener);
        event->reason = utf8_put_clean(&at, parts->reason);
        event->protocol = "";
        return event;
}

/* Texts lie in the connection, and its address in peer. */
static EventParts parts_of(const Connection *connection, ClientEventKind kind,
                           char peer[static ADDRESS_TEXT_MAX])
{
        EventParts parts = {
                .kind = kind,
                .user = bytes_from_string(connection->username),
                .address = bytes_from_string(
                        connection_peer_format(connection, peer, ADDRESS_TEXT_MAX)),
                .listener = bytes_from_string(connection->endpoint->name),
        };

        if (connection->session)
                parts.client = session_client_id(connection->session);
        return parts;
}

void client_event_connected(const Connection *connection, bool resumed)
{
        char peer[ADDRESS_TEXT_MAX];
        EventParts parts;
        ClientEvent *event;

        if (is_in_vain(connection->shard))
                return;
        parts = parts_of(connection, CLIENT_EVENT_CONNECTED, peer);
        event = make(&parts);
        if (event) {
                event->protocol = client_protocol_name(connection->version);
                event->resumed = resumed;
        }
        event_queue_push(queue_of(connection->shard), event);
}

/* The body of its CONNECT, wherever it is now; without data: there was none. */
static Bytes connect_of(const Connection *connection)
{
        const Exchange *exchange = connection->extras->exchange;
        const Shard *shard = connection->shard;
        const Bytes input = buffer_bytes(&connection->input);
        Packet packet;

        if (shard->greeting.of == connection)
                return shard->greeting.body;
        if (exchange)
                return (Bytes){exchange->connect, exchange->connect_length};
        if (packet_frame(input.data, input.length, 0, connection->version, &packet) == 0 &&
            packet.type == PACKET_CONNECT)
                return packet.body;
        return (Bytes){};
}

static void add_names(const Connection *connection, EventParts *parts)
{
        const Bytes body = connect_of(connection);
        Connect connect;

        if (body.length == 0 || connect_decode(body, &connect) != 0)
                return;
        parts->client = connect.client_id;
        if (!connection->username && connect.has_username)
                parts->user = connect.username;
}

void client_event_ended(const Connection *connection, int r, const char *detail)
{
        const bool was_open = connection->session != NULL;
        char peer[ADDRESS_TEXT_MAX], reason[REASON_SIZE];
        EventParts parts;
        ClientEvent *event;

        /* Who was let in to be told why it may not is one of those that are kept out. */
        if (_likely_(!event_queue_is_heard(queue_of(connection->shard))) ||
            (!was_open && (r == 0 || connection->refuse)) || is_in_vain(connection->shard))
                return;
        parts = parts_of(connection, was_open ? CLIENT_EVENT_DISCONNECTED : CLIENT_EVENT_REFUSED,
                         peer);
        if (!was_open)
                add_names(connection, &parts);
        snprintf(reason, sizeof(reason), "%s%s%s", client_log_reason(r), detail ? ", " : "",
                 detail ? detail : "");
        parts.reason = bytes_from_string(reason);
        event = make(&parts);
        if (event)
                event->code = r > 0 ? (uint8_t)r : 0;
        event_queue_push(queue_of(connection->shard), event);
}

static char *format_address(const struct sockaddr *address, char text[static ADDRESS_TEXT_MAX])
{
        Address copy = {};

        if (address->sa_family == AF_INET)
                memcpy(&copy.storage, address, sizeof(struct sockaddr_in));
        else if (address->sa_family == AF_INET6)
                memcpy(&copy.storage, address, sizeof(struct sockaddr_in6));
        return address_format(&copy, text, ADDRESS_TEXT_MAX);
}

void client_event_kept_out(const Shard *shard, Refusal refusal, const Endpoint *endpoint,
                           const struct sockaddr *address)
{
        char peer[ADDRESS_TEXT_MAX];
        EventParts parts = {.kind = CLIENT_EVENT_REFUSED};
        ClientEvent *event;

        if (is_in_vain(shard))
                return;
        parts.address = bytes_from_string(format_address(address, peer));
        parts.listener = bytes_from_string(endpoint->name);
        parts.reason = bytes_from_string(refusal_to_string(refusal));
        event = make(&parts);
        if (event)
                event->code = refusal_reason(refusal);
        event_queue_push(queue_of(shard), event);
}

void client_event_queue_full(Shard *shard, const Session *session)
{
        const EventParts parts = {.kind = CLIENT_EVENT_QUEUE_FULL,
                                  .client = session_client_id(session)};
        ClientEvent *event;
        int r;

        if (_likely_(!event_queue_is_heard(queue_of(shard))))
                return;
        r = full_queues_note(&shard->full_queues, session_id(session), loop_now(&shard->loop));
        if (r == 0)
                return;
        event = r < 0 ? NULL : make(&parts);
        if (event) {
                event->queued = session_n_queued(session);
                event->queued_bytes = session_queued_bytes(session);
        }
        event_queue_push(queue_of(shard), event);
}
