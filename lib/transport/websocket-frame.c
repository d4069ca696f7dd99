/* SPDX-License-Identifier: Apache-2.0 */

/* The frames of WebSocket. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "transport/websocket-frame.h"
#include "util/macro.h"
#include "util/utf8.h"

#define FINAL      0x80U
#define RESERVED   0x70U
#define OPCODE     0x0fU
#define MASKED     0x80U
#define LENGTH     0x7fU
#define LENGTH_16  126U
#define LENGTH_64  127U
#define IS_CONTROL 0x08U
#define MASK_SIZE  4U
#define SMALLEST   2U /* header: then its size is known */

/* --- headers --- */

static size_t length_size(uint8_t second)
{
        const unsigned length = second & LENGTH;

        return length == LENGTH_64 ? 8 : length == LENGTH_16 ? 2 : 0;
}

static uint64_t read_length(const uint8_t *header)
{
        uint16_t length_16;
        uint64_t length_64;

        switch (header[1] & LENGTH) {
        case LENGTH_16:
                memcpy(&length_16, header + SMALLEST, sizeof(length_16));
                return be16toh(length_16);
        case LENGTH_64:
                memcpy(&length_64, header + SMALLEST, sizeof(length_64));
                return be64toh(length_64);
        default:
                return header[1] & LENGTH;
        }
}

/* The shortest form is the only one (5.2). */
static bool length_is_valid(const uint8_t *header, uint64_t length)
{
        switch (header[1] & LENGTH) {
        case LENGTH_16:
                return length >= LENGTH_16;
        case LENGTH_64:
                return length > UINT16_MAX && length <= INT64_MAX;
        default:
                return true;
        }
}

static int check_control(const WebsocketDecoder *decoder)
{
        if (decoder->opcode > WEBSOCKET_PONG || !decoder->is_final ||
            decoder->left > WEBSOCKET_CONTROL_MAX)
                return WEBSOCKET_PROTOCOL_ERROR;
        return 0;
}

static int check_data(const WebsocketDecoder *decoder)
{
        if (decoder->opcode == WEBSOCKET_TEXT)
                return WEBSOCKET_UNSUPPORTED_DATA;
        if (decoder->opcode > WEBSOCKET_BINARY ||
            decoder->in_message != (decoder->opcode == WEBSOCKET_CONTINUATION))
                return WEBSOCKET_PROTOCOL_ERROR;
        return 0;
}

static int make_control(WebsocketDecoder *decoder)
{
        if (!decoder->control)
                decoder->control = malloc(sizeof(*decoder->control));
        if (!decoder->control)
                return -ENOMEM;
        decoder->control->length = 0;
        return 0;
}

/* The header is whole. */
static int begin_frame(WebsocketDecoder *decoder, const uint8_t *header)
{
        int r;

        decoder->opcode = header[0] & OPCODE;
        decoder->is_final = header[0] & FINAL;
        decoder->left = read_length(header);
        if ((header[0] & RESERVED) || !(header[1] & MASKED) ||
            !length_is_valid(header, decoder->left))
                return WEBSOCKET_PROTOCOL_ERROR;
        memcpy(&decoder->mask, header + SMALLEST + length_size(header[1]), MASK_SIZE);
        decoder->in_payload = true;
        if (!(decoder->opcode & IS_CONTROL))
                return check_data(decoder);
        r = check_control(decoder);
        return r == 0 ? make_control(decoder) : r;
}

/* Its first two bytes are there. */
static size_t header_size(const uint8_t *header)
{
        return SMALLEST + length_size(header[1]) + (header[1] & MASKED ? MASK_SIZE : 0);
}

/* Rarely is one in pieces: then it waits in the decoder. *ret_used: of data. */
static int take_header(WebsocketDecoder *decoder, const uint8_t *data, size_t size,
                       size_t *ret_used)
{
        size_t used = 0;

        if (decoder->header_size == 0 && size >= SMALLEST && size >= header_size(data)) {
                *ret_used = header_size(data);
                return begin_frame(decoder, data);
        }
        while (used < size && (decoder->header_size < SMALLEST ||
                               decoder->header_size < header_size(decoder->header)))
                decoder->header[decoder->header_size++] = data[used++];
        *ret_used = used;
        if (decoder->header_size < SMALLEST || decoder->header_size < header_size(decoder->header))
                return 0;
        decoder->header_size = 0;
        return begin_frame(decoder, decoder->header);
}

/* --- payloads --- */

