/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer: a block of properties. The first byte chooses whose. */

#include "trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Reader reader = reader_of((Bytes){data + 1, size - !!size});
        PropertyContext context;
        Properties properties, again;
        Buffer memory = {}, block = {};
        size_t all, kept;

        if (size == 0)
                return 0;
        context = (PropertyContext)(data[0] % 16);
        if (properties_decode(&reader, context, &properties) != 0)
                return 0;
        all = properties_select_size(properties.raw, UINT64_MAX);
        kept = properties_select_size(properties.raw, PROPERTIES_FORWARDED);
        must(all == properties.raw.length);
        must(all - kept == properties_select_size(properties.raw, ~PROPERTIES_FORWARDED));
        must(properties_forward_whole(&properties) == (kept == all));

        trip_carry(&properties, &memory);
        must(properties_size(&properties) == all);
        must(buffer_reserve(&block, properties_block_size(&properties)) == 0);
        buffer_commit(&block, (size_t)(properties_write(&properties, block.data) - block.data));
        must(buffer_length(&block) == properties_block_size(&properties));
        reader = reader_of(buffer_bytes(&block));
        must(properties_decode(&reader, context, &again) == 0);
        must(reader_is_empty(&reader));
        must(again.user_properties == properties.user_properties);
        buffer_done(&memory);
        buffer_done(&block);
        return 0;
}
