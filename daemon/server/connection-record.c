/* SPDX-License-Identifier: Apache-2.0 */

/* A connection as a record. */

#include "server/connection-record.h"

#include <errno.h>
#include <stdlib.h>

#include "transport/websocket-state.h"

#define CONNECTION_RECORD_VERSION 1U
/* More than any configuration gives out has a wrong number in it. */
#define PEER_SIZE_MAX sizeof(struct sockaddr_in6)

enum {
        FLAG_OPEN = 1U << 0, /* behind CONNACK, with a session; else it waits for CONNECT */
        FLAG_ADMITTED = 1U << 1,
        FLAG_PROBLEM_INFORMATION = 1U << 2,
        FLAG_BRIDGE = 1U << 3,
        FLAG_LASTING = 1U << 4,
        FLAG_USERNAME = 1U << 5,
        FLAG_PROVEN = 1U << 6,
};

/* --- write --- */

static uint16_t flags_of(const Connection *connection)
{
        return (uint16_t)((connection->phase == CONNECTION_OPEN ? FLAG_OPEN : 0U) |
                          (connection->is_admitted ? FLAG_ADMITTED : 0U) |
                          (connection->wants_problem_information ? FLAG_PROBLEM_INFORMATION : 0U) |
                          (connection->is_bridge ? FLAG_BRIDGE : 0U) |
                          (connection->session_is_lasting ? FLAG_LASTING : 0U) |
                          (connection->username ? FLAG_USERNAME : 0U) |
                          (connection->is_proven ? FLAG_PROVEN : 0U));
}

static void put_peer(RecordWriter *writer, const ConnectionPeer *peer)
{
        size_t size = peer->any.sa_family == AF_INET    ? sizeof(peer->in)
                      : peer->any.sa_family == AF_INET6 ? sizeof(peer->in6)
                                                        : sizeof(sa_family_t);

        record_put_bytes(writer, (Bytes){(const uint8_t *)peer, size});
}

static void put_topics(RecordWriter *writer, const Bytes *topics, size_t n)
{
        record_put_u32(writer, (uint32_t)n);
        for (size_t i = 0; i < n; i++) {
                record_put_u8(writer, topics[i].data != NULL);
                if (topics[i].data)
                        record_put_bytes(writer, topics[i]);
        }
}

static int put_aliases(RecordWriter *writer, const Aliases *aliases)
{
        _cleanup_free_ Bytes *in = NULL, *out = NULL;
        size_t n_in = 0, n_out = 0;

        record_put_u8(writer, aliases != NULL);
        if (!aliases)
                return 0;
        if (aliases_list_in(aliases, &in, &n_in) < 0 || aliases_list_out(aliases, &out, &n_out) < 0)
                return -ENOMEM;
        put_topics(writer, in, n_in);
        put_topics(writer, out, n_out);
        return 0;
}

/* By what password, or else, it is here: empty where it did not need any. */
static void put_proof(RecordWriter *writer, const Connection *connection)
{
        LoginFingerprint proof;
        bool has_proof =
                access_policy_fingerprint(connection->policy, (LoginMethod)connection->login_method,
                                          bytes_from_string(connection->username), &proof);

        record_put_bytes(writer, (Bytes){proof.bytes, has_proof ? sizeof(proof.bytes) : 0});
}

/* Bytes and pieces in the order of the stream. */
static void put_output(RecordWriter *writer, const Output *output, const PayloadsWritten *payloads)
{
        const OutputPieces *pieces = output->pieces;
        const uint8_t *head = buffer_head(&output->bytes);
        size_t left = buffer_length(&output->bytes);
        uint64_t position = pieces ? pieces->consumed : 0;

        record_put_u32(writer, pieces ? pieces->n - pieces->first : 0);
        for (uint32_t i = pieces ? pieces->first : 0; pieces && i < pieces->n; i++) {
                const OutputPiece *piece = &pieces->items[i];
                size_t before = (size_t)(piece->at - position);

                record_put_bytes(writer, (Bytes){head, before});
                head += before;
                left -= before;
                position += before;
                record_put_u32(writer, payloads_number(payloads, piece->message));
                record_put_u32(writer,
                               (uint32_t)(piece->data - message_payload(piece->message).data));
                record_put_u32(writer, (uint32_t)piece->length);
        }
        record_put_bytes(writer, (Bytes){head, left});
}

static int write_payloads(const OutputPieces *pieces, PayloadsWritten *payloads, Buffer *to)
{
        int r = 0;

        for (uint32_t i = pieces ? pieces->first : 0; pieces && i < pieces->n && r == 0; i++)
                r = payloads_write(payloads, pieces->items[i].message, to);
        return r;
}

static int put_websocket(RecordWriter *writer, const Connection *connection)
{
        _cleanup_(buffer_done) Buffer state = {};
        int r;

        if (!websocket_is(&connection->transport))
                return 0;
        r = websocket_save(&connection->transport, &state);
        if (r == 0)
                record_put_bytes(writer, buffer_bytes(&state));
        return r;
}

