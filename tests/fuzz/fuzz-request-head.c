/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer: heads of HTTP requests. The first byte is the limit, the second how they are cut. */

#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "server/request-head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const size_t maximum = size > 0 ? 16U + data[0] : 16U;
        const size_t step = size > 1 ? 1U + data[1] : 1U;
        Bytes all = size > 2 ? (Bytes){data + 2, size - 2} : (Bytes){};
        RequestHead head = {}, whole = {};
        size_t at = 0;
        int r, once;

        /* As much as a worker reads. */
        if (all.length > maximum)
                all.length = maximum;
        do {
                at = at + step < all.length ? at + step : all.length;
                r = request_head_take(&head, (Bytes){all.data, at}, maximum);
        } while (r == -EAGAIN && at < all.length);
        once = request_head_take(&whole, all, maximum);
        must(r == once && (r != 0 || head.size == whole.size));
        must(r == 0 || r == -EAGAIN || (r >= 400 && r < 600));
        if (r == -EAGAIN)
                must(all.length < maximum && head.size == all.length);
        if (r != 0)
                return 0;
        /* It ends where others would see its end, however lenient they are. */
        must(head.size <= all.length && memcmp(all.data + head.size - 4, "\r\n\r\n", 4) == 0);
        must(!memmem(all.data, head.size - 1, "\r\n\r\n", 4) &&
             !memmem(all.data, head.size, "\n\n", 2) && !memchr(all.data, 0, head.size));
        return 0;
}
