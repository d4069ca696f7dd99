/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer: UNSUBSCRIBE, as a whole and filter by filter. */

#include "mqtt/topic.h"
#include "mqtt/unsubscribe.h"
#include "trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Unsubscribe unsubscribe;
        TopicFilter parsed;
        Buffer filters = {};
        Bytes filter, given;
        size_t n = 0;

        trip_body(PACKET_UNSUBSCRIBE, data, size);
        if (size < 2 || unsubscribe_decode((Bytes){data + 2, size - 2}, MQTT_5, &unsubscribe) != 0)
                return 0;
        given = reader_rest(&unsubscribe.filters);
        for (; unsubscribe_next(&unsubscribe, &filter); n++) {
                must(topic_filter_parse(filter, &parsed) == 0);
                must(unsubscribe_filter_encode(filter, &filters) == 0);
        }
        must(n == unsubscribe.n_filters && n > 0);
        must(bytes_equal(buffer_bytes(&filters), given));
        buffer_done(&filters);
        return 0;
}
