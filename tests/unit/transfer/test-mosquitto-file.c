/* SPDX-License-Identifier: Apache-2.0 */
/* test-mosquitto-file.c: what a chunk may say, and where the next one begins. */

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "transfer/mosquitto-file.h"
#include "util/macro.h"

static void put_u16(GByteArray *to, uint16_t value)
{
        value = GUINT16_TO_BE(value);
        g_byte_array_append(to, (const guint8 *)&value, sizeof(value));
}

static void put_u32(GByteArray *to, uint32_t value)
{
        value = GUINT32_TO_BE(value);
        g_byte_array_append(to, (const guint8 *)&value, sizeof(value));
}

static void put_u64(GByteArray *to, uint64_t value)
{
        value = GUINT64_TO_LE(value);
        g_byte_array_append(to, (const guint8 *)&value, sizeof(value));
}

static void put_bytes(GByteArray *to, const void *bytes, size_t n)
{
        g_byte_array_append(to, bytes, (guint)n);
}

static void put_text(GByteArray *to, const char *text)
{
        put_bytes(to, text, strlen(text));
}

/* As far as the first chunk, whose length in version 6 tells the machine. */
static GByteArray *begin_file(uint32_t version, uint64_t last_message, bool is_packed)
{
        GByteArray *file = g_byte_array_new();

        put_bytes(file, "\0\xB5\0mosquitto db\0\0\0\0", 19);
        put_u32(file, version);
        put_u32(file, MOSQUITTO_CONFIG);
        put_u32(file, is_packed ? 12 : 16);
        put_u64(file, last_message);
        put_bytes(file, "\1\10\0\0\0\0\0\0", is_packed ? 4 : 8);
        return file;
}

static MosquittoFile open_file(const GByteArray *file)
{
        MosquittoFile result;

        g_assert_cmpint(mosquitto_file_open((Bytes){file->data, file->len}, &result), ==, 0);
        return result;
}

/* --- the machine --- */

static void order_of_bytes_is_told_by_the_counter(void)
{
        static const struct {
                uint64_t last; /* as this machine reads it, if it is little-endian */
                bool is_big_endian;
        } cases[] = {
                {0, false},
                {1000, false},
                {256, false},
                {UINT64_C(0xe803000000000000), true},  /* 1000 */
                {UINT64_C(0x0001000000000000), true},  /* 256 */
                {UINT64_C(0x0012345678000100), false}, /* times, from 2.1 on */
                {UINT64_C(0x0001007856341200), false}, /* either: as this machine */
                {UINT64_C(0xff01007856341200), true},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                g_autoptr(GByteArray) bytes = begin_file(6, cases[i].last, i % 2);
                MosquittoFile file = open_file(bytes);

                g_assert_cmpint(file.layout.is_big_endian, ==, cases[i].is_big_endian);
                g_assert_cmpint(file.layout.is_packed, ==, i % 2);
        }
}

/* --- fields that cannot be --- */

typedef struct DeliveryCase {
        uint16_t packet_id;
        uint8_t qos, state, direction;
        const char *client_id;
        const char *properties; /* with its length in front */
        bool is_sound;
} DeliveryCase;

static void put_delivery(GByteArray *to, const DeliveryCase *values)
{
        size_t n_properties = values->properties ? (size_t)values->properties[0] + 1 : 0;

        put_u32(to, MOSQUITTO_DELIVERY);
        put_u32(to, (uint32_t)(16 + strlen(values->client_id) + n_properties));
        put_u64(to, 1);
        put_u16(to, values->packet_id);
        put_u16(to, (uint16_t)strlen(values->client_id));
        put_bytes(to, (uint8_t[]){values->qos, values->state, 0x10, values->direction}, 4);
        put_text(to, values->client_id);
        put_bytes(to, values->properties, n_properties);
}

