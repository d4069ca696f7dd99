/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer: DISCONNECT. */

#include "trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        trip_body(PACKET_DISCONNECT, data, size);
        return 0;
}
