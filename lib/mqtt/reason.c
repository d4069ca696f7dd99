/* SPDX-License-Identifier: Apache-2.0 */
/* The reason codes, one row each. */

#include "mqtt/reason.h"

#include <stddef.h>

#include "util/macro.h"

enum {
        IN_CONNACK = 1 << PACKET_CONNACK,
        IN_PUBLISH_ANSWER = 1 << PACKET_PUBACK | 1 << PACKET_PUBREC,
        IN_RELEASE = 1 << PACKET_PUBREL | 1 << PACKET_PUBCOMP,
        IN_SUBACK = 1 << PACKET_SUBACK,
        IN_UNSUBACK = 1 << PACKET_UNSUBACK,
        IN_DISCONNECT = 1 << PACKET_DISCONNECT,
        IN_AUTH = 1 << PACKET_AUTH,
        IN_REQUEST_ANSWER = IN_PUBLISH_ANSWER | IN_SUBACK | IN_UNSUBACK,
        IN_EVERY = IN_CONNACK | IN_REQUEST_ANSWER | IN_RELEASE | IN_DISCONNECT | IN_AUTH,
};

enum {
        V3_ACCEPTED = 0,
        V3_VERSION = 1,
        V3_IDENTIFIER = 2,
        V3_UNAVAILABLE = 3,
        V3_CREDENTIALS = 4,
        V3_NOT_AUTHORIZED = 5,
};

typedef struct ReasonRow {
        const char *name;
        uint16_t legal_in;
        uint8_t connack_v3;
} ReasonRow;

/* A failure without a word for it in MQTT 3. */
#define FAILURE(name, legal_in)                                                                    \
        {                                                                                          \
                name, legal_in, V3_UNAVAILABLE                                                     \
        }

