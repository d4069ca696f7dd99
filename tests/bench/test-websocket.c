/* SPDX-License-Identifier: Apache-2.0 */
/* The generator's WebSocket: what it sends must be what browsers send, and it must notice what no
 * server may say. */

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "bench/websocket.h"
#include "bench/wire.h"

#define ACCEPTED                                                                                   \
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"                               \
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

static ssize_t hear(WebsocketLink *link, const void *data, size_t size, uint8_t *ret_data)
{
        memcpy(ret_data, data, size);
        return websocket_link_read(link, ret_data, size);
}

static WebsocketLink *open_link(void)
{
        uint8_t room[sizeof(ACCEPTED)];
        WebsocketLink *link;
        Buffer *out;

        g_assert_cmpint(websocket_link_new(&link), ==, 0);
        out = websocket_link_out(link);
        g_assert_true(g_str_has_prefix((char *)out->data, "GET /mqtt HTTP/1.1\r\n"));
        buffer_consume(out, buffer_size(out));
        g_assert_cmpint(hear(link, ACCEPTED, 20, room), ==, -EAGAIN);
        g_assert_cmpint(hear(link, ACCEPTED + 20, strlen(ACCEPTED) - 20, room), ==, -EAGAIN);
        return link;
}

/* Two PINGREQ and a packet of 300 bytes: three frames, masked, that unmask to the packets. */
static void test_frames(void)
{
        WebsocketLink *link = open_link();
        Buffer *out = websocket_link_out(link), packets = {};
        uint8_t large[300] = {PACKET_PUBLISH << 4, 0xa9, 2};
        const uint8_t *p;

        for (size_t i = 3; i < sizeof(large); i++)
                large[i] = (uint8_t)i;
        g_assert_cmpint(wire_put_empty(&packets, PACKET_PINGREQ), ==, 0);
        g_assert_cmpint(wire_put_empty(&packets, PACKET_PINGREQ), ==, 0);
        g_assert_cmpint(buffer_append(&packets, large, sizeof(large)), ==, 0);
        g_assert_cmpint(websocket_link_frame(link, &packets), ==, 0);
        g_assert_cmpuint(buffer_size(&packets), ==, 0);
        g_assert_cmpuint(buffer_size(out), ==, 8 + 8 + 8 + sizeof(large));
        p = out->data + out->start;
        for (unsigned i = 0; i < 2; i++, p += 8) {
                g_assert_cmpuint(p[0], ==, 0x82);
                g_assert_cmpuint(p[1], ==, 0x82);
                g_assert_cmpuint(p[2 + 4] ^ p[2], ==, PACKET_PINGREQ << 4);
                g_assert_cmpuint(p[3 + 4] ^ p[3], ==, 0);
        }
        g_assert_cmpuint(p[1], ==, 0x80 | 126);
        g_assert_cmpuint(p[2] << 8 | p[3], ==, sizeof(large));
        for (size_t i = 0; i < sizeof(large); i++)
                g_assert_cmpuint(p[8 + i] ^ p[4 + i % 4], ==, large[i]);
        buffer_done(&packets);
        websocket_link_free(link);
}

static void test_nothing_before_the_answer(void)
{
        Buffer packets = {};
        WebsocketLink *link;

        g_assert_cmpint(websocket_link_new(&link), ==, 0);
        buffer_consume(websocket_link_out(link), buffer_size(websocket_link_out(link)));
        g_assert_cmpint(wire_put_empty(&packets, PACKET_PINGREQ), ==, 0);
        g_assert_cmpint(websocket_link_frame(link, &packets), ==, 0);
        g_assert_cmpuint(buffer_size(websocket_link_out(link)), ==, 0);
        g_assert_cmpuint(buffer_size(&packets), ==, 2);
        buffer_done(&packets);
        websocket_link_free(link);
}

/* Two messages, one of them in fragments around a Ping, cut at each place. */
static void test_read(void)
{
        static const uint8_t wire[] = {0x82, 2,   'a', 'b', 0x02, 1, 'c', 0x89,
                                       1,    'x', 0,   0,   0x80, 2, 'd', 'e'};

        for (size_t cut = 1; cut < sizeof(wire); cut++) {
                WebsocketLink *link = open_link();
                uint8_t room[sizeof(wire)], got[sizeof(wire)];
                size_t n = 0, from[] = {0, cut, sizeof(wire)};

                for (unsigned i = 0; i < 2; i++) {
                        ssize_t r = hear(link, wire + from[i], from[i + 1] - from[i], room);

                        g_assert_true(r > 0 || r == -EAGAIN);
                        if (r > 0)
                                memcpy(got + n, room, (size_t)r);
                        n += r > 0 ? (size_t)r : 0;
                }
                g_assert_cmpmem(got, n, "abcde", 5);
                websocket_link_free(link);
        }
}

static void test_large(void)
{
        const size_t size = 70000;
        g_autofree uint8_t *wire = g_malloc0(size + 10);
        WebsocketLink *link = open_link();

        memcpy(wire, (uint8_t[]){0x82, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70}, 10);
        wire[10 + size - 1] = 'z';
        g_assert_cmpint(websocket_link_read(link, wire, 10 + 30000), ==, 30000);
        g_assert_cmpint(websocket_link_read(link, wire + 10 + 30000, size - 30000), ==,
                        size - 30000);
        g_assert_cmpuint(wire[10 + size - 1], ==, 'z');
        websocket_link_free(link);
}

static void test_faults(void)
{
        static const struct {
                uint8_t wire[4];
                ssize_t size, expected;
        } cases[] = {
                {{0x82, 0x81, 0, 0}, 4, -EPROTO}, {{0xc2, 1, 'x'}, 3, -EPROTO},
                {{0x81, 1, 'x'}, 3, -EPROTO},     {{0x83, 1, 'x'}, 3, -EPROTO},
                {{0x8b, 0}, 2, -EPROTO},          {{0x88, 0}, 2, 0},
                {{0x88, 2, 3, 0xe8}, 4, 0},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                WebsocketLink *link = open_link();
                uint8_t room[4];

                g_assert_cmpint(hear(link, cases[i].wire, (size_t)cases[i].size, room), ==,
                                cases[i].expected);
                websocket_link_free(link);
        }
}

static void test_refusals(void)
{
        static const char *const cases[] = {
                "HTTP/1.1 404 Not Found\r\n\r\n",
                "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: other\r\n\r\n",
                ACCEPTED "x",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                uint8_t room[200];
                WebsocketLink *link;

                g_assert_cmpint(websocket_link_new(&link), ==, 0);
                g_assert_cmpint(hear(link, cases[i], strlen(cases[i]), room), ==, -EPROTO);
                websocket_link_free(link);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/bench/websocket/frames", test_frames);
        g_test_add_func("/bench/websocket/nothing-before-the-answer",
                        test_nothing_before_the_answer);
        g_test_add_func("/bench/websocket/read", test_read);
        g_test_add_func("/bench/websocket/large", test_large);
        g_test_add_func("/bench/websocket/faults", test_faults);
        g_test_add_func("/bench/websocket/refusals", test_refusals);
        return g_test_run();
}
