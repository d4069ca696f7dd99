/* SPDX-License-Identifier: Apache-2.0 */

/* What was wrong with a packet, in words. */

#include "server/fault.h"

#include <stdio.h>

#include "mqtt/packet.h"
#include "mqtt/reason.h"

typedef struct FaultRow {
        uint8_t reason;
        const char *text;
} FaultRow;

static const FaultRow fault_rows[] = {
        {REASON_MALFORMED_PACKET, "it cannot be decoded: cut short, reserved bits, or bad text"},
        {REASON_PROTOCOL_ERROR, "not allowed here, or with this content"},
        {REASON_UNSUPPORTED_PROTOCOL_VERSION, "this protocol version is not spoken here"},
        {REASON_CLIENT_IDENTIFIER_NOT_VALID, "the client identifier is empty or not accepted"},
        {REASON_NOT_AUTHORIZED, "this client may not do that here"},
        {REASON_SERVER_SHUTTING_DOWN, "the server stops"},
        {REASON_BAD_AUTHENTICATION_METHOD, "no authentication method is supported"},
        {REASON_TOPIC_FILTER_INVALID, "a topic filter is not well formed"},
        {REASON_TOPIC_NAME_INVALID, "the topic name is empty, too deep, or has wildcards"},
        {REASON_RECEIVE_MAXIMUM_EXCEEDED, "more unfinished messages than our Receive Maximum"},
        {REASON_TOPIC_ALIAS_INVALID, "the topic alias is 0 or above our Topic Alias Maximum"},
        {REASON_PACKET_TOO_LARGE, "larger than Maximum Packet Size"},
        {REASON_QUOTA_EXCEEDED, "a limit of the server is reached, try again later"},
        {REASON_PAYLOAD_FORMAT_INVALID, "the payload is not the UTF-8 text that it says it is"},
        {REASON_RETAIN_NOT_SUPPORTED, "retained messages are not available here"},
        {REASON_QOS_NOT_SUPPORTED, "the QoS is above our Maximum QoS"},
};

const char *fault_describe(PacketType type, int reason, char buffer[FAULT_TEXT_MAX])
{
        const char *text = reason_name((uint8_t)reason);

        for (size_t i = 0; i < sizeof(fault_rows) / sizeof(fault_rows[0]); i++)
                if (fault_rows[i].reason == reason)
                        text = fault_rows[i].text;
        if (type == 0)
                snprintf(buffer, FAULT_TEXT_MAX, "%s", text);
        else
                snprintf(buffer, FAULT_TEXT_MAX, "%s: %s", packet_type_name(type), text);
        return buffer;
}
