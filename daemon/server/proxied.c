/* SPDX-License-Identifier: Apache-2.0 */

/* A connection that comes through a proxy. */

#include "server/proxied.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "server/ban-rule.h"
#include "server/client-event.h"
#include "server/connection-end.h"
#include "server/gate.h"
#include "server/relay.h"
#include "transport/proxy.h"
#include "util/utf8.h"

bool proxied_is_trusted(const ListenerSettings *listener, const struct sockaddr *address)
{
        Prefix host;

        if (listener->n_proxies == 0 || !prefix_of_address(address, 32, 128, &host))
                return true;
        for (size_t i = 0; i < listener->n_proxies; i++)
                if (prefix_contains(&listener->proxies[i], &host))
                        return true;
        return false;
}

bool proxied_may_forward(const Connection *connection)
{
        const ListenerSettings *listener = connection_listener(connection);

        return proxied_forwards(listener) && proxied_is_trusted(listener, &connection->peer.any);
}

/* As from TLS itself: a name that may be read as another one is none. */
static int take_name(Connection *connection, Bytes name)
{
        if (name.length == 0 || !utf8_is_valid(name.data, name.length))
                return 0;
        return connection_set_proxy_name(connection, name);
}

/* Pages are told so. */
static int take_tls(Connection *connection, const ProxyHeader *header)
{
        Relay *relay;

        if (!header->has_tls || connection_listener(connection)->protocol == LISTENER_MQTT)
                return 0;
        relay = connection_relay(connection);
        if (!relay)
                return -ENOMEM;
        relay->is_secure = true;
        return 0;
}

/* What its address allows, now that it is known. */
static Refusal ask_gate(Connection *connection)
{
        Shard *shard = connection->shard;
        const struct sockaddr *address = &connection->peer.any;
        Refusal refusal = gate_ask_address(shard, address, &connection->neighbour);

        if (refusal != REFUSAL_NONE) {
                refusals_note(&shard->refusals, refusal, connection->endpoint, address);
                ban_rule_note_refusal(shard, connection->endpoint, address, refusal);
                client_event_kept_out(shard, refusal, connection->endpoint, address);
        }
        return refusal;
}

bool proxied_take_peer(Connection *connection, const Address *address)
{
        if (address)
                connection_set_peer(connection, address);
        return ask_gate(connection) == REFUSAL_NONE;
}

/* 0, -errno, or > 0: the client may not come in like that, for the reason in *ret_why. */
static int take_header(Connection *connection, const ProxyHeader *header, const char **ret_why)
{
        const ListenerSettings *listener = connection_listener(connection);
        int r;

        if (listener->proxy_protocol_v2_require_tls && !header->has_tls) {
                *ret_why = "the client does not speak TLS with the proxy";
                return REASON_NOT_AUTHORIZED;
        }
        if (listener->enable_proxy_protocol == 2 && listener->require_certificate &&
            !header->has_certificate) {
                *ret_why = "the client has shown the proxy no good certificate";
                return REASON_NOT_AUTHORIZED;
        }
        if (!proxied_take_peer(connection, header->has_source ? &header->source : NULL)) {
                *ret_why = NULL;
                return -ECONNREFUSED;
        }
        r = take_name(connection, header->common_name);
        return r < 0 ? r : take_tls(connection, header);
}

/*
 * Looks at what has come and takes what is of the header: the rest is for TLS or MQTT, which find
 * it in the socket. What has begun waits in the input. 0: it is complete; -EAGAIN; -EPROTO;
 * -ENODATA at the end; or another -errno.
 */
static int read_header(Connection *connection, uint8_t data[PROXY_HEADER_MAX], ProxyHeader *header)
{
        const unsigned version = connection_listener(connection)->enable_proxy_protocol;
        const int fd = connection->source.fd;
        Buffer *input = &connection->input;
        const size_t before = buffer_length(input);
        size_t size = 0, taken;
        ssize_t n;
        int r;

        if (before > 0)
                memcpy(data, buffer_head(input), before);
        n = recv(fd, data + before, PROXY_HEADER_MAX - before, MSG_PEEK | MSG_DONTWAIT);
        if (n <= 0)
                return n < 0 ? -errno : -ENODATA;
        r = proxy_decode(version, (Bytes){data, before + (size_t)n}, &size, header);
        if (r < 0 && r != -EAGAIN)
                return r;
        taken = r == 0 ? size - before : (size_t)n;
        if (r == -EAGAIN && buffer_append(input, data + before, taken) < 0)
                return -ENOMEM;
        n = recv(fd, data + before, taken, MSG_DONTWAIT);
        if (n != (ssize_t)taken)
                return -EIO;
        counters_add(connection->shard->counters.proxy_bytes_received, taken);
        return r;
}

bool proxied_go_on(Connection *connection)
{
        uint8_t data[PROXY_HEADER_MAX];
        const char *why = NULL;
        ProxyHeader header;
        int r = read_header(connection, data, &header);

        if (r == -EAGAIN)
                return false;
        if (r == -EPROTO)
                why = "not a header of the PROXY protocol in the version that the listener wants";
        if (r == 0)
                r = take_header(connection, &header, &why);
        if (r == 0)
                r = connection_open_transport(connection);
        if (r == -ECONNREFUSED) {
                connection_close(connection);
                return false;
        }
        if (r != 0) {
                connection_fail(connection, r == -ENODATA ? 0 : r, why);
                return false;
        }
        buffer_done(&connection->input);
        return true;
}
