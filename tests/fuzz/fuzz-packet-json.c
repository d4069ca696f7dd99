/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer: a packet as JSON. The first byte chooses the version, the second how much is cut off. */

#include <jansson.h>

#include "fuzz.h"
#include "mqtt/packet-json.h"

static void write_one(const Packet *packet, MqttVersion version, size_t cut)
{
        JsonOut json = {};
        char *text = NULL;
        size_t length;
        json_t *read;

        json.to = open_memstream(&text, &length);
        must(json.to);
        json_out_begin(&json);
        packet_json_write(&json, packet, version, cut);
        json_out_end(&json);
        must(fclose(json.to) == 0);
        read = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
        must(json_is_object(read));
        json_decref(read);
        free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const MqttVersion versions[] = {MQTT_5, MQTT_3_1_1, MQTT_3_1, MQTT_UNKNOWN};
        Packet packet;
        size_t cut;

        if (size < 2 ||
            packet_frame(data + 2, size - 2, 65536, versions[data[0] % 4], &packet) != 0)
                return 0;
        cut = data[1] < packet.body.length ? data[1] : packet.body.length;
        packet.body.length -= cut;
        write_one(&packet, versions[data[0] % 4], cut);
        return 0;
}
