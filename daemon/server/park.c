/* SPDX-License-Identifier: Apache-2.0 */

/* A suspended server takes leave for the next process. */

#include "server/park.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/state-writer.h"
#include "mqtt/disconnect.h"
#include "server/connection-end.h"
#include "server/connection-record.h"
#include "server/park-image.h"
#include "server/plane-store.h"
#include "server/shard-loop.h"
#include "server/shard-stop.h"
#include "transport/tls.h"
#include "transport/websocket-state.h"

/* The image goes to the file in pieces of this size. */
#define CHUNK (1024U * 1024U)
/* What a connection can be told by who does not know it; 0: nothing. */
enum {
        NOTE_DISCONNECT = 5, /* its client understands MQTT 5 and is between two packets of ours */
        NOTE_FRAMED = 6,     /* the same of a WebSocket, which is between two frames, too */
        NOTE_CLOSE = 7,      /* a WebSocket between two frames: its end */
};
/* What a dismissed client has sent is thrown away, so much of it. */
#define DISCARD_MAX (1024U * 1024U)
/* How long one worker waits for its lingering clients before the next one has its turn, ms. */
#define LEAVE_WAIT 5U

typedef struct Parker {
        Plane *plane;
        int image;
        StateWriter *state;
        Buffer *buffer; /* of state */
        PayloadsWritten payloads;
        Park park;
} Parker;

/* --- the file --- */

static int write_all(int fd, Bytes bytes)
{
        while (bytes.length > 0) {
                ssize_t n = write(fd, bytes.data, bytes.length);

                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0)
                        bytes = (Bytes){bytes.data + n, bytes.length - (size_t)n};
        }
        return 0;
}

/* What there is; less than `least` waits for more. */
static int parker_flush(Parker *parker, size_t least)
{
        int r;

        if (buffer_length(parker->buffer) < least)
                return 0;
        r = write_all(parker->image, buffer_bytes(parker->buffer));
        buffer_clear(parker->buffer);
        return r;
}

/* --- connections --- */

static bool transport_can_leave(const Connection *connection)
{
        const Transport *transport = &connection->transport;

        if (connection->extras->pump)
                return false;
        if (websocket_is(transport))
                return websocket_can_leave(transport);
        /* One that has not got so far as to be one begins anew. */
        return !tls_is(transport) && (connection->phase == CONNECTION_OPEN ||
                                      connection_listener(connection)->protocol == LISTENER_MQTT);
}

/* Also one whose user a helper looks up just now: that begins again in the next process. */
static bool goes_along(const Connection *connection)
{
        return connection->phase <= CONNECTION_OPEN && connection->phase != CONNECTION_CONVERSES &&
               !connection->extras->exchange && connection->broken == 0 &&
               transport_can_leave(connection);
}

static uint8_t note_of(const Connection *connection)
{
        const bool is_websocket = websocket_is(&connection->transport);

        if (is_websocket && !websocket_is_between_frames(&connection->transport))
                return 0;
        if (connection->phase == CONNECTION_OPEN && connection->version == MQTT_5 &&
            output_length(&connection->output) == 0)
                return is_websocket ? NOTE_FRAMED : NOTE_DISCONNECT;
        return is_websocket ? NOTE_CLOSE : 0;
}

static int park_grow(Park *park)
{
        size_t capacity = park->capacity ? park->capacity * 2 : 64;
        Connection **connections;
        ParkedItem *items;

        items = reallocarray(park->items, capacity, sizeof(*items));
        if (!items)
                return -ENOMEM;
        park->items = items;
        connections = reallocarray(park->connections, capacity, sizeof(Connection *));
        if (!connections)
                return -ENOMEM;
        park->connections = connections;
        park->capacity = capacity;
        return 0;
}

static int park_connection(Parker *parker, Connection *connection)
{
        Park *park = &parker->park;
        const uint32_t number = (uint32_t)park->n;
        int r;

        if (park->n == park->capacity && park_grow(park) < 0)
                return -ENOMEM;
        r = connection_record_write(connection, number, &parker->payloads, parker->buffer);
        if (r < 0)
                return r;
        park->connections[park->n] = connection;
        park->items[park->n++] = (ParkedItem){
                .fd = connection->transport.fd,
                .number = number,
                .note = note_of(connection),
        };
        return parker_flush(parker, CHUNK);
}

