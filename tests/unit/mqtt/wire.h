/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Packets as text, for tables of cases: hex digits, spaces, and words in quotes, such as
 * "0004 'MQTT' 05 02 003C"; `*N` repeats the byte before it, N times in all ("00*300").
 *
 * Thread: any
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mqtt/packet.h"
#include "mqtt/property.h"
#include "util/buffer.h"
#include "util/bytes.h"

static inline Buffer wire_of(const char *text)
{
        Buffer wire = {};

        while (*text) {
                if (*text == '\'') {
                        const char *end = strchr(text + 1, '\'');

                        g_assert_nonnull(end);
                        buffer_append(&wire, text + 1, (size_t)(end - text - 1));
                        text = end + 1;
                } else if (*text == '*') {
                        uint8_t byte = buffer_tail(&wire)[-1];
                        unsigned long n = strtoul(text + 1, (char **)&text, 10);

                        while (n-- > 1)
                                buffer_append(&wire, &byte, 1);
                } else if (*text == ' ') {
                        text++;
                } else {
                        uint8_t byte;

                        g_assert_true(g_ascii_isxdigit(text[0]) && g_ascii_isxdigit(text[1]));
                        byte = (uint8_t)(g_ascii_xdigit_value(text[0]) << 4 |
                                         g_ascii_xdigit_value(text[1]));
                        buffer_append(&wire, &byte, 1);
                        text += 2;
                }
        }
        return wire;
}

/* How the cases call a decoder; first: the packet's first byte. */
typedef int (*WireDecode)(Bytes body, MqttVersion version, uint8_t first);

typedef struct WireCase {
        const char *name;
        MqttVersion version;
        uint8_t first; /* type and flags */
        const char *body;
        int result;
        uint64_t prefixes; /* bit n: the first n bytes alone are legal too */
} WireCase;

/* The decoder sees a block of exactly that size, so that the sanitizer sees a step too far. */
static inline int wire_decode(WireDecode decode, const WireCase *item, const uint8_t *data,
                              size_t length)
{
        uint8_t *copy = malloc(length + !length);
        int r;

        memcpy(copy, data ? data : copy, length);
        r = decode((Bytes){copy, length}, item->version, item->first);
        free(copy);
        return r;
}

/* Each case gives its result; of a good one each prefix is refused unless the case says otherwise.
 */
static inline void wire_run(WireDecode decode, const WireCase *cases, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                const WireCase *item = cases + i;
                Buffer wire = wire_of(item->body);
                size_t length = buffer_length(&wire);

                g_test_message("%s", item->name);
                g_assert_cmpint(wire_decode(decode, item, wire.data, length), ==, item->result);
                for (size_t cut = 0; item->result == 0 && cut < length; cut++) {
                        int r = wire_decode(decode, item, wire.data, cut);

                        if (cut < 64 && (item->prefixes >> cut & 1))
                                g_assert_cmpint(r, ==, 0);
                        else
                                g_assert_cmpint(r, >, 0);
                }
                buffer_done(&wire);
        }
}

/* The buffer holds exactly one packet of this type. */
static inline Packet wire_packet(const Buffer *buffer, MqttVersion version, PacketType type)
{
        Bytes bytes = buffer_bytes(buffer);
        Packet packet;

        g_assert_cmpint(packet_frame(bytes.data, bytes.length, 0, version, &packet), ==, 0);
        g_assert_cmpuint(packet.size, ==, bytes.length);
        g_assert_cmpint(packet.type, ==, type);
        return packet;
}

#define assert_bytes(bytes, text)                                                                  \
        g_assert_cmpmem((bytes).data, (bytes).length, (text), strlen(text))

/* The buffer holds what the text says. */
static inline void assert_wire(const Buffer *buffer, const char *text)
{
        Buffer wire = wire_of(text);

        g_assert_cmpmem(buffer->data, buffer_length(buffer), wire.data, buffer_length(&wire));
        buffer_done(&wire);
}

static const MqttVersion all_versions[] = {MQTT_3_1, MQTT_3_1_1, MQTT_5};
