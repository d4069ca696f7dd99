/* SPDX-License-Identifier: Apache-2.0 */

/* The clients of a stage. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mqtt/ack.h"
#include "mqtt/disconnect.h"
#include "mqtt/ping.h"
#include "mqtt/suback.h"
#include "mqtt/subscribe.h"
#include "server/client.h"
#include "stage.h"

/* While the broker is to take what is sent, or to answer: more turns, and it hangs. */
#define TURNS_MAX 1000

Client *client_new(Stage *stage, unsigned worker, MqttVersion version)
{
        static const Address nobody = {.storage.ss_family = AF_UNIX, .length = sizeof(sa_family_t)};
        Client *client = calloc(1, sizeof(*client));
        int fds[2];

        stage_must(client);
        stage_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
        *client = (Client){.stage = stage, .fd = fds[0], .version = version};
        stage_must(client_accept(stage_shard(stage, worker), &(ConnectionOrigin){
                                                                     .endpoint = stage->endpoint,
                                                                     .peer = &nobody,
                                                                     .fd = fds[1],
                                                             }) >= 0);
        return client;
}

Client *client_free(Client *client)
{
        if (!client)
                return NULL;
        close(client->fd);
        buffer_done(&client->input);
        free(client);
        return NULL;
}

bool client_send(Client *client, const void *data, size_t length)
{
        const uint8_t *at = data;

        for (unsigned i = 0; length > 0; i++) {
                ssize_t n = send(client->fd, at, length, MSG_NOSIGNAL);

                if (n < 0 && errno != EAGAIN)
                        return false;
                if (n > 0) {
                        at += n;
                        length -= (size_t)n;
                        i = 0;
                } else {
                        stage_must(i < TURNS_MAX);
                        stage_turn(client->stage);
                }
        }
        return true;
}

void client_send_buffer(Client *client, Buffer *buffer)
{
        client_send_bytes(client, buffer_bytes(buffer));
        buffer_done(buffer);
}

void client_send_bytes(Client *client, Bytes bytes)
{
        client_send(client, bytes.data, bytes.length);
}

/* Reads what is there. */
static void client_fill(Client *client)
{
        while (!client->ended) {
                ssize_t n;

                stage_must(buffer_reserve(&client->input, 65536) == 0);
                n = recv(client->fd, buffer_tail(&client->input), buffer_room(&client->input), 0);
                if (n < 0 && errno == EAGAIN)
                        return;
                if (n <= 0)
                        client->ended = true;
                else
                        buffer_commit(&client->input, (size_t)n);
        }
}

/* A broker's answer to a stranger may be in the form of any version: the frame is the same. */
static bool client_frame(Client *client, Packet *ret_packet)
{
        Bytes bytes = buffer_bytes(&client->input);
        int r = packet_frame(bytes.data, bytes.length, 0, client->version, ret_packet);

        stage_must(r == 0 || r == -EAGAIN);
        return r == 0;
}

bool client_try(Client *client, Packet *ret_packet)
{
        size_t length;

        buffer_consume(&client->input, client->taken);
        client->taken = 0;
        do {
                if (client_frame(client, ret_packet)) {
                        client->taken = ret_packet->size;
                        return true;
                }
                length = buffer_length(&client->input);
                stage_turn(client->stage);
                client_fill(client);
        } while (buffer_length(&client->input) > length);
        return false;
}

Packet client_take(Client *client, PacketType type)
{
        Packet packet;

        stage_must(client_try(client, &packet));
        if (packet.type != type)
                fprintf(stderr, "%s instead of %s\n", packet_type_name(packet.type),
                        packet_type_name(type));
        stage_must(packet.type == type);
        return packet;
}

void client_take_nothing(Client *client)
{
        Packet packet;

        stage_must(!client_try(client, &packet));
        stage_must(!client->ended);
}

void client_take_end(Client *client)
{
        Packet packet;

        stage_must(!client_try(client, &packet));
        stage_must(client->ended);
        stage_must(buffer_length(&client->input) == 0);
}

size_t client_available(const Client *client)
{
        int n = 0;

        stage_must(ioctl(client->fd, FIONREAD, &n) == 0);
        return (size_t)n + buffer_length(&client->input) - client->taken;
}