/* Those that wait for CONNECT, after all sessions. */
static int park_strangers(Parker *parker, const Shard *shard)
{
        int r = 0;

        list_foreach (Connection, connection, &shard->connections, link) {
                if (connection->phase < CONNECTION_OPEN && goes_along(connection))
                        r = park_connection(parker, connection);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* --- the model --- */

/* Before the key: park-image.h. */
static int park_paused(Parker *parker, const ParkNotes *notes)
{
        int r = 0;

        for (size_t i = 0; i < notes->n_paused && r == 0; i++) {
                RecordWriter writer =
                        record_begin(parker->buffer, PARK_PAUSED_RECORD, 1, RECORD_OPTIONAL);

                record_put(&writer, notes->paused[i], strlen(notes->paused[i]));
                r = record_end(&writer);
        }
        return r;
}

static int park_key(Parker *parker, const TlsTicketKey *key)
{
        RecordWriter writer = record_begin(parker->buffer, PARK_KEY_RECORD, 1, RECORD_OPTIONAL);

        record_put(&writer, key->bytes, sizeof(key->bytes));
        return record_end(&writer);
}

static int park_retained(Parker *parker)
{
        int r;

        do {
                r = state_writer_retained(parker->state, parker->plane->retained);
                if (r >= 0 && parker_flush(parker, CHUNK) < 0)
                        return -EIO;
        } while (r > 0);
        return r;
}

static int park_session(Session *session, void *data)
{
        Connection *connection = session_connection(session);
        Parker *parker = data;
        int r, q;

        do {
                r = state_writer_session(parker->state, session);
                q = r < 0 ? 0 : parker_flush(parker, CHUNK);
        } while (r > 0 && q == 0);
        if (r == 0)
                r = q;
        if (r == 0 && connection && goes_along(connection))
                r = park_connection(parker, connection);
        return r;
}

static int park_all(Parker *parker, const ParkNotes *notes)
{
        Plane *plane = parker->plane;
        int r = 0;

        if (plane->store)
                r = state_writer_numbers(parker->state, &plane->store->numbers);
        if (r == 0)
                r = park_paused(parker, notes);
        if (r == 0)
                r = park_key(parker, notes->key);
        if (r == 0)
                r = park_retained(parker);
        for (unsigned i = 0; i < plane->n_shards && r == 0; i++)
                r = sessions_foreach(plane->shards[i].sessions, park_session, parker);
        for (unsigned i = 0; i < plane->n_shards && r == 0; i++)
                r = park_strangers(parker, &plane->shards[i]);
        if (r == 0)
                r = state_writer_end(parker->state);
        return r == 0 ? parker_flush(parker, 0) : r;
}

int server_park(Server *server, const ParkNotes *notes, int image, Park *ret_park)
{
        Parker parker = {.plane = server_plane(server), .image = image};
        const StateClock clock = {loop_clock(&parker.plane->shards[0].loop), clock_realtime()};
        int r;

        r = state_writer_new(parker.plane->router, &clock, &parker.state);
        if (r < 0)
                return r;
        parker.buffer = state_writer_buffer(parker.state);
        payloads_written_init(&parker.payloads);
        r = park_all(&parker, notes);
        payloads_written_done(&parker.payloads);
        state_writer_free(parker.state);
        if (r < 0) {
                park_done(&parker.park);
                return r;
        }
        *ret_park = parker.park;
        return 0;
}

void park_done(Park *park)
{
        free(park->items);
        free(park->connections);
        *park = (Park){};
}

/* --- the end here --- */

static bool has_connections(const Plane *plane)
{
        for (unsigned i = 0; i < plane->n_shards; i++)
                if (!list_is_empty(&plane->shards[i].connections))
                        return true;
        return false;
}

/* What helpers have cannot be taken from them; it ends after one step, if at all. */
static bool has_steps(const Plane *plane)
{
        for (unsigned i = 0; i < plane->n_shards; i++)
                if (plane->shards[i].n_steps > 0)
                        return true;
        return false;
}

/* Those that stay behind hear why, without a word to their sessions. */
static void say_farewell(Shard *shard)
{
        /* Nothing may be delivered any more: sessions remember connections that are closed. */
        loop_timer_disarm(&shard->loop, &shard->sessions_timer);
        list_foreach_safe (Connection, connection, &shard->connections, link) {
                connection->session = NULL;
                connection_fail(connection, REASON_SERVER_SHUTTING_DOWN, NULL);
        }
}

void server_leave(Server *server, const Park *park, size_t n_gone, msec_t timeout)
{
        Plane *plane = server_plane(server);
        const msec_t deadline = clock_boottime() + timeout;

        for (size_t i = 0; i < n_gone; i++) {
                Connection *connection = park->connections[i];

                connection->session = NULL;
                if (websocket_is(&connection->transport))
                        websocket_leave(&connection->transport);
                connection_close(connection);
        }
        for (unsigned i = 0; i < plane->n_shards; i++)
                say_farewell(&plane->shards[i]);
        while ((has_steps(plane) || has_connections(plane)) && clock_boottime() < deadline)
                for (unsigned i = 0; i < plane->n_shards; i++)
                        shard_turn(&plane->shards[i], LEAVE_WAIT);
        for (unsigned i = 0; i < plane->n_shards; i++) {
                shard_stop_end(&plane->shards[i]);
                shard_settle(&plane->shards[i]);
        }
}

/* --- what nobody can serve --- */

/* Unread input would make the peer lose the packet that explains. */
static void discard_input(int fd)
{
        char junk[4096];
        ssize_t n = 0;

        for (size_t total = 0; total < DISCARD_MAX; total += (size_t)n) {
                n = recv(fd, junk, sizeof(junk), MSG_DONTWAIT);
                if (n <= 0)
                        return;
        }
}

static int put_frame(WebsocketOpcode opcode, Bytes payload, Buffer *to)
{
        uint8_t header[WEBSOCKET_HEADER_MAX];
        const size_t size = websocket_header(opcode, payload.length, header);
        int r = buffer_append(to, header, size);

        return r == 0 ? buffer_append(to, payload.data, payload.length) : r;
}

/* What it is told, in the form that its note allows. 0 or -errno. */
static int put_farewell(uint8_t note, uint8_t reason, Buffer *to)
{
        static const uint8_t code[] = {WEBSOCKET_GOING_AWAY >> 8, WEBSOCKET_GOING_AWAY & 0xFF};
        _cleanup_(buffer_done) Buffer packet = {};
        Disconnect disconnect = {.reason = reason};
        int r = 0;

        properties_init(&disconnect.properties);
        if (note == NOTE_DISCONNECT)
                return disconnect_encode(&disconnect, MQTT_5, to);
        if (note == NOTE_FRAMED)
                r = disconnect_encode(&disconnect, MQTT_5, &packet);
        if (r == 0 && note == NOTE_FRAMED)
                r = put_frame(WEBSOCKET_BINARY, buffer_bytes(&packet), to);
        if (r == 0 && (note == NOTE_FRAMED || note == NOTE_CLOSE))
                r = put_frame(WEBSOCKET_CLOSE, (Bytes){code, sizeof(code)}, to);
        return r;
}

void parked_dismiss(ParkedItem *item, uint8_t reason)
{
        _cleanup_(buffer_done) Buffer farewell = {};
        Bytes bytes;

        if (item->fd < 0)
                return;
        if (put_farewell(item->note, reason, &farewell) == 0 && buffer_length(&farewell) > 0) {
                bytes = buffer_bytes(&farewell);
                send(item->fd, bytes.data, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL);
        }
        shutdown(item->fd, SHUT_WR);
        discard_input(item->fd);
        close(TAKE_FD(item->fd));
}

size_t parked_dismiss_all(ParkedItem *items, size_t n)
{
        size_t n_dismissed = 0;

        for (size_t i = 0; i < n; i++) {
                n_dismissed += items[i].fd >= 0;
                parked_dismiss(&items[i], REASON_SERVER_SHUTTING_DOWN);
        }
        return n_dismissed;
}