static const ReasonRow reason_rows[] = {
        [0x00] = {"Success", IN_EVERY, V3_ACCEPTED},
        [0x01] = {"Granted QoS 1", IN_SUBACK, V3_ACCEPTED},
        [0x02] = {"Granted QoS 2", IN_SUBACK, V3_ACCEPTED},
        [0x04] = {"Disconnect with Will Message", IN_DISCONNECT, V3_ACCEPTED},
        [0x10] = {"No matching subscribers", IN_PUBLISH_ANSWER, V3_ACCEPTED},
        [0x11] = {"No subscription existed", IN_UNSUBACK, V3_ACCEPTED},
        [0x18] = {"Continue authentication", IN_AUTH, V3_ACCEPTED},
        [0x19] = {"Re-authenticate", IN_AUTH, V3_ACCEPTED},
        [0x80] = FAILURE("Unspecified error", IN_CONNACK | IN_REQUEST_ANSWER | IN_DISCONNECT),
        [0x81] = FAILURE("Malformed Packet", IN_CONNACK | IN_DISCONNECT),
        [0x82] = FAILURE("Protocol Error", IN_CONNACK | IN_DISCONNECT),
        [0x83] = FAILURE("Implementation specific error",
                         IN_CONNACK | IN_REQUEST_ANSWER | IN_DISCONNECT),
        [0x84] = {"Unsupported Protocol Version", IN_CONNACK, V3_VERSION},
        [0x85] = {"Client Identifier not valid", IN_CONNACK, V3_IDENTIFIER},
        [0x86] = {"Bad User Name or Password", IN_CONNACK, V3_CREDENTIALS},
        [0x87] = {"Not authorized", IN_CONNACK | IN_REQUEST_ANSWER | IN_DISCONNECT,
                  V3_NOT_AUTHORIZED},
        [0x88] = FAILURE("Server unavailable", IN_CONNACK),
        [0x89] = FAILURE("Server busy", IN_CONNACK | IN_DISCONNECT),
        [0x8A] = {"Banned", IN_CONNACK, V3_NOT_AUTHORIZED},
        [0x8B] = FAILURE("Server shutting down", IN_DISCONNECT),
        [0x8C] = {"Bad authentication method", IN_CONNACK | IN_DISCONNECT, V3_NOT_AUTHORIZED},
        [0x8D] = FAILURE("Keep Alive timeout", IN_DISCONNECT),
        [0x8E] = FAILURE("Session taken over", IN_DISCONNECT),
        [0x8F] = FAILURE("Topic Filter invalid", IN_SUBACK | IN_UNSUBACK | IN_DISCONNECT),
        [0x90] = FAILURE("Topic Name invalid", IN_CONNACK | IN_PUBLISH_ANSWER | IN_DISCONNECT),
        [0x91] = FAILURE("Packet Identifier in use", IN_REQUEST_ANSWER),
        [0x92] = FAILURE("Packet Identifier not found", IN_RELEASE),
        [0x93] = FAILURE("Receive Maximum exceeded", IN_DISCONNECT),
        [0x94] = FAILURE("Topic Alias invalid", IN_DISCONNECT),
        [0x95] = FAILURE("Packet too large", IN_CONNACK | IN_DISCONNECT),
        [0x96] = FAILURE("Message rate too high", IN_DISCONNECT),
        [0x97] = FAILURE("Quota exceeded",
                         IN_CONNACK | IN_PUBLISH_ANSWER | IN_SUBACK | IN_DISCONNECT),
        [0x98] = FAILURE("Administrative action", IN_DISCONNECT),
        [0x99] = FAILURE("Payload format invalid", IN_CONNACK | IN_PUBLISH_ANSWER | IN_DISCONNECT),
        [0x9A] = FAILURE("Retain not supported", IN_CONNACK | IN_DISCONNECT),
        [0x9B] = FAILURE("QoS not supported", IN_CONNACK | IN_DISCONNECT),
        [0x9C] = FAILURE("Use another server", IN_CONNACK | IN_DISCONNECT),
        [0x9D] = FAILURE("Server moved", IN_CONNACK | IN_DISCONNECT),
        [0x9E] = FAILURE("Shared Subscriptions not supported", IN_SUBACK | IN_DISCONNECT),
        [0x9F] = FAILURE("Connection rate exceeded", IN_CONNACK | IN_DISCONNECT),
        [0xA0] = FAILURE("Maximum connect time", IN_DISCONNECT),
        [0xA1] = FAILURE("Subscription Identifiers not supported", IN_SUBACK | IN_DISCONNECT),
        [0xA2] = FAILURE("Wildcard Subscriptions not supported", IN_SUBACK | IN_DISCONNECT),
};

static const ReasonRow *reason_row(uint8_t reason)
{
        const ReasonRow *row = reason < ARRAY_SIZE(reason_rows) ? reason_rows + reason : NULL;

        return row && row->name ? row : NULL;
}

const char *reason_name(uint8_t reason)
{
        const ReasonRow *row = reason_row(reason);

        return row ? row->name : "Unknown reason";
}

bool reason_is_legal_in(PacketType type, uint8_t reason)
{
        const ReasonRow *row = reason_row(reason);

        return row && (row->legal_in >> type & 1);
}

int reason_to_connack_v3(uint8_t reason)
{
        const ReasonRow *row = reason_row(reason);

        return row ? row->connack_v3 : V3_UNAVAILABLE;
}

uint8_t reason_from_connack_v3(uint8_t code)
{
        static const uint8_t reasons[] = {
                [V3_ACCEPTED] = REASON_SUCCESS,
                [V3_VERSION] = REASON_UNSUPPORTED_PROTOCOL_VERSION,
                [V3_IDENTIFIER] = REASON_CLIENT_IDENTIFIER_NOT_VALID,
                [V3_UNAVAILABLE] = REASON_SERVER_UNAVAILABLE,
                [V3_CREDENTIALS] = REASON_BAD_USER_NAME_OR_PASSWORD,
                [V3_NOT_AUTHORIZED] = REASON_NOT_AUTHORIZED,
        };

        return code < ARRAY_SIZE(reasons) ? reasons[code] : REASON_UNSPECIFIED_ERROR;
}
