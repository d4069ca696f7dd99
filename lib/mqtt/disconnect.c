/* SPDX-License-Identifier: Apache-2.0 */
/* DISCONNECT. */

#include "mqtt/disconnect.h"

#include "mqtt/outcome.h"
#include "mqtt/packet.h"
#include "mqtt/reader.h"

int disconnect_decode(Bytes body, MqttVersion version, Disconnect *ret)
{
        Reader reader = reader_of(body);

        if (version != MQTT_5 && body.length > 0)
                return REASON_MALFORMED_PACKET;
        return outcome_decode(&reader, PACKET_DISCONNECT, &ret->reason, &ret->properties);
}

int disconnect_encode(const Disconnect *disconnect, MqttVersion version, Buffer *to)
{
        size_t remaining = 0;
        uint8_t *at;
        int r;

        if (version == MQTT_5)
                remaining = outcome_size(disconnect->reason, &disconnect->properties);
        r = packet_append(to, PACKET_DISCONNECT << 4, remaining, &at);
        if (r < 0)
                return r;
        if (version == MQTT_5)
                outcome_write(disconnect->reason, &disconnect->properties, at);
        return 0;
}
