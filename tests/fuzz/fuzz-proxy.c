/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer: PROXY headers. The first byte chooses the version. */

#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "transport/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        unsigned version = size > 0 ? 1U + data[0] % 2U : 1;
        Bytes all = size > 0 ? (Bytes){data + 1, size - 1} : (Bytes){};
        ProxyHeader header, again;
        size_t length = 0, same;
        int r = proxy_decode(version, all, &length, &header);

        must(r == 0 || r == -EAGAIN || r == -EPROTO);
        if (r == -EAGAIN)
                must(all.length < PROXY_HEADER_MAX);
        if (r != 0)
                return 0;
        must(length <= all.length && length <= PROXY_HEADER_MAX);
        must(header.has_certificate || header.common_name.length == 0);
        must(header.has_tls || !header.has_certificate);
        if (header.common_name.length > 0)
                must(header.common_name.data + header.common_name.length <= all.data + length);
        if (header.has_source)
                must(header.source.length <= sizeof(header.source.storage));
        /* It ends where it says: one byte less is a beginning, and what follows is not looked at.
         */
        must(proxy_decode(version, (Bytes){all.data, length - 1}, &same, &again) == -EAGAIN);
        must(proxy_decode(version, (Bytes){all.data, length}, &same, &again) == 0);
        must(same == length);
        return 0;
}
