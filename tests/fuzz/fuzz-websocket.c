/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer: frames of WebSocket, whole and cut by the bits of the first two bytes. What is made of
 * them is compared with what the frame layer of wslay makes. */

#include <string.h>
#include <wslay/wslay.h>

#include "fuzz.h"
#include "transport/websocket-frame.h"

typedef struct Taken {
        uint8_t *data;
        size_t size;
        int code;
        bool is_closed;
} Taken;

static Taken take(const uint8_t *wire, size_t size, unsigned cuts)
{
        Taken taken = {.data = malloc(size + 1)};
        WebsocketDecoder decoder = {};

        must(taken.data != NULL);
        for (size_t at = 0, n; at < size && taken.code == 0; at += n) {
                size_t room = SIZE_MAX;
                uint8_t *piece;

                n = size - at;
                for (unsigned i = 0; cuts != 0 && i < 16 && i + 1 < n; i++)
                        if (cuts >> ((at + i) % 16) & 1)
                                n = i + 1;
                piece = malloc(n);
                must(piece != NULL);
                memcpy(piece, wire + at, n);
                taken.code = websocket_decode(&decoder, piece, n, &room);
                must(taken.code >= 0 && room <= n);
                memcpy(taken.data + taken.size, piece, room);
                taken.size += room;
                free(piece);
        }
        must(!decoder.ping || decoder.ping->length <= WEBSOCKET_CONTROL_MAX);
        must(!decoder.is_closed || taken.code != 0 || decoder.code == WEBSOCKET_NO_STATUS ||
             websocket_code_is_valid(decoder.code));
        taken.is_closed = decoder.is_closed;
        websocket_decoder_done(&decoder);
        return taken;
}

typedef struct Wire {
        const uint8_t *data;
        size_t size;
} Wire;

static ssize_t on_read(uint8_t *buffer, size_t size, int flags, void *data)
{
        Wire *wire = data;
        const size_t n = size < wire->size ? size : wire->size;

        if (n == 0)
                return -1;
        memcpy(buffer, wire->data, n);
        wire->data += n;
        wire->size -= n;
        return (ssize_t)n;
}

/* Payload of data frames up to a Close, or up to what ours calls a fault. */
static void compare(const Taken *taken, Wire wire)
{
        const struct wslay_frame_callbacks callbacks = {.recv_callback = on_read};
        wslay_frame_context_ptr context;
        size_t size = 0;

        must(wslay_frame_context_init(&context, &callbacks, &wire) == 0);
        while (size < taken->size) {
                struct wslay_frame_iocb frame = {};
                ssize_t n = wslay_frame_recv(context, &frame);

                must(n >= 0);
                if (frame.opcode >= WSLAY_CONNECTION_CLOSE)
                        continue;
                if (size + frame.data_length > taken->size)
                        frame.data_length = taken->size - size;
                must(frame.data_length == 0 ||
                     memcmp(taken->data + size, frame.data, frame.data_length) == 0);
                size += frame.data_length;
        }
        wslay_frame_context_free(context);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Taken whole, cut;

        if (size < 2)
                return 0;
        whole = take(data + 2, size - 2, 0);
        cut = take(data + 2, size - 2, (unsigned)(data[0] | data[1] << 8));
        must(whole.size == cut.size && memcmp(whole.data, cut.data, cut.size) == 0);
        must(whole.code == cut.code && whole.is_closed == cut.is_closed);
        compare(&whole, (Wire){data + 2, size - 2});
        free(whole.data);
        free(cut.data);
        return 0;
}
