/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer: a stream of packets, each decoded by its type. The first byte chooses the version. */

#include "trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const MqttVersion versions[] = {MQTT_5, MQTT_3_1_1, MQTT_3_1, MQTT_UNKNOWN};
        MqttVersion version;

        if (size == 0)
                return 0;
        version = versions[*data++ % 4];
        size--;
        for (;;) {
                Packet packet, part;
                int r = packet_frame(data, size, 65536, version, &packet);

                if (r == -EAGAIN)
                        must(packet.size == 0 || (packet.size > size && packet.size <= 65536));
                if (r != 0)
                        break;
                must(packet.size <= size);
                must(packet.body.data + packet.body.length == data + packet.size);
                /* the first bytes say nothing else */
                for (size_t n = 0; n < packet.size && n < 8; n++) {
                        must(packet_frame(data, n, 65536, version, &part) == -EAGAIN);
                        must(part.size == 0 || part.size == packet.size);
                }
                must(packet.size == 2 || packet_frame(data, size, packet.size - 1, version,
                                                      &part) == REASON_PACKET_TOO_LARGE);
                trip_packet(&packet, version == MQTT_UNKNOWN ? MQTT_5 : version);
                data += packet.size;
                size -= packet.size;
        }
        return 0;
}
