/* SPDX-License-Identifier: Apache-2.0 */

/* A packet as members of a JSON object. */

#include "mqtt/packet-json.h"

#include <stdio.h>

#include "mqtt/ack.h"
#include "mqtt/auth.h"
#include "mqtt/connack.h"
#include "mqtt/connect.h"
#include "mqtt/disconnect.h"
#include "mqtt/property-json.h"
#include "mqtt/publish.h"
#include "mqtt/reason.h"
#include "mqtt/suback.h"
#include "mqtt/subscribe.h"
#include "mqtt/unsuback.h"
#include "mqtt/unsubscribe.h"
#include "util/macro.h"
#include "util/utf8.h"

/* What is to be written. */
typedef struct PacketJson {
        JsonOut *to;
        const Packet *packet;
        MqttVersion version;
        size_t cut;
} PacketJson;

/* --- parts --- */

/* So much of it is shown that no letter is cut in two, if it is text. */
static Bytes payload_shown(Bytes payload)
{
        Bytes shown = {payload.data, MIN(payload.length, (size_t)PACKET_JSON_PAYLOAD_MAX)};

        for (size_t less = 0; less < 4 && less < shown.length; less++)
                if (utf8_is_valid(shown.data, shown.length - less))
                        return (Bytes){shown.data, shown.length - less};
        return shown;
}

static void put_payload(const PacketJson *json, Bytes payload, size_t cut)
{
        const Bytes shown = payload_shown(payload);

        json_out_number(json->to, "payload_size", payload.length + cut);
        json_out_bytes(json->to, "payload", shown);
        if (shown.length < payload.length + cut)
                json_out_flag(json->to, "payload_cut", true);
}

static void put_reason(const PacketJson *json, uint8_t reason)
{
        json_out_number(json->to, "reason", reason);
        json_out_name(json->to, "reason_name");
        json_out_text(json->to, bytes_from_string(reason_name(reason)));
}

static void put_reasons(const PacketJson *json, Bytes reasons)
{
        json_out_name(json->to, "reasons");
        for (size_t i = 0; i < reasons.length; i++)
                fprintf(json->to->to, "%c%u", i == 0 ? '[' : ',', (unsigned)reasons.data[i]);
        fputs(reasons.length == 0 ? "[]" : "]", json->to->to);
}

static const char *version_name(MqttVersion version)
{
        return version == MQTT_5 ? "5.0" : version == MQTT_3_1_1 ? "3.1.1" : "3.1";
}

/* --- packets: each returns 0, or what its decoder does --- */

static void put_will(const PacketJson *json, const ConnectWill *will)
{
        json_out_name(json->to, "will");
        json_out_begin(json->to);
        json_out_bytes(json->to, "topic", will->topic);
        json_out_number(json->to, "qos", will->qos);
        json_out_flag(json->to, "retain", will->retain);
        put_payload(json, will->payload, 0);
        property_json_write(json->to, &will->properties);
        json_out_end(json->to);
}

static int put_connect(const PacketJson *json)
{
        JsonOut *to = json->to;
        Connect connect;
        int r;

        r = connect_decode(json->packet->body, &connect);
        if (r != 0)
                return r;
        json_out_name(to, "protocol");
        json_out_text(to, bytes_from_string(version_name(connect.version)));
        json_out_bytes(to, "client", connect.client_id);
        json_out_flag(to, "clean_start", connect.clean_start);
        json_out_number(to, "keep_alive", connect.keep_alive);
        if (connect.is_bridge)
                json_out_flag(to, "bridge", true);
        if (connect.has_username)
                json_out_bytes(to, "user", connect.username);
        if (connect.has_password)
                json_out_flag(to, "password", true);
        if (connect.has_will)
                put_will(json, &connect.will);
        property_json_write(to, &connect.properties);
        return 0;
}

static int put_connack(const PacketJson *json)
{
        Connack connack;
        int r;

        r = connack_decode(json->packet->body, json->version, &connack);
        if (r != 0)
                return r;
        put_reason(json, connack.reason);
        json_out_flag(json->to, "session_present", connack.session_present);
        property_json_write(json->to, &connack.properties);
        return 0;
}

static int put_publish(const PacketJson *json)
{
        JsonOut *to = json->to;
        Publish publish;
        int r;

        r = publish_decode(json->packet->body, json->version, json->packet->flags, &publish);
        if (r != 0)
                return r;
        json_out_bytes(to, "topic", publish.topic);
        json_out_number(to, "qos", publish.qos);
        json_out_flag(to, "retain", publish.retain);
        json_out_flag(to, "dup", publish.dup);
        if (publish.qos > 0)
                json_out_number(to, "id", publish.packet_id);
        put_payload(json, publish.payload, json->cut);
        property_json_write(to, &publish.properties);
        return 0;
}

