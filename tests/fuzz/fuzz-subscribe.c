/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer: SUBSCRIBE, as a whole and entry by entry. */

#include "mqtt/subscribe.h"
#include "mqtt/topic.h"
#include "trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Subscribe subscribe;
        SubscribeEntry entry;
        TopicFilter filter;
        Buffer entries = {};
        Bytes given;
        size_t n = 0;

        trip_body(PACKET_SUBSCRIBE, data, size);
        if (size < 2 || subscribe_decode((Bytes){data + 2, size - 2}, MQTT_5, &subscribe) != 0)
                return 0;
        given = reader_rest(&subscribe.entries);
        for (; subscribe_next(&subscribe, &entry); n++) {
                must(topic_filter_parse(entry.filter, &filter) == 0);
                must(entry.qos <= MQTT_QOS_MAX && entry.retain_handling <= 2);
                must(!entry.no_local || filter.group.length == 0);
                must(subscribe_entry_encode(&entry, MQTT_5, &entries) == 0);
        }
        must(n == subscribe.n_entries && n > 0);
        must(bytes_equal(buffer_bytes(&entries), given));
        buffer_done(&entries);
        return 0;
}
