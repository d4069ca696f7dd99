/* SPDX-License-Identifier: Apache-2.0 */
/* test-record.c: what is written is read; what is damaged, cut short or too new is not. */
#include <errno.h>
#include <glib.h>

#include "broker/record.h"

#define TYPE 7

/* An image of one record with one item of each kind, and one without payload. */
static Buffer make_image(void)
{
        Buffer buffer = {};
        RecordWriter writer;

        g_assert_cmpint(record_image_begin(&buffer), ==, 0);
        writer = record_begin(&buffer, TYPE, 3, RECORD_OPTIONAL);
        record_put_u8(&writer, 0x12);
        record_put_u16(&writer, 0x3456);
        record_put_u32(&writer, 0x789abcde);
        record_put_u64(&writer, 0x0123456789abcdef);
        record_put_bytes(&writer, BYTES_LITERAL("text"));
        g_assert_cmpuint(record_length(&writer), ==, 23);
        g_assert_cmpint(record_end(&writer), ==, 0);
        writer = record_begin(&buffer, RECORD_TYPE_OTHERS, 0, 0);
        g_assert_cmpint(record_end(&writer), ==, 0);
        return buffer;
}

static void test_what_is_written_is_read(void)
{
        Buffer buffer = make_image();
        Bytes image = buffer_bytes(&buffer);
        RecordReader reader;
        Record record;

        g_assert_cmpint(record_image_open(&image), ==, 0);
        g_assert_cmpint(record_next(&image, &record), ==, 1);
        g_assert_cmpuint(record.type, ==, TYPE);
        g_assert_cmpuint(record.version, ==, 3);
        g_assert_cmpuint(record.flags, ==, RECORD_OPTIONAL);
        reader = record_reader(record.payload);
        g_assert_cmphex(record_get_u8(&reader), ==, 0x12);
        g_assert_cmphex(record_get_u16(&reader), ==, 0x3456);
        g_assert_cmphex(record_get_u32(&reader), ==, 0x789abcde);
        g_assert_cmphex(record_get_u64(&reader), ==, 0x0123456789abcdef);
        g_assert_true(bytes_equal(record_get_bytes(&reader), BYTES_LITERAL("text")));
        g_assert_false(record_reader_has_more(&reader));
        g_assert_false(record_reader_failed(&reader));
        g_assert_cmpint(record_next(&image, &record), ==, 1);
        g_assert_cmpuint(record.type, ==, RECORD_TYPE_OTHERS);
        g_assert_cmpuint(record.payload.length, ==, 0);
        g_assert_cmpint(record_next(&image, &record), ==, 0);
        buffer_done(&buffer);
}

/* The bytes are the same on every machine. */
static void test_is_little_endian(void)
{
        static const uint8_t expected[] = {
                6,    0,    0,    0,    7, 0, 1, 0, /* length, type, version, flags */
                0x02, 0x01, 0x06, 0x05, 4, 3,       /* payload */
                0x7b, 0x35, 0x4e, 0xf8,
        };
        Buffer buffer = {};
        RecordWriter writer = record_begin(&buffer, TYPE, 1, 0);

        record_put_u16(&writer, 0x0102);
        record_put_u32(&writer, 0x03040506);
        g_assert_cmpint(record_end(&writer), ==, 0);
        g_assert_cmpmem(buffer_head(&buffer), buffer_length(&buffer), expected, sizeof(expected));
        buffer_done(&buffer);
}

/* A reader that has failed yields zeros, whatever is asked for. */
static void test_reading_on_is_harmless(void)
{
        uint8_t bytes[] = {200, 0, 0, 0, 1, 2, 3};
        RecordReader reader = record_reader((Bytes){bytes, sizeof(bytes)});

        g_assert_cmpuint(record_get_bytes(&reader).length, ==, 0);
        g_assert_true(record_reader_failed(&reader));
        g_assert_false(record_reader_has_more(&reader));
        g_assert_cmpuint(record_get_u8(&reader), ==, 0);
        g_assert_cmpuint(record_get_u64(&reader), ==, 0);
        g_assert_null(record_get_bytes(&reader).data);
}

/* How many records are read before the end (0) or an error (*ret_error). */
static unsigned read_all(Bytes image, int *ret_error)
{
        unsigned n = 0;
        Record record;
        int r = record_image_open(&image);

        if (r == 0)
                while ((r = record_next(&image, &record)) == 1)
                        n++;
        *ret_error = r;
        return n;
}