static RecordWriter begin_record(const Connection *connection, Buffer *to)
{
        return websocket_is(&connection->transport)
                       ? record_begin(to, WEBSOCKET_RECORD, CONNECTION_RECORD_VERSION,
                                      RECORD_OPTIONAL)
                       : record_begin(to, CONNECTION_RECORD, CONNECTION_RECORD_VERSION, 0);
}

int connection_record_write(const Connection *connection, uint32_t number,
                            PayloadsWritten *payloads, Buffer *to)
{
        RecordWriter writer;
        int r, q;

        r = write_payloads(connection->output.pieces, payloads, to);
        if (r < 0)
                return r;
        writer = begin_record(connection, to);
        record_put_u32(&writer, number);
        record_put_u16(&writer, flags_of(connection));
        record_put_u8(&writer, connection->refuse);
        record_put_bytes(&writer, bytes_from_string(connection_listener(connection)->name));
        record_put_bytes(&writer, bytes_from_string(connection_listener(connection)->mount_point));
        put_peer(&writer, &connection->peer);

        record_put_u8(&writer, connection->version);
        record_put_u64(&writer, connection->last_received);
        record_put_u32(&writer, connection->keep_alive);
        record_put_u32(&writer, connection->max_outgoing_size);
        record_put_u16(&writer, connection->in_alias_maximum);
        record_put_u16(&writer, connection->out_alias_maximum);
        record_put_bytes(&writer, bytes_from_string(connection->username));
        r = put_aliases(&writer, connection->aliases);
        record_put_u32(&writer, connection->input_wanted);
        record_put_bytes(&writer, buffer_bytes(&connection->input));
        record_put_u32(&writer, connection->pending_packets);
        put_output(&writer, &connection->output, payloads);
        record_put_bytes(&writer, bytes_from_string(connection->extras->proxy_name));
        put_proof(&writer, connection);
        record_put_u8(&writer, (uint8_t)(connection->login_method | connection->auth_method << 4));
        record_put_u64(&writer, tenure_expires(connection->extras->tenure));
        if (r == 0)
                r = put_websocket(&writer, connection);
        q = record_end(&writer);
        return r < 0 ? r : q;
}

/* --- read --- */

static int get_peer(RecordReader *reader, Address *ret_peer)
{
        Bytes bytes = record_get_bytes(reader);
        Address peer = {.length = (socklen_t)bytes.length};

        if (bytes.length < sizeof(sa_family_t) || bytes.length > PEER_SIZE_MAX)
                return -EBADMSG;
        memcpy(&peer.storage, bytes.data, bytes.length);
        *ret_peer = peer;
        return 0;
}

int connection_record_read(const Record *record, ConnectionRecord *ret_record)
{
        RecordReader reader = record_reader(record->payload);
        ConnectionRecord read = {.is_websocket = record->type == WEBSOCKET_RECORD};

        read.number = record_get_u32(&reader);
        read.flags = record_get_u16(&reader);
        read.has_session = read.flags & FLAG_OPEN;
        read.refuse = record_get_u8(&reader);
        read.listener = record_get_bytes(&reader);
        read.mount_point = record_get_bytes(&reader);
        if (get_peer(&reader, &read.peer) < 0 || record_reader_failed(&reader))
                return -EBADMSG;
        read.rest = reader;
        *ret_record = read;
        return 0;
}

static int get_topics(RecordReader *reader, Aliases *aliases,
                      int (*take)(Aliases *aliases, size_t i, Bytes topic))
{
        size_t n = record_get_u32(reader);
        int r = 0;

        for (size_t i = 0; i < n && r == 0; i++) {
                bool is_set = record_get_u8(reader);
                Bytes topic = is_set ? record_get_bytes(reader) : (Bytes){};

                if (record_reader_failed(reader))
                        return -EBADMSG;
                if (is_set)
                        r = take(aliases, i, topic);
        }
        return r > 0 ? -EBADMSG : r;
}

static int take_in(Aliases *aliases, size_t i, Bytes topic)
{
        return i < UINT16_MAX ? aliases_set(aliases, (uint16_t)(i + 1), topic) : -EBADMSG;
}

static int take_out(Aliases *aliases, size_t i, Bytes topic)
{
        bool known = false;

        /* Each topic once, and no more than the client allows. */
        if (aliases_for(aliases, topic, &known) != i + 1 || known)
                return -EBADMSG;
        return aliases_sent(aliases, topic);
}

static int get_aliases(RecordReader *reader, Connection *connection)
{
        int r;

        if (!record_get_u8(reader))
                return 0;
        r = aliases_new(connection->in_alias_maximum, connection->out_alias_maximum,
                        &connection->aliases);
        if (r == 0)
                r = get_topics(reader, connection->aliases, take_in);
        if (r == 0)
                r = get_topics(reader, connection->aliases, take_out);
        return r;
}

static int get_username(RecordReader *reader, bool has_username, Connection *connection)
{
        Bytes username = record_get_bytes(reader);

        if (!has_username)
                return 0;
        if (!username.data)
                return -EBADMSG;
        connection->username = strndup((const char *)username.data, username.length);
        return connection->username ? 0 : -ENOMEM;
}

