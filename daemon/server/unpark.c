/* SPDX-License-Identifier: Apache-2.0 */

/* A new server goes on with what another process has parked. */

#include "server/unpark.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "broker/state-reader.h"
#include "mqtt/protocol.h"
#include "server/client-access.h"
#include "server/client-account.h"
#include "server/client-session.h"
#include "server/client.h"
#include "server/connection-record.h"
#include "server/deliver.h"
#include "server/gate.h"
#include "server/plane-store.h"

typedef struct Unparker {
        Plane *plane;
        const Arrival *arrival;
        StateReader *state;
        PayloadsRead payloads;
        Session *session; /* the last one that was read */
        msec_t downtime;  /* nobody could be heard so long */
        size_t n_seen;    /* records of connections */
        ArrivalCounts *counts;
} Unparker;

static Shard *owner_of(Plane *plane, Bytes client_id)
{
        return &plane->shards[plane_owner(plane, client_id)];
}

/* --- connections --- */

static int compare_number(const void *key, const void *item)
{
        const uint32_t a = *(const uint32_t *)key, b = ((const ParkedItem *)item)->number;

        return (a > b) - (a < b);
}

/* The socket of this number, NULL if it has not come. */
static ParkedItem *find_item(const Arrival *arrival, uint32_t number)
{
        ParkedItem *item = NULL;

        if (arrival->n_items > 0)
                item = bsearch(&number, arrival->items, arrival->n_items, sizeof(*item),
                               compare_number);
        return item && item->fd >= 0 ? item : NULL;
}

static int family_of(int fd)
{
        int family = AF_UNSPEC;
        socklen_t length = sizeof(family);

        return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length) < 0 ? AF_UNSPEC : family;
}

/* Its subscriptions are those of the mount point that it has had. */
static bool fits(const Endpoint *endpoint, const ConnectionRecord *record)
{
        const ListenerSettings *listener = endpoint->listener;

        return !endpoint->credentials &&
               bytes_equal(bytes_from_string(listener->name), record->listener) &&
               bytes_equal(bytes_from_string(listener->mount_point), record->mount_point);
}

/* One that it could have come by: of this listener, without TLS; rather of its own family, for
 * connections are counted by the socket. */
static Endpoint *find_endpoint(const Arrival *arrival, const ConnectionRecord *record, int fd)
{
        const int family = family_of(fd);
        Endpoint *found = NULL;

        for (size_t i = 0; i < arrival->n_endpoints; i++) {
                Endpoint *endpoint = arrival->endpoints[i];

                if (endpoint->socket->is_unix != (family == AF_UNIX) || !fits(endpoint, record))
                        continue;
                if (family_of(endpoint->socket->fd) == family)
                        return endpoint;
                found = endpoint;
        }
        return found;
}

/* Whether the password, or else, by which it came does so now. */
static bool is_still_proven(const Connection *connection, Bytes proof)
{
        LoginFingerprint now;

        return access_policy_fingerprint(connection->endpoint->policy,
                                         (LoginMethod)connection->login_method,
                                         bytes_from_string(connection->username), &now) &&
               bytes_equal(proof, (Bytes){now.bytes, sizeof(now.bytes)});
}

static void join_session(Connection *connection, Session *session)
{
        session_reconnect(session, connection);
        connection->session = session;
        counters_add(connection->shard->counters.clients_connected, 1);
}

/* Takes the socket over. */
static int make_connection(Unparker *unparker, ConnectionRecord *record, ParkedItem *item,
                           Endpoint *endpoint)
{
        Plane *plane = unparker->plane;
        Shard *shard = record->has_session ? owner_of(plane, session_client_id(unparker->session))
                                           : &plane->shards[record->number % plane->n_shards];
        const ConnectionOrigin origin = {
                .endpoint = endpoint,
                .peer = &record->peer,
                .fd = item->fd,
                .refuse = record->refuse,
        };
        NeighbourLimits limits;
        Connection *connection;
        int r;

        r = connection_new(shard, &origin, &connection);
        if (r < 0)
                return r;
        item->fd = -1;
        limits = gate_limits(shard->settings);
        connection->neighbour = neighbours_return(plane->neighbours, &limits, &connection->peer.any,
                                                  loop_now(&shard->loop));
        r = connection_record_apply(record, &unparker->payloads, connection);
        connection->last_received += unparker->downtime;
        if (r == 0)
                r = client_resume(shard, connection);
        if (r < 0) {
                connection_free(connection);
                return r;
        }
        if (record->has_session) {
                join_session(connection, unparker->session);
                /* Else the review will find that it came without a password. */
                if (is_still_proven(connection, record->proof))
                        client_access_grant(connection, endpoint->policy);
                client_account_review(connection);
        }
        unparker->counts->connections++;
        return 0;
}

