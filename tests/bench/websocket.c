/* SPDX-License-Identifier: Apache-2.0 */
/* A client's side of WebSocket. */

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/websocket.h"
#include "bench/wire.h"

#define BINARY     0x82u /* a whole message */
#define CLOSE      0x08u
#define PING       0x09u
#define PONG       0x0au
#define OPCODE     0x0fu
#define MASKED     0x80u
#define LENGTH_16  126u
#define LENGTH_64  127u
#define HEADER_MAX 14u
#define HEAD_MAX   4096u

/* Key and answer are those of the RFC's own example (section 1.3): a generator has no secrets. */
static const char request[] = "GET /mqtt HTTP/1.1\r\n"
                              "Host: localhost\r\n"
                              "Upgrade: websocket\r\n"
                              "Connection: Upgrade\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                              "Sec-WebSocket-Protocol: mqtt\r\n"
                              "Sec-WebSocket-Version: 13\r\n"
                              "\r\n";
static const char accepted[] = "HTTP/1.1 101";
static const char proof[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

struct WebsocketLink {
        Buffer out;
        Buffer head; /* of the answer, until it is whole */
        uint64_t left;
        uint32_t mask;
        bool is_open;
        bool is_data; /* the frame that has begun */
        uint8_t header_size;
        uint8_t header[HEADER_MAX];
};

int websocket_link_new(WebsocketLink **ret)
{
        WebsocketLink *link = calloc(1, sizeof(*link));

        if (!link)
                return -ENOMEM;
        if (buffer_append(&link->out, request, sizeof(request) - 1) < 0) {
                websocket_link_free(link);
                return -ENOMEM;
        }
        link->mask = 0x2545f491u;
        *ret = link;
        return 0;
}

WebsocketLink *websocket_link_free(WebsocketLink *link)
{
        if (!link)
                return NULL;
        buffer_done(&link->out);
        buffer_done(&link->head);
        free(link);
        return NULL;
}

Buffer *websocket_link_out(WebsocketLink *link)
{
        return &link->out;
}

/* --- what is sent --- */

static uint8_t *put_header(uint8_t *p, size_t size)
{
        const uint16_t size_16 = htobe16((uint16_t)size);
        const uint64_t size_64 = htobe64(size);

        *p++ = BINARY;
        if (size < LENGTH_16) {
                *p++ = (uint8_t)(MASKED | size);
                return p;
        }
        *p++ = (uint8_t)(MASKED | (size <= UINT16_MAX ? LENGTH_16 : LENGTH_64));
        if (size <= UINT16_MAX)
                return (uint8_t *)memcpy(p, &size_16, sizeof(size_16)) + sizeof(size_16);
        return (uint8_t *)memcpy(p, &size_64, sizeof(size_64)) + sizeof(size_64);
}

static void put_masked(uint8_t *to, const uint8_t *from, size_t size, uint32_t mask)
{
        const uint64_t wide = (uint64_t)mask << 32 | mask;
        uint8_t bytes[sizeof(wide)];
        size_t i = 0;

        for (; size - i >= sizeof(wide); i += sizeof(wide)) {
                uint64_t word;

                memcpy(&word, from + i, sizeof(word));
                word ^= wide;
                memcpy(to + i, &word, sizeof(word));
        }
        memcpy(bytes, &wide, sizeof(bytes));
        for (size_t k = 0; i < size; i++, k++)
                to[i] = from[i] ^ bytes[k];
}

static int put_frame(WebsocketLink *link, const uint8_t *data, size_t size)
{
        uint8_t *start = buffer_reserve(&link->out, HEADER_MAX + size), *p;

        if (!start)
                return -ENOMEM;
        link->mask = link->mask * 1664525u + 1013904223u;
        p = put_header(start, size);
        memcpy(p, &link->mask, sizeof(link->mask));
        p += sizeof(link->mask);
        put_masked(p, data, size, link->mask);
        buffer_commit(&link->out, (size_t)(p - start) + size);
        return 0;
}

int websocket_link_frame(WebsocketLink *link, Buffer *packets)
{
        Packet packet;
        size_t used;
        int r;

        while (link->is_open && buffer_size(packets) > 0) {
                const uint8_t *data = packets->data + packets->start;

                if (wire_next(data, buffer_size(packets), &used, &packet) <= 0)
                        return -EBADMSG;
                r = put_frame(link, data, used);
                if (r < 0)
                        return r;
                buffer_consume(packets, used);
        }
        return 0;
}

/* --- what comes --- */

/* Returns -EAGAIN, also when the upgrade is accepted now: a broker waits for CONNECT then. */
static int read_answer(WebsocketLink *link, const uint8_t *data, size_t size)
{
        const char *text, *end;

        if (buffer_size(&link->head) + size > HEAD_MAX)
                return -EPROTO;
        if (buffer_append(&link->head, data, size) < 0)
                return -ENOMEM;
        text = (const char *)link->head.data;
        size = buffer_size(&link->head);
        end = memmem(text, size, "\r\n\r\n", 4);
        if (!end)
                return -EAGAIN;
        if ((size_t)(end - text) + 4 != size || memcmp(text, accepted, sizeof(accepted) - 1) != 0 ||
            !memmem(text, size, proof, sizeof(proof) - 1))
                return -EPROTO;
        buffer_done(&link->head);
        link->is_open = true;
        return -EAGAIN;
}

static size_t header_size(const uint8_t *header)
{
        return header[1] == LENGTH_64 ? 10 : header[1] == LENGTH_16 ? 4 : 2;
}

/* The header is whole. Returns 0, or -EPROTO for what no server may send. */
static int begin_frame(WebsocketLink *link)
{
        const uint8_t *header = link->header, opcode = header[0] & OPCODE;
        uint16_t size_16;
        uint64_t size_64;

        if ((header[1] & MASKED) || (header[0] & ~(0x80u | OPCODE)) ||
            (opcode > 2 && opcode < CLOSE) || opcode == 1 || opcode > PONG)
                return -EPROTO;
        memcpy(&size_16, header + 2, sizeof(size_16));
        memcpy(&size_64, header + 2, sizeof(size_64));
        link->left = header[1] == LENGTH_64   ? be64toh(size_64)
                     : header[1] == LENGTH_16 ? be16toh(size_16)
                                              : header[1];
        link->is_data = opcode < CLOSE;
        link->header_size = 0;
        return 0;
}

/* Returns how much of data belongs to the header, or -EPROTO. */
static ssize_t take_header(WebsocketLink *link, const uint8_t *data, size_t size)
{
        size_t used = 0;
        int r;

        while (used < size &&
               (link->header_size < 2 || link->header_size < header_size(link->header)))
                link->header[link->header_size++] = data[used++];
        if (link->header_size < 2 || link->header_size < header_size(link->header))
                return (ssize_t)used;
        r = begin_frame(link);
        return r < 0 ? r : (ssize_t)used;
}

ssize_t websocket_link_read(WebsocketLink *link, uint8_t *data, size_t size)
{
        size_t in = 0, out = 0, part;
        ssize_t n;

        if (!link->is_open)
                return read_answer(link, data, size);
        while (in < size) {
                if (link->left == 0) {
                        n = take_header(link, data + in, size - in);
                        if (n < 0)
                                return n;
                        in += (size_t)n;
                        if (link->header_size == 0 && (link->header[0] & OPCODE) == CLOSE)
                                return (ssize_t)out;
                        continue;
                }
                part = link->left < size - in ? (size_t)link->left : size - in;
                if (link->is_data) {
                        memmove(data + out, data + in, part);
                        out += part;
                }
                link->left -= part;
                in += part;
        }
        return out > 0 ? (ssize_t)out : -EAGAIN;
}