/* With the room that was made for the packet that has begun. */
static int get_input(RecordReader *reader, Connection *connection)
{
        size_t missing = 0;
        Bytes input;

        connection->input_wanted = record_get_u32(reader);
        input = record_get_bytes(reader);
        if (connection->phase == CONNECTION_OPEN && connection->input_wanted > input.length)
                missing = connection->input_wanted - input.length;
        if (missing > MQTT_PACKET_SIZE_MAX)
                return -EBADMSG;
        if (input.length == 0)
                return 0;
        if (buffer_reserve(&connection->input, input.length + missing) < 0)
                return -ENOMEM;
        return buffer_append(&connection->input, input.data, input.length);
}

static int get_piece(RecordReader *reader, const PayloadsRead *payloads, Output *output)
{
        Message *message = payloads_find(payloads, record_get_u32(reader));
        size_t at = record_get_u32(reader), length = record_get_u32(reader);
        Bytes payload;

        if (!message)
                return -EBADMSG;
        payload = message_payload(message);
        if (at > payload.length || length > payload.length - at || length == 0)
                return -EBADMSG;
        return output_share(output, message, (Bytes){payload.data + at, length});
}

static int get_output(RecordReader *reader, const PayloadsRead *payloads, Output *output)
{
        uint32_t n_pieces = record_get_u32(reader);
        int r;

        for (uint32_t i = 0;; i++) {
                Bytes bytes = record_get_bytes(reader);

                if (record_reader_failed(reader))
                        return -EBADMSG;
                r = buffer_append(&output->bytes, bytes.data, bytes.length);
                if (r < 0 || i == n_pieces)
                        return r;
                r = get_piece(reader, payloads, output);
                if (r < 0)
                        return r;
        }
}

static bool version_is_known(uint8_t version)
{
        return version == MQTT_3_1 || version == MQTT_3_1_1 || version == MQTT_5;
}

static int get_state(RecordReader *reader, uint16_t flags, bool is_websocket,
                     Connection *connection)
{
        if (flags & FLAG_OPEN)
                connection->phase = CONNECTION_OPEN;
        else if (flags & FLAG_PROVEN || connection->phase == CONNECTION_PROXIED || is_websocket)
                connection->phase = CONNECTION_WAITS; /* else as its listener has it now */
        connection->is_admitted = flags & FLAG_ADMITTED;
        connection->wants_problem_information = flags & FLAG_PROBLEM_INFORMATION;
        connection->is_bridge = flags & FLAG_BRIDGE;
        connection->session_is_lasting = flags & FLAG_LASTING;
        connection->is_proven = flags & FLAG_PROVEN;
        connection->version = record_get_u8(reader);
        if (flags & FLAG_OPEN && !version_is_known(connection->version))
                return -EBADMSG;
        connection->last_received = record_get_u64(reader);
        connection->keep_alive = record_get_u32(reader);
        connection->max_outgoing_size = record_get_u32(reader);
        connection->in_alias_maximum = record_get_u16(reader);
        connection->out_alias_maximum = record_get_u16(reader);
        return get_username(reader, flags & FLAG_USERNAME, connection);
}

/* Records of older versions end before. */
static int get_proxy_name(RecordReader *reader, Connection *connection)
{
        Bytes name = record_reader_has_more(reader) ? record_get_bytes(reader) : (Bytes){};

        return connection_set_proxy_name(connection, name);
}

/* An older version had no other logins than by password. */
static int get_login(RecordReader *reader, const ConnectionRecord *record, Connection *connection)
{
        uint8_t methods;

        connection->login_method = record->proof.length > 0 ? LOGIN_PASSWORD : LOGIN_NONE;
        if (!record_reader_has_more(reader))
                return 0;
        methods = record_get_u8(reader);
        connection->login_method = methods & 15;
        connection->auth_method = (methods >> 4) & 3;
        return connection->login_method < LOGIN_METHODS_N &&
                               connection->auth_method <= SCRAM_HASHES_N
                       ? connection_set_tenure(connection, record_get_u64(reader))
                       : -EBADMSG;
}

static int get_websocket(RecordReader *reader, Connection *connection)
{
        Transport below = connection->transport;

        return websocket_restore(&connection->transport, &below, record_get_bytes(reader));
}

int connection_record_apply(ConnectionRecord *record, const PayloadsRead *payloads,
                            Connection *connection)
{
        RecordReader *reader = &record->rest;
        int r;

        r = get_state(reader, record->flags, record->is_websocket, connection);
        if (r == 0)
                r = get_aliases(reader, connection);
        if (r == 0)
                r = get_input(reader, connection);
        connection->pending_packets = record_get_u32(reader);
        if (r == 0)
                r = get_output(reader, payloads, &connection->output);
        if (r == 0)
                r = get_proxy_name(reader, connection);
        if (r < 0)
                return r;
        if (record_reader_has_more(reader))
                record->proof = record_get_bytes(reader);
        r = get_login(reader, record, connection);
        if (r == 0 && record->is_websocket)
                r = get_websocket(reader, connection);
        if (r < 0)
                return r;
        return record_reader_failed(reader) ? -EBADMSG : 0;
}
