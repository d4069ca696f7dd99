/* SPDX-License-Identifier: Apache-2.0 */
/* AUTH. */

#include "mqtt/auth.h"

#include "mqtt/outcome.h"
#include "mqtt/packet.h"
#include "mqtt/reader.h"

int auth_decode(Bytes body, MqttVersion version, Auth *ret)
{
        Reader reader = reader_of(body);
        int r;

        if (version != MQTT_5)
                return REASON_PROTOCOL_ERROR;
        if (body.length == 1)
                return REASON_MALFORMED_PACKET; /* unlike in other packets, 3.15.2.1 */
        r = outcome_decode(&reader, PACKET_AUTH, &ret->reason, &ret->properties);
        if (r != 0)
                return r;
        if (properties_has(&ret->properties, PROPERTY_AUTHENTICATION_METHOD))
                return 0;
        if (ret->reason != REASON_SUCCESS || ret->properties.present != 0)
                return REASON_PROTOCOL_ERROR;
        return 0;
}

int auth_encode(const Auth *auth, MqttVersion version, Buffer *to)
{
        uint8_t *at;
        int r;

        if (version != MQTT_5)
                return -EINVAL;
        r = packet_append(to, PACKET_AUTH << 4, outcome_size(auth->reason, &auth->properties), &at);
        if (r < 0)
                return r;
        outcome_write(auth->reason, &auth->properties, at);
        return 0;
}
