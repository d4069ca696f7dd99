/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer: the fast check of a topic name against a slow one. */

#include "fuzz.h"
#include "mqtt/topic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        bool has_wildcard = false;
        size_t levels = 1;

        for (size_t i = 0; i < size; i++) {
                has_wildcard |= data[i] == '+' || data[i] == '#';
                levels += data[i] == '/';
        }
        must(topic_name_is_valid((Bytes){data, size}) ==
             (size > 0 && !has_wildcard && levels <= MQTT_TOPIC_LEVELS_MAX));
        return 0;
}
