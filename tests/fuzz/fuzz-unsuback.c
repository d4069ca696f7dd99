/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer: UNSUBACK. */

#include "trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        trip_body(PACKET_UNSUBACK, data, size);
        return 0;
}