Connect client_connect_base(const Client *client, const char *id)
{
        Connect connect = {
                .version = client->version,
                .clean_start = true,
                .client_id = bytes_from_string(id),
        };

        properties_init(&connect.properties);
        properties_init(&connect.will.properties);
        return connect;
}

Connack client_connect(Client *client, const Connect *connect)
{
        Buffer buffer = {};
        Connack connack;

        stage_must(connect_encode(connect, &buffer) == 0);
        client_send_buffer(client, &buffer);
        stage_must(connack_decode(client_take(client, PACKET_CONNACK).body, client->version,
                                  &connack) == 0);
        return connack;
}

Client *client_join(Stage *stage, unsigned worker, MqttVersion version, const char *id)
{
        Client *client = client_new(stage, worker, version);
        Connect connect = client_connect_base(client, id);

        stage_must(client_connect(client, &connect).reason == REASON_SUCCESS);
        return client;
}

uint8_t client_subscribe(Client *client, const char *filter, uint8_t options)
{
        SubscribeEntry entry = {
                .filter = bytes_from_string(filter),
                .qos = options & 3,
                .no_local = options & 4,
                .retain_as_published = options & 8,
                .retain_handling = options >> 4 & 3,
        };
        Subscribe subscribe = {.packet_id = ++client->last_id, .n_entries = 1};
        Buffer entries = {}, buffer = {};
        Suback suback;

        properties_init(&subscribe.properties);
        stage_must(subscribe_entry_encode(&entry, client->version, &entries) == 0);
        subscribe.entries = (Reader){entries.data, entries.data + buffer_length(&entries)};
        stage_must(subscribe_encode(&subscribe, client->version, &buffer) == 0);
        buffer_done(&entries);
        client_send_buffer(client, &buffer);
        stage_must(suback_decode(client_take(client, PACKET_SUBACK).body, client->version,
                                 &suback) == 0);
        stage_must(suback.packet_id == subscribe.packet_id && suback.reasons.length == 1);
        return suback.reasons.data[0];
}

void client_publish_packet(Client *client, const Publish *publish)
{
        Buffer buffer = {};

        stage_must(publish_encode(publish, client->version, &buffer) == 0);
        client_send_buffer(client, &buffer);
}

uint16_t client_publish(Client *client, const char *topic, Bytes payload, uint8_t qos)
{
        Publish publish = {
                .topic = bytes_from_string(topic),
                .payload = payload,
                .qos = qos,
                .packet_id = qos > 0 ? ++client->last_id : 0,
        };

        properties_init(&publish.properties);
        client_publish_packet(client, &publish);
        return publish.packet_id;
}

Publish client_take_publish(Client *client, const char *topic, Bytes payload)
{
        Packet packet = client_take(client, PACKET_PUBLISH);
        Publish publish;

        stage_must(publish_decode(packet.body, client->version, packet.flags, &publish) == 0);
        stage_must(bytes_equal(publish.topic, bytes_from_string(topic)));
        stage_must(bytes_equal(publish.payload, payload));
        return publish;
}

uint8_t client_take_ack(Client *client, PacketType type, uint16_t id)
{
        Ack ack;

        stage_must(ack_decode(client_take(client, type).body, client->version, type, &ack) == 0);
        stage_must(ack.packet_id == id);
        return ack.reason;
}

void client_ack(Client *client, PacketType type, uint16_t id)
{
        Buffer buffer = {};

        stage_must(ack_encode_success(type, id, &buffer) == 0);
        client_send_buffer(client, &buffer);
}

void client_ping(Client *client)
{
        Buffer buffer = {};

        stage_must(ping_encode(PACKET_PINGREQ, &buffer) == 0);
        client_send_buffer(client, &buffer);
        client_take(client, PACKET_PINGRESP);
}

void client_take_disconnect(Client *client, uint8_t reason)
{
        Packet packet = client_take(client, PACKET_DISCONNECT);
        Disconnect disconnect;

        stage_must(disconnect_decode(packet.body, client->version, &disconnect) == 0);
        stage_must(disconnect.reason == reason);
        client_take_end(client);
}