static void test_each_damage_is_noticed(void)
{
        Buffer buffer = make_image();
        Bytes image = buffer_bytes(&buffer);
        int error;

        g_assert_cmpuint(read_all(image, &error), ==, 2);
        g_assert_cmpint(error, ==, 0);
        for (size_t at = 0; at < image.length; at++) {
                for (unsigned bit = 0; bit < 8; bit++) {
                        buffer_head(&buffer)[at] ^= (uint8_t)(1U << bit);
                        g_assert_cmpuint(read_all(image, &error), <, 2);
                        g_assert_cmpint(error, ==, -EBADMSG);
                        buffer_head(&buffer)[at] ^= (uint8_t)(1U << bit);
                }
        }
        buffer_done(&buffer);
}

/* A cut between two records is for those to notice who know what should come. */
static void test_each_cut_is_noticed(void)
{
        Buffer buffer = make_image();
        Bytes image = buffer_bytes(&buffer);
        int error;

        for (size_t length = 0; length < image.length; length++) {
                unsigned n;
                uint8_t *copy = g_memdup2(image.data, length);

                n = read_all((Bytes){copy, length}, &error);
                g_assert_cmpuint(n, <, 2);
                if (length != 20 && length != 20 + 12 + 23)
                        g_assert_cmpint(error, ==, -EBADMSG);
                g_free(copy);
        }
        buffer_done(&buffer);
}

/* The head of an image of another format, with a checksum that is right. */
static int open_image(const uint8_t format[static 20])
{
        Bytes image = {format, 20};

        return record_image_open(&image);
}

static void test_newer_formats(void)
{
        /* Format 9 that readers of format 1 can read, and one that they cannot. */
        static const uint8_t readable[20] = {
                'H', 'A', 'W', 'K', 'E', 'R', '\r', '\n', 9,    0,
                0,   0,   1,   0,   0,   0,   0xdc, 0x67, 0xdd, 0xb3,
        };
        static const uint8_t unreadable[20] = {
                'H', 'A', 'W', 'K', 'E', 'R', '\r', '\n', 9,    0,
                0,   0,   2,   0,   0,   0,   0xe5, 0xee, 0xff, 0xd1,
        };

        g_assert_cmpint(open_image(readable), ==, 0);
        g_assert_cmpint(open_image(unreadable), ==, -EPROTONOSUPPORT);
}

static void test_unknown_types(void)
{
        g_assert_cmpint(record_unknown(&(Record){.flags = RECORD_OPTIONAL}), ==, 0);
        g_assert_cmpint(record_unknown(&(Record){.flags = 0}), ==, -EPROTONOSUPPORT);
}

/* The record that failed is gone, what was before it is there, and the next one may succeed. */
static void test_a_failed_record_leaves_nothing(void)
{
        Buffer buffer = {};
        RecordWriter writer;
        size_t before;

        g_assert_cmpint(record_image_begin(&buffer), ==, 0);
        buffer_consume(&buffer, 5); /* as one does who empties it */
        before = buffer_length(&buffer);
        writer = record_begin(&buffer, TYPE, 1, 0);
        record_put_u32(&writer, 1);
        writer.error = -ENOMEM;
        record_put_u32(&writer, 2);
        g_assert_cmpint(record_end(&writer), ==, -ENOMEM);
        g_assert_cmpuint(buffer_length(&buffer), ==, before);
        writer = record_begin(&buffer, TYPE, 1, 0);
        g_assert_cmpint(record_end(&writer), ==, 0);
        g_assert_cmpuint(buffer_length(&buffer), ==, before + 12);
        buffer_done(&buffer);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/broker/record/what-is-written-is-read", test_what_is_written_is_read);
        g_test_add_func("/broker/record/is-little-endian", test_is_little_endian);
        g_test_add_func("/broker/record/reading-on-is-harmless", test_reading_on_is_harmless);
        g_test_add_func("/broker/record/each-damage-is-noticed", test_each_damage_is_noticed);
        g_test_add_func("/broker/record/each-cut-is-noticed", test_each_cut_is_noticed);
        g_test_add_func("/broker/record/newer-formats", test_newer_formats);
        g_test_add_func("/broker/record/unknown-types", test_unknown_types);
        g_test_add_func("/broker/record/a-failed-record-leaves-nothing",
                        test_a_failed_record_leaves_nothing);
        return g_test_run();
}