static int unpark_connection(Unparker *unparker, const Record *record)
{
        ConnectionRecord read;
        Endpoint *endpoint;
        ParkedItem *item;
        int r;

        r = connection_record_read(record, &read);
        if (r < 0)
                return r;
        if (read.has_session && (!unparker->session || session_connection(unparker->session) ||
                                 !session_is_attached(unparker->session)))
                return -EBADMSG;
        item = find_item(unparker->arrival, read.number);
        if (!item)
                return 0;
        endpoint = find_endpoint(unparker->arrival, &read, item->fd);
        if (!endpoint) {
                parked_dismiss(item, REASON_ADMINISTRATIVE_ACTION);
                unparker->counts->unserved++;
                return 0;
        }
        r = make_connection(unparker, &read, item, endpoint);
        /* For want of memory one client ends, not all. */
        return r == -EBADMSG ? r : 0;
}

/* --- records --- */

static int unpark_session(Unparker *unparker, Bytes client_id)
{
        Shard *shard = owner_of(unparker->plane, client_id);
        int r;

        r = state_reader_session(unparker->state, shard->sessions, &unparker->session);
        if (r < 0)
                return r;
        atomic_fetch_add_explicit(&unparker->plane->sessions, 1, memory_order_relaxed);
        unparker->counts->sessions++;
        return 0;
}

static int unpark_record(Unparker *unparker, const Record *record)
{
        switch (record->type) {
        case CONNECTION_RECORD:
        case WEBSOCKET_RECORD:
                if (unparker->arrival->told)
                        unparker->arrival->told(unparker->arrival->data, ++unparker->n_seen);
                return unpark_connection(unparker, record);
        case PAYLOAD_RECORD:
                return payloads_read(&unparker->payloads, record);
        case PARK_KEY_RECORD:
        case PARK_PAUSED_RECORD: /* park-image.h reads these */
                return 0;
        default:
                return record_unknown(record);
        }
}

static int unpark_all(Unparker *unparker)
{
        StateItem item = {};
        int r;

        do {
                r = state_reader_next(unparker->state, &item);
                if (r == 0 && item.kind == STATE_ITEM_SESSION)
                        r = unpark_session(unparker, item.client_id);
                else if (r == 0 && item.kind == STATE_ITEM_RECORD)
                        r = unpark_record(unparker, &item.record);
        } while (r == 0 && item.kind != STATE_ITEM_END);
        return r;
}

/* The store need not have seen the last ones that were given. */
static void go_on_counting(const Unparker *unparker)
{
        PlaneStore *store = unparker->plane->store;
        uint64_t last_message;
        uint32_t last_session;

        if (!store)
                return;
        if (state_reader_numbers(unparker->state, &last_message, &last_session))
                persist_numbers_raise(&store->numbers, last_message, last_session);
        else
                store->is_stale = true;
}

/* --- those whose connection has not come --- */

static int detach_if_alone(Session *session, void *data)
{
        Shard *shard = data;

        if (!session_is_attached(session) || session_connection(session))
                return 0;
        sessions_detach(shard->sessions, session, loop_now(&shard->loop));
        if (session_expiry(session) > 0)
                deliver_again(shard, session, true);
        return 0;
}

static void finish_shard(Shard *shard)
{
        /* The settings may be others than those that let them in. */
        shard_begin_review(shard);
        sessions_foreach(shard->sessions, detach_if_alone, shard);
        client_sessions_run_due(shard);
}

int server_unpark(Server *server, const Arrival *arrival, ArrivalCounts *ret_counts)
{
        Unparker unparker = {
                .plane = server_plane(server),
                .arrival = arrival,
                .counts = ret_counts,
        };
        const msec_t now = loop_clock(&unparker.plane->shards[0].loop);
        const StateClock *clock;
        int r;

        *ret_counts = (ArrivalCounts){};
        r = state_reader_new(park_image_bytes(arrival->image), unparker.plane->router,
                             unparker.plane->retained, &unparker.state);
        if (r < 0)
                return r;
        clock = state_reader_clock(unparker.state);
        unparker.downtime = now > clock->boottime ? now - clock->boottime : 0;
        go_on_counting(&unparker);
        r = unpark_all(&unparker);
        payloads_read_done(&unparker.payloads);
        state_reader_free(unparker.state);
        return r;
}

void server_unpark_end(Server *server)
{
        Plane *plane = server_plane(server);

        for (unsigned i = 0; i < plane->n_shards; i++)
                finish_shard(&plane->shards[i]);
}
