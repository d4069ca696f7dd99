/* SPDX-License-Identifier: Apache-2.0 */

/* What is known of a client that is connected. */

#include "server/client-facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/connection.h"
#include "util/utf8.h"

/* As handle-connect.c: a client may be silent for one and a half of it. */
#define PATIENCE_MS_PER_SECOND 1500U

const char *client_protocol_name(unsigned version)
{
        return version == MQTT_5 ? "5.0" : version == MQTT_3_1_1 ? "3.1.1" : "3.1";
}

static void set_texts(ClientFacts *facts, const Bytes texts[4])
{
        char *at = facts->text;

        facts->client = utf8_put_clean(&at, texts[0]);
        facts->user = utf8_put_clean(&at, texts[1]);
        facts->address = utf8_put_clean(&at, texts[2]);
        facts->listener = utf8_put_clean(&at, texts[3]);
}

static void set_figures(ClientFacts *facts, const Connection *connection)
{
        const Session *session = connection->session;

        facts->protocol = client_protocol_name(connection->version);
        facts->tls = connection->endpoint->credentials;
        facts->bridge = connection->is_bridge;
        facts->will = session_has_will(session);
        facts->limited = connection->is_paused;
        facts->keep_alive = connection->keep_alive / PATIENCE_MS_PER_SECOND;
        facts->silent = loop_now_or_later(&connection->shard->loop) - connection->last_received;
        facts->session_expiry = session_expiry(session);
        facts->subscriptions = session_n_subscriptions(session);
        facts->inflight = session_n_inflight(session);
        facts->queued = session_n_queued(session);
        facts->queued_bytes = session_queued_bytes(session);
        facts->unsent = output_length(&connection->output);
        facts->messages_received = connection->traffic.messages_received;
        facts->messages_sent = connection->traffic.messages_sent;
        facts->bytes_received = connection->traffic.bytes_received;
        facts->bytes_sent = connection->traffic.bytes_sent;
}

int client_facts_new(const Connection *connection, ClientFacts **ret_facts)
{
        char peer[ADDRESS_TEXT_MAX];
        const Bytes texts[4] = {
                session_client_id(connection->session),
                bytes_from_string(connection->username),
                bytes_from_string(connection_peer_format(connection, peer, sizeof(peer))),
                bytes_from_string(connection->endpoint->name),
        };
        size_t size = sizeof(ClientFacts);
        ClientFacts *facts;

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                size += texts[i].length + 1;
        facts = calloc(1, size);
        if (!facts)
                return -ENOMEM;
        set_texts(facts, texts);
        set_figures(facts, connection);
        *ret_facts = facts;
        return 0;
}

ClientFacts *client_facts_free(ClientFacts *facts)
{
        free(facts);
        return NULL;
}