static int put_ack(const PacketJson *json)
{
        Ack ack;
        int r;

        r = ack_decode(json->packet->body, json->version, json->packet->type, &ack);
        if (r != 0)
                return r;
        json_out_number(json->to, "id", ack.packet_id);
        put_reason(json, ack.reason);
        property_json_write(json->to, &ack.properties);
        return 0;
}

static void put_filter(const PacketJson *json, const SubscribeEntry *entry)
{
        json_out_begin(json->to);
        json_out_bytes(json->to, "filter", entry->filter);
        json_out_number(json->to, "qos", entry->qos);
        if (json->version == MQTT_5) {
                json_out_flag(json->to, "no_local", entry->no_local);
                json_out_flag(json->to, "retain_as_published", entry->retain_as_published);
                json_out_number(json->to, "retain_handling", entry->retain_handling);
        }
        json_out_end(json->to);
}

static int put_subscribe(const PacketJson *json)
{
        Subscribe subscribe;
        SubscribeEntry entry;
        int r;

        r = subscribe_decode(json->packet->body, json->version, &subscribe);
        if (r != 0)
                return r;
        json_out_number(json->to, "id", subscribe.packet_id);
        json_out_name(json->to, "filters");
        for (bool first = true; subscribe_next(&subscribe, &entry); first = false) {
                fputc(first ? '[' : ',', json->to->to);
                put_filter(json, &entry);
        }
        fputc(']', json->to->to);
        property_json_write(json->to, &subscribe.properties);
        return 0;
}

static int put_suback(const PacketJson *json)
{
        Suback suback;
        int r;

        r = suback_decode(json->packet->body, json->version, &suback);
        if (r != 0)
                return r;
        json_out_number(json->to, "id", suback.packet_id);
        put_reasons(json, suback.reasons);
        property_json_write(json->to, &suback.properties);
        return 0;
}

static int put_unsubscribe(const PacketJson *json)
{
        Unsubscribe unsubscribe;
        Bytes filter;
        int r;

        r = unsubscribe_decode(json->packet->body, json->version, &unsubscribe);
        if (r != 0)
                return r;
        json_out_number(json->to, "id", unsubscribe.packet_id);
        json_out_name(json->to, "filters");
        for (bool first = true; unsubscribe_next(&unsubscribe, &filter); first = false) {
                fputc(first ? '[' : ',', json->to->to);
                json_out_begin(json->to);
                json_out_bytes(json->to, "filter", filter);
                json_out_end(json->to);
        }
        fputc(']', json->to->to);
        property_json_write(json->to, &unsubscribe.properties);
        return 0;
}

static int put_unsuback(const PacketJson *json)
{
        Unsuback unsuback;
        int r;

        r = unsuback_decode(json->packet->body, json->version, &unsuback);
        if (r != 0)
                return r;
        json_out_number(json->to, "id", unsuback.packet_id);
        put_reasons(json, unsuback.reasons);
        property_json_write(json->to, &unsuback.properties);
        return 0;
}

static int put_disconnect(const PacketJson *json)
{
        Disconnect disconnect;
        int r;

        r = disconnect_decode(json->packet->body, json->version, &disconnect);
        if (r != 0)
                return r;
        put_reason(json, disconnect.reason);
        property_json_write(json->to, &disconnect.properties);
        return 0;
}

static int put_auth(const PacketJson *json)
{
        Auth auth;
        int r;

        r = auth_decode(json->packet->body, json->version, &auth);
        if (r != 0)
                return r;
        put_reason(json, auth.reason);
        property_json_write(json->to, &auth.properties);
        return 0;
}

static int (*const writers[16])(const PacketJson *json) = {
        [PACKET_CONNECT] = put_connect,   [PACKET_CONNACK] = put_connack,
        [PACKET_PUBLISH] = put_publish,   [PACKET_PUBACK] = put_ack,
        [PACKET_PUBREC] = put_ack,        [PACKET_PUBREL] = put_ack,
        [PACKET_PUBCOMP] = put_ack,       [PACKET_SUBSCRIBE] = put_subscribe,
        [PACKET_SUBACK] = put_suback,     [PACKET_UNSUBSCRIBE] = put_unsubscribe,
        [PACKET_UNSUBACK] = put_unsuback, [PACKET_DISCONNECT] = put_disconnect,
        [PACKET_AUTH] = put_auth,
};

void packet_json_write(JsonOut *to, const Packet *packet, MqttVersion version, size_t cut)
{
        const PacketJson json = {to, packet, version, cut};
        int r = 0;

        json_out_name(to, "packet");
        json_out_text(to, bytes_from_string(packet_type_name(packet->type)));
        json_out_number(to, "size", packet->size);
        if (writers[packet->type])
                r = writers[packet->type](&json);
        if (r != 0) {
                json_out_name(to, "error");
                json_out_text(to, bytes_from_string(reason_name((uint8_t)r)));
        }
}
