/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer: the state of a WebSocket from another process. The first byte is its length; what follows
 * it is read and written with whatever came of it. */

#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "transport/websocket-state.h"

/* What lies below gives the rest of the input and takes a byte at a time. */
typedef struct Below {
        const uint8_t *data;
        size_t left;
} Below;

static ssize_t below_read(Transport *transport, void *data, size_t size)
{
        Below *below = transport->state;
        const size_t n = size < below->left ? size : below->left;

        if (n == 0)
                return -EAGAIN;
        memcpy(data, below->data, n);
        below->data += n;
        below->left -= n;
        return (ssize_t)n;
}

static ssize_t below_writev(Transport *transport, const struct iovec *pieces, int n)
{
        for (int i = 0; i < n; i++)
                if (pieces[i].iov_len > 0)
                        return 1;
        return 0;
}

static int below_finish(Transport *transport)
{
        return 0;
}

static void below_close(Transport *transport)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const TransportOps ops = {
                .name = "below",
                .read = below_read,
                .writev = below_writev,
                .finish = below_finish,
                .close = below_close,
        };
        const size_t length = size > 0 ? (data[0] < size - 1 ? data[0] : size - 1) : 0;
        const struct iovec piece = {(char[64]){}, 64};
        Below rest = {data + 1 + length, size > 0 ? size - 1 - length : 0};
        Transport below = {.ops = &ops, .state = &rest, .fd = -1}, transport;
        Buffer again = {};
        uint8_t room[64];
        int r = websocket_restore(&transport, &below,
                                  size > 0 ? (Bytes){data + 1, length} : (Bytes){});

        must(r == 0 || r == -EBADMSG);
        if (r < 0)
                return 0;
        for (size_t i = 0; i < size; i++)
                if (transport.ops->read(&transport, room, 1 + i % sizeof(room)) == 0)
                        break;
        for (int i = 0; i < 8; i++)
                transport.ops->writev(&transport, &piece, 1);
        if (websocket_can_leave(&transport))
                must(websocket_save(&transport, &again) == 0);
        buffer_done(&again);
        transport.ops->finish(&transport);
        transport.ops->close(&transport);
        return 0;
}
