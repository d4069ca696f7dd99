/* SPDX-License-Identifier: Apache-2.0 */
/* Decode, encode, decode, encode: for all packets. */

#include "trip.h"

#include <string.h>

#include "mqtt/ack.h"
#include "mqtt/auth.h"
#include "mqtt/connack.h"
#include "mqtt/connect.h"
#include "mqtt/disconnect.h"
#include "mqtt/ping.h"
#include "mqtt/publish.h"
#include "mqtt/reason.h"
#include "mqtt/suback.h"
#include "mqtt/subscribe.h"
#include "mqtt/unsuback.h"
#include "mqtt/unsubscribe.h"

typedef union Any {
        Ack ack;
        Auth auth;
        Connack connack;
        Connect connect;
        Disconnect disconnect;
        Publish publish;
        Suback suback;
        Subscribe subscribe;
        Unsuback unsuback;
        Unsubscribe unsubscribe;
        PacketType ping;
} Any;

typedef struct Trip {
        int (*decode)(const Packet *packet, MqttVersion version, Any *ret);
        int (*encode)(const Any *any, MqttVersion version, Buffer *to);
        size_t properties; /* where they are in Any; 0: there are none */
} Trip;

#define DEFINE_ENCODE(noun)                                                                        \
        static int encode_##noun(const Any *any, MqttVersion version, Buffer *to)                  \
        {                                                                                          \
                return noun##_encode(&any->noun, version, to);                                     \
        }

#define DEFINE_TRIP(noun)                                                                          \
        static int decode_##noun(const Packet *packet, MqttVersion version, Any *ret)              \
        {                                                                                          \
                return noun##_decode(packet->body, version, &ret->noun);                           \
        }                                                                                          \
        DEFINE_ENCODE(noun)

DEFINE_TRIP(auth)
DEFINE_TRIP(connack)
DEFINE_TRIP(disconnect)
DEFINE_TRIP(suback)
DEFINE_TRIP(subscribe)
DEFINE_TRIP(unsuback)
DEFINE_TRIP(unsubscribe)
DEFINE_ENCODE(ack)
DEFINE_ENCODE(publish)

static int decode_ack(const Packet *packet, MqttVersion version, Any *ret)
{
        return ack_decode(packet->body, version, packet->type, &ret->ack);
}

static int decode_publish(const Packet *packet, MqttVersion version, Any *ret)
{
        return publish_decode(packet->body, version, packet->flags, &ret->publish);
}

static int decode_connect(const Packet *packet, MqttVersion version, Any *ret)
{
        return connect_decode(packet->body, &ret->connect);
}

static int encode_connect(const Any *any, MqttVersion version, Buffer *to)
{
        return connect_encode(&any->connect, to);
}

static int decode_ping(const Packet *packet, MqttVersion version, Any *ret)
{
        ret->ping = packet->type;
        return ping_decode(packet->body);
}

static int encode_ping(const Any *any, MqttVersion version, Buffer *to)
{
        return ping_encode(any->ping, to);
}

#define TRIP(noun)                                                                                 \
        {                                                                                          \
                decode_##noun, encode_##noun, offsetof(Any, noun.properties)                       \
        }

static const Trip trips[] = {
        [PACKET_CONNECT] = TRIP(connect),
        [PACKET_CONNACK] = TRIP(connack),
        [PACKET_PUBLISH] = TRIP(publish),
        [PACKET_PUBACK] = TRIP(ack),
        [PACKET_PUBREC] = TRIP(ack),
        [PACKET_PUBREL] = TRIP(ack),
        [PACKET_PUBCOMP] = TRIP(ack),
        [PACKET_SUBSCRIBE] = TRIP(subscribe),
        [PACKET_SUBACK] = TRIP(suback),
        [PACKET_UNSUBSCRIBE] = TRIP(unsubscribe),
        [PACKET_UNSUBACK] = TRIP(unsuback),
        [PACKET_PINGREQ] = {decode_ping, encode_ping, 0},
        [PACKET_PINGRESP] = {decode_ping, encode_ping, 0},
        [PACKET_DISCONNECT] = TRIP(disconnect),
        [PACKET_AUTH] = TRIP(auth),
};

void trip_carry(Properties *properties, Buffer *memory)
{
        const uint64_t identifier = PROPERTY_BIT(PROPERTY_SUBSCRIPTION_IDENTIFIER);
        const uint64_t carried = identifier | PROPERTY_BIT(PROPERTY_USER_PROPERTY);
        size_t size = properties_select_size(properties->raw, carried);

        must(buffer_reserve(memory, size + 1) == 0);
        properties_select_write(properties->raw, carried, buffer_tail(memory));
        buffer_commit(memory, size);
        properties->present &= ~identifier;
        properties->raw_user = buffer_bytes(memory);
}

/* Decodes and encodes; false if it cannot be decoded. */
static bool go(const Packet *packet, MqttVersion *version, Buffer *to)
{
        const Trip *trip = trips + packet->type;
        Buffer memory = {}, will_memory = {};
        Any any;
        int r = trip->decode(packet, *version, &any);

        if (r == 0) {
                if (packet->type == PACKET_CONNECT) {
                        *version = any.connect.version;
                        if (any.connect.has_will)
                                trip_carry(&any.connect.will.properties, &will_memory);
                }
                if (trip->properties != 0)
                        trip_carry((Properties *)((char *)&any + trip->properties), &memory);
                must(trip->encode(&any, *version, to) == 0);
        } else {
                must(r > 0 && reason_is_failure((uint8_t)r));
        }
        buffer_done(&memory);
        buffer_done(&will_memory);
        return r == 0;
}

/* Where there is one way to say it, the encoder says it the same way. In MQTT 5 properties may be
 * in another order, and left out where there are none. */
static void compare(const Packet *given, const Packet *made, MqttVersion version)
{
        must(made->type == given->type);
        if (version == MQTT_3_1)
                return; /* which disregards much */
        must(made->flags == given->flags);
        must(made->body.length <= given->body.length);
        if (version != MQTT_5)
                must(bytes_equal(made->body, given->body));
        else if (given->type == PACKET_PUBLISH || given->type == PACKET_SUBSCRIBE ||
                 given->type == PACKET_CONNECT)
                must(made->body.length == given->body.length);
}

void trip_packet(const Packet *packet, MqttVersion version)
{
        Buffer first = {}, second = {};
        Packet again;

        if (go(packet, &version, &first)) {
                must(packet_frame(first.data, buffer_length(&first), 0, version, &again) == 0);
                must(again.size == buffer_length(&first));
                compare(packet, &again, version);
                must(go(&again, &version, &second));
                must(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
        }
        buffer_done(&first);
        buffer_done(&second);
}

void trip_body(PacketType type, const uint8_t *data, size_t size)
{
        static const MqttVersion versions[] = {MQTT_5, MQTT_3_1_1, MQTT_3_1};
        Packet packet = {.type = type};
        MqttVersion version;

        if (size < 2)
                return;
        version = versions[data[0] % 3];
        packet.flags = data[1] & 15;
        packet.body = (Bytes){data + 2, size - 2};
        if (packet_legal_flags[version][type] >> packet.flags & 1)
                trip_packet(&packet, version);
}