static void what_cannot_be_is_damage_and_passed_over(void)
{
        static const DeliveryCase cases[] = {
                {1, 1, MOSQUITTO_WAIT_PUBACK, 1, "c", NULL, true},
                {0, 1, MOSQUITTO_QUEUED, 1, "c", NULL, true},
                {0, 0, MOSQUITTO_SEND_QOS_0, 1, "c", NULL, true},
                {1, 1, MOSQUITTO_QUEUED, 1, "c", "\2\13\7", true},
                {1, 1, MOSQUITTO_QUEUED, 1, "c", "\0", true},
                {0, 1, MOSQUITTO_WAIT_PUBACK, 1, "c", NULL, false},
                {1, 3, MOSQUITTO_QUEUED, 1, "c", NULL, false},
                {1, 1, 0, 1, "c", NULL, false},
                {1, 1, MOSQUITTO_QUEUED + 1, 1, "c", NULL, false},
                {1, 1, MOSQUITTO_QUEUED, 2, "c", NULL, false},
                {1, 1, MOSQUITTO_QUEUED, 1, "", NULL, false},
                {1, 1, MOSQUITTO_QUEUED, 1, "\xff", NULL, false},
                {1, 1, MOSQUITTO_QUEUED, 1, "c", "\2\13\0", false},
                {1, 1, MOSQUITTO_QUEUED, 1, "c", "\2\42\0", false},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                g_autoptr(GByteArray) bytes = begin_file(6, 1, false);
                size_t offset = bytes->len;
                MosquittoFile file;
                MosquittoChunk chunk;

                put_delivery(bytes, &cases[i]);
                put_delivery(bytes, &cases[0]);
                file = open_file(bytes);
                g_assert_cmpint(mosquitto_file_next(&file, &chunk), ==, 1);
                g_assert_cmpint(mosquitto_file_next(&file, &chunk), ==,
                                cases[i].is_sound ? 1 : -EBADMSG);
                if (!cases[i].is_sound) {
                        g_assert_cmpuint(file.at, ==, offset);
                        g_assert_cmpuint(mosquitto_file_type(&file), ==, MOSQUITTO_DELIVERY);
                        g_assert_true(mosquitto_file_skip(&file));
                }
                g_assert_cmpint(mosquitto_file_next(&file, &chunk), ==, 1);
                g_assert_true(chunk.delivery.retain && !chunk.delivery.incoming);
                g_assert_cmpint(mosquitto_file_next(&file, &chunk), ==, 0);
        }
}

/* Each end but those between two chunks is told; what was read before it stays. */
static void a_file_may_end_between_two_chunks_only(void)
{
        static const DeliveryCase delivery = {1, 1, MOSQUITTO_QUEUED, 1, "client", NULL, true};
        g_autoptr(GByteArray) bytes = begin_file(6, 1, false);
        size_t first = bytes->len, second;

        put_delivery(bytes, &delivery);
        second = bytes->len;
        for (size_t end = first; end <= second; end++) {
                MosquittoFile file;
                MosquittoChunk chunk;
                int r;

                bytes->len = (guint)end;
                file = open_file(bytes);
                g_assert_cmpint(mosquitto_file_next(&file, &chunk), ==, 1);
                r = mosquitto_file_next(&file, &chunk);
                g_assert_cmpint(r, ==, end == first ? 0 : end == second ? 1 : -EBADMSG);
                if (r < 0)
                        g_assert_false(mosquitto_file_skip(&file));
        }
}

/* Mosquitto 2.0 writes its memory behind a client's name; the length of the chunk knows it. */
static void what_is_behind_a_client_is_passed_over(void)
{
        g_autoptr(GByteArray) bytes = begin_file(6, 1, false);
        MosquittoFile file;
        MosquittoChunk chunk;

        put_u32(bytes, MOSQUITTO_CLIENT);
        put_u32(bytes, 24 + 1 + 768);
        put_u64(bytes, 0);
        put_u32(bytes, 60);
        put_u16(bytes, 7);
        put_u16(bytes, 1);
        put_u16(bytes, 1883);
        put_u16(bytes, 3);
        put_u32(bytes, 0);
        put_text(bytes, "c");
        g_byte_array_set_size(bytes, bytes->len + 768);
        file = open_file(bytes);
        g_assert_cmpint(mosquitto_file_next(&file, &chunk), ==, 1);
        g_assert_cmpint(mosquitto_file_next(&file, &chunk), ==, 1);
        g_assert_cmpuint(chunk.client.expiry, ==, 60);
        g_assert_cmpuint(chunk.client.last_id, ==, 7);
        g_assert_cmpuint(chunk.client.client_id.length, ==, 1);
        g_assert_cmpint(mosquitto_file_next(&file, &chunk), ==, 0);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/transfer/mosquitto-file/order-of-bytes-is-told-by-the-counter",
                        order_of_bytes_is_told_by_the_counter);
        g_test_add_func("/transfer/mosquitto-file/what-cannot-be-is-damage-and-passed-over",
                        what_cannot_be_is_damage_and_passed_over);
        g_test_add_func("/transfer/mosquitto-file/a-file-may-end-between-two-chunks-only",
                        a_file_may_end_between_two_chunks_only);
        g_test_add_func("/transfer/mosquitto-file/what-is-behind-a-client-is-passed-over",
                        what_is_behind_a_client_is_passed_over);
        return g_test_run();
}
