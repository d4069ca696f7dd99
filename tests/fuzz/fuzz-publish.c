/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer: PUBLISH, and what of its properties goes to subscribers. */

#include "mqtt/publish.h"
#include "mqtt/topic.h"
#include "trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Publish publish;
        size_t forwarded;

        trip_body(PACKET_PUBLISH, data, size);
        if (size < 2 ||
            publish_decode((Bytes){data + 2, size - 2}, MQTT_5, data[1] & 15, &publish) != 0)
                return 0;
        must((publish.qos > 0) == (publish.packet_id > 0));
        must(publish.topic.length == 0 || topic_name_is_valid(publish.topic));
        must(publish.payload.data + publish.payload.length == data + size);
        forwarded = properties_select_size(publish.properties.raw, PROPERTIES_FORWARDED);
        must(properties_forward_whole(&publish.properties) ==
             (forwarded == publish.properties.raw.length));
        return 0;
}
