/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer: PUBACK, PUBREC, PUBREL, PUBCOMP. */

#include "trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        for (PacketType type = PACKET_PUBACK; type <= PACKET_PUBCOMP; type++)
                trip_body(type, data, size);
        return 0;
}