/* to is before from, or the same place, and they may overlap. */
static void unmask(WebsocketDecoder *decoder, uint8_t *to, const uint8_t *from, size_t size)
{
        const uint64_t mask = (uint64_t)decoder->mask << 32 | decoder->mask;
        const unsigned turned = 8U * (size % MASK_SIZE);
        uint8_t bytes[MASK_SIZE];
        size_t i = 0;

        for (; size - i >= sizeof(mask); i += sizeof(mask)) {
                uint64_t word;

                memcpy(&word, from + i, sizeof(word));
                word ^= mask;
                memcpy(to + i, &word, sizeof(word));
        }
        memcpy(bytes, &decoder->mask, MASK_SIZE);
        for (; i < size; i++)
                to[i] = from[i] ^ bytes[i % MASK_SIZE];
        if (turned > 0) {
                const uint32_t order = le32toh(decoder->mask);

                decoder->mask = htole32(order >> turned | order << (32U - turned));
        }
}

/* Text of UTF-8 may hold U+0000, which MQTT's may not. */
static bool is_text(const uint8_t *data, size_t size)
{
        for (size_t begin = 0; begin <= size; begin++) {
                const uint8_t *zero = memchr(data + begin, 0, size - begin);
                const size_t end = zero ? (size_t)(zero - data) : size;

                if (!utf8_is_valid(data + begin, end - begin))
                        return false;
                begin = end;
        }
        return true;
}

bool websocket_code_is_valid(uint16_t code)
{
        return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
               (code >= 3000 && code <= 4999);
}

static int take_close(WebsocketDecoder *decoder)
{
        const WebsocketControl *control = decoder->control;
        const uint8_t *data = control->data;

        decoder->is_closed = true;
        decoder->code = WEBSOCKET_NO_STATUS;
        if (control->length == 0)
                return 0;
        if (control->length < sizeof(uint16_t))
                return WEBSOCKET_PROTOCOL_ERROR;
        decoder->code = (uint16_t)(data[0] << 8 | data[1]);
        if (!websocket_code_is_valid(decoder->code))
                return WEBSOCKET_PROTOCOL_ERROR;
        return is_text(data + sizeof(uint16_t), control->length - sizeof(uint16_t))
                       ? 0
                       : WEBSOCKET_INVALID_DATA;
}

static int end_frame(WebsocketDecoder *decoder)
{
        decoder->in_payload = false;
        if (!(decoder->opcode & IS_CONTROL)) {
                decoder->in_message = !decoder->is_final;
                return 0;
        }
        if (decoder->opcode == WEBSOCKET_CLOSE)
                return take_close(decoder);
        if (decoder->opcode == WEBSOCKET_PING) {
                free(decoder->ping);
                decoder->ping = TAKE_PTR(decoder->control);
        }
        free(TAKE_PTR(decoder->control));
        return 0;
}

/* As much as is there. *inout_out: where data goes on. */
static size_t take_payload(WebsocketDecoder *decoder, uint8_t *data, size_t in, size_t size,
                           size_t *inout_out)
{
        const size_t n = (size_t)MIN(decoder->left, (uint64_t)(size - in));
        WebsocketControl *control = decoder->control;

        decoder->left -= n;
        if (decoder->opcode & IS_CONTROL) {
                unmask(decoder, control->data + control->length, data + in, n);
                control->length = (uint8_t)(control->length + n);
        } else {
                unmask(decoder, data + *inout_out, data + in, n);
                *inout_out += n;
        }
        return n;
}

int websocket_decode(WebsocketDecoder *decoder, uint8_t *data, size_t size, size_t *ret_size)
{
        size_t in = 0, out = 0, used;
        int r = 0;

        while (r == 0 && !decoder->is_closed && (in < size || decoder->in_payload)) {
                if (!decoder->in_payload) {
                        r = take_header(decoder, data + in, size - in, &used);
                        in += used;
                        continue;
                }
                if (decoder->left > 0 && in == size)
                        break;
                in += take_payload(decoder, data, in, size, &out);
                if (decoder->left == 0)
                        r = end_frame(decoder);
        }
        *ret_size = out;
        return r;
}

void websocket_decoder_done(WebsocketDecoder *decoder)
{
        free(decoder->control);
        free(decoder->ping);
        *decoder = (WebsocketDecoder){};
}

/* --- what is sent --- */

size_t websocket_header(WebsocketOpcode opcode, uint64_t length,
                        uint8_t ret_header[static WEBSOCKET_HEADER_MAX])
{
        const uint16_t length_16 = htobe16((uint16_t)length);
        const uint64_t length_64 = htobe64(length);

        ret_header[0] = (uint8_t)(FINAL | opcode);
        if (length < LENGTH_16) {
                ret_header[1] = (uint8_t)length;
                return SMALLEST;
        }
        if (length <= UINT16_MAX) {
                ret_header[1] = LENGTH_16;
                memcpy(ret_header + SMALLEST, &length_16, sizeof(length_16));
                return SMALLEST + sizeof(length_16);
        }
        ret_header[1] = LENGTH_64;
        memcpy(ret_header + SMALLEST, &length_64, sizeof(length_64));
        return SMALLEST + sizeof(length_64);
}
