/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "transport/proxy.h"
#include "util/crc32c.h"

/* --- version 1 --- */

typedef struct Line {
        const char *text, *source; /* NULL: none */
        int result;
} Line;

static const Line lines[] = {
        {"PROXY TCP4 192.0.2.1 192.0.2.2 56324 1883\r\n", "192.0.2.1:56324", 0},
        {"PROXY TCP4 255.255.255.255 0.0.0.0 0 65535\r\n", "255.255.255.255:0", 0},
        {"PROXY TCP6 2001:db8::1 ::1 1 2\r\n", "[2001:db8::1]:1", 0},
        {"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:"
         "ffff 65535 65535\r\n",
         "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", 0},
        {"PROXY UNKNOWN\r\n", NULL, 0},
        {"PROXY UNKNOWN ffff::1 what ever  may follow\r\n", NULL, 0},
        {"PROXY UNKNOWN \r\n", NULL, 0},
        {"", NULL, -EAGAIN},
        {"P", NULL, -EAGAIN},
        {"PROXY TCP4 192.0.2.1 192.0.2.2 56324 1883\r", NULL, -EAGAIN},
        {"Q", NULL, -EPROTO},
        {"PROXX", NULL, -EPROTO},
        {"PROXY\r\n", NULL, -EPROTO},
        {"PROXY \r\n", NULL, -EPROTO},
        {"PROXY UNKNOWNS\r\n", NULL, -EPROTO},
        {"PROXY TCP4\r\n", NULL, -EPROTO},
        {"PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n", NULL, -EPROTO},
        {"PROXY TCP4 192.0.2.1 192.0.2.2 56324 1883\n", NULL, -EPROTO},
        {"PROXY TCP4 192.0.2.1 192.0.2.2 56324 1883\r\r\n", NULL, -EPROTO},
        {"PROXY TCP4 192.0.2.1 192.0.2.2 56324\r\n", NULL, -EPROTO},
        {"PROXY TCP4 192.0.2.1 192.0.2.2 56324 1883 7\r\n", NULL, -EPROTO},
        {"PROXY  TCP4 192.0.2.1 192.0.2.2 56324 1883\r\n", NULL, -EPROTO},
        {"PROXY TCP4 192.0.2.1 192.0.2.2 56324 1883 \r\n", NULL, -EPROTO},
        {"PROXY TCP4 192.0.2.1 192.0.2.2 65536 1883\r\n", NULL, -EPROTO},
        {"PROXY TCP4 192.0.2.1 192.0.2.2 01 1883\r\n", NULL, -EPROTO},
        {"PROXY TCP4 192.0.2.1 192.0.2.2 -1 1883\r\n", NULL, -EPROTO},
        {"PROXY TCP4 192.0.2.1 192.0.2.2 +1 1883\r\n", NULL, -EPROTO},
        {"PROXY TCP4 192.0.2.1 192.0.2.2 100000 1883\r\n", NULL, -EPROTO},
        {"PROXY TCP4 192.0.2.1 192.0.2 1 2\r\n", NULL, -EPROTO},
        {"PROXY TCP4 2001:db8::1 ::1 1 2\r\n", NULL, -EPROTO},
        {"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n", NULL, -EPROTO},
        {"proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n", NULL, -EPROTO},
        {"\r\n\r\n", NULL, -EPROTO}, /* of version 2 */
};

static void test_line(gconstpointer data)
{
        const Line *line = data;
        size_t size = 77;
        /* Exactly so long, for the address sanitizer. */
        g_autofree uint8_t *copy = g_memdup2(line->text, strlen(line->text));
        Bytes bytes = {copy, strlen(line->text)};
        ProxyHeader header = {.has_tls = true};
        char text[ADDRESS_TEXT_MAX];

        g_assert_cmpint(proxy_decode(1, bytes, &size, &header), ==, line->result);
        if (line->result < 0) {
                g_assert_cmpuint(size, ==, 77);
                g_assert_true(header.has_tls);
                return;
        }
        g_assert_cmpuint(size, ==, strlen(line->text));
        g_assert_false(header.has_tls);
        g_assert_cmpint(header.has_source, ==, line->source != NULL);
        if (line->source)
                g_assert_cmpstr(address_format(&header.source, text, sizeof(text)), ==,
                                line->source);
}

static void test_line_too_long(void)
{
        char line[108] = "PROXY UNKNOWN ";
        ProxyHeader header;
        size_t size;

        memset(line + strlen(line), 'a', sizeof(line) - strlen("PROXY UNKNOWN "));
        memcpy(line + 105, "\r\n", 2);
        g_assert_cmpint(proxy_decode(1, (Bytes){(uint8_t *)line, 107}, &size, &header), ==, 0);
        g_assert_cmpuint(size, ==, 107);
        memcpy(line + 105, "a\r\n", 3);
        g_assert_cmpint(proxy_decode(1, (Bytes){(uint8_t *)line, 106}, &size, &header), ==,
                        -EAGAIN);
        g_assert_cmpint(proxy_decode(1, (Bytes){(uint8_t *)line, 108}, &size, &header), ==,
                        -EPROTO);
}

static void test_line_with_zero(void)
{
        static const char line[] = "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\0 3\r\n";
        ProxyHeader header;
        size_t size;

        g_assert_cmpint(proxy_decode(1, (Bytes){(uint8_t *)line, sizeof(line) - 1}, &size, &header),
                        ==, -EPROTO);
}

/* --- version 2 --- */

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define TCP4      "\xC0\0\2\1\xC0\0\2\2\xDC\4\7\x5B"
#define TCP6                                                                                       \
        "\x20\1\xD\xB8\0\0\0\0\0\0\0\0\0\0\0\1"                                                    \
        "0123456789abcdef"                                                                         \
        "\0\1\0\2"

typedef struct Binary {
        const char *name;
        Bytes head; /* command, family */
        Bytes body;
        int result;
        const char *source, *common_name;
        bool has_tls, has_certificate;
} Binary;

#define B BYTES_LITERAL

static const Binary binaries[] = {
        {"tcp4", B("\x21\x11"), B(TCP4), 0, "192.0.2.1:56324"},
        {"tcp6", B("\x21\x21"), B(TCP6), 0, "[2001:db8::1]:1"},
        {"local", B("\x20\x00"), B(""), 0},
        {"local-with-addresses", B("\x20\x11"), B(TCP4), 0},
        {"local-of-an-unknown-family", B("\x20\x77"), B("1234"), 0},
        {"unspecified", B("\x21\x00"), B("anything"), 0},
        {"tlv-skipped", B("\x21\x11"), B(TCP4 "\4\0\3abc\xEA\0\0"), 0, "192.0.2.1:56324"},
        {"tls", B("\x21\x11"), B(TCP4 "\x20\0\5\1\0\0\0\1"), 0, "192.0.2.1:56324", NULL, true},
        {"tls-certificate", B("\x21\x11"), B(TCP4 "\x20\0\xF\7\0\0\0\0\x21\0\1v\x22\0\3abc"), 0,
         "192.0.2.1:56324", "abc", true, true},
        {"tls-certificate-not-good", B("\x21\x11"), B(TCP4 "\x20\0\xB\7\0\0\0\x13\x22\0\3abc"), 0,
         "192.0.2.1:56324", NULL, true},
        {"tls-certificate-of-another-connection", B("\x21\x11"),
         B(TCP4 "\x20\0\xB\3\0\0\0\0\x22\0\3abc"), 0, "192.0.2.1:56324", NULL, true},
        {"certificate-without-tls", B("\x21\x11"), B(TCP4 "\x20\0\xB\4\0\0\0\0\x22\0\3abc"), 0,
         "192.0.2.1:56324"},
        {"version-1", B("\x11\x11"), B(TCP4), -EPROTO},
        {"command-2", B("\x22\x11"), B(TCP4), -EPROTO},
        {"datagrams", B("\x21\x12"), B(TCP4), -EPROTO},
        {"family-4", B("\x21\x41"), B(TCP4), -EPROTO},
        {"tcp4-short", B("\x21\x11"), B("\xC0\0\2\1\xC0\0\2\2\xDC\4\7"), -EPROTO},
        {"tcp6-short", B("\x21\x21"), B(TCP4), -EPROTO},
        {"unix-short", B("\x21\x31"), B("/run/x"), -EPROTO},
        {"tlv-of-1-byte", B("\x21\x11"), B(TCP4 "\4"), -EPROTO},
        {"tlv-of-2-bytes", B("\x21\x11"), B(TCP4 "\4\0"), -EPROTO},
        {"tlv-too-long", B("\x21\x11"), B(TCP4 "\4\0\3ab"), -EPROTO},
        {"tls-short", B("\x21\x11"), B(TCP4 "\x20\0\4\1\0\0\0"), -EPROTO},
        {"tls-twice", B("\x21\x11"), B(TCP4 "\x20\0\5\1\0\0\0\0\x20\0\5\1\0\0\0\0"), -EPROTO},
        {"tls-inner-too-long", B("\x21\x11"), B(TCP4 "\x20\0\xA\7\0\0\0\0\x22\0\3ab\4\0\1a"),
         -EPROTO},
        {"sum-wrong", B("\x21\x11"), B(TCP4 "\3\0\4\1\2\3\4"), -EPROTO},
        {"sum-short", B("\x21\x11"), B(TCP4 "\3\0\3\1\2\3"), -EPROTO},
};

static Bytes binary_make(const Binary *binary, uint8_t **ret_copy)
{
        size_t size = 16 + binary->body.length;
        uint8_t *copy = g_malloc(size);

        memcpy(copy, SIGNATURE, 12);
        memcpy(copy + 12, binary->head.data, 2);
        copy[14] = (uint8_t)(binary->body.length >> 8);
        copy[15] = (uint8_t)binary->body.length;
        memcpy(copy + 16, binary->body.data, binary->body.length);
        *ret_copy = copy;
        return (Bytes){copy, size};
}

static void test_binary(gconstpointer data)
{
        const Binary *binary = data;
        g_autofree uint8_t *copy = NULL;
        Bytes bytes = binary_make(binary, &copy);
        char text[ADDRESS_TEXT_MAX];
        ProxyHeader header;
        size_t size = 0;

        for (size_t n = 0; n < bytes.length; n++) {
                int r = proxy_decode(2, (Bytes){copy, n}, &size, &header);

                g_assert_cmpint(r, ==, -EAGAIN);
        }
        g_assert_cmpint(proxy_decode(2, bytes, &size, &header), ==, binary->result);
        if (binary->result < 0)
                return;
        g_assert_cmpuint(size, ==, bytes.length);
        g_assert_cmpint(header.has_source, ==, binary->source != NULL);
        if (binary->source)
                g_assert_cmpstr(address_format(&header.source, text, sizeof(text)), ==,
                                binary->source);
        g_assert_cmpint(header.has_tls, ==, binary->has_tls);
        g_assert_cmpint(header.has_certificate, ==, binary->has_certificate);
        g_assert_true(bytes_equal(header.common_name, bytes_from_string(binary->common_name)));
}

/* All 108 bytes of the path, and no zero behind them. */
static void test_unix(void)
{
        uint8_t body[216];
        Binary binary = {.head = B("\x21\x31"), .body = {body, sizeof(body)}};
        g_autofree uint8_t *copy = NULL;
        char text[ADDRESS_TEXT_MAX];
        ProxyHeader header;
        size_t size;

        memset(body, 'a', sizeof(body));
        g_assert_cmpint(proxy_decode(2, binary_make(&binary, &copy), &size, &header), ==, 0);
        g_assert_true(header.has_source && address_is_unix(&header.source));
        address_format(&header.source, text, sizeof(text));
        g_assert_cmpuint(strlen(text), ==, strlen("unix:") + 108);
}

static void test_sum(void)
{
        Binary binary = {.head = B("\x21\x11"), .body = B(TCP4 "\3\0\4\0\0\0\0")};
        g_autofree uint8_t *copy = NULL;
        Bytes bytes = binary_make(&binary, &copy);
        uint32_t sum = GUINT32_TO_BE(crc32c(0, bytes.data, bytes.length));
        ProxyHeader header;
        size_t size;

        memcpy(copy + bytes.length - 4, &sum, 4);
        g_assert_cmpint(proxy_decode(2, bytes, &size, &header), ==, 0);
        copy[16] ^= 1;
        g_assert_cmpint(proxy_decode(2, bytes, &size, &header), ==, -EPROTO);
}

/* The first 16 bytes tell: nothing more is waited for. */
static void test_longest(void)
{
        uint8_t header[PROXY_HEADER_MAX] = SIGNATURE "\x20\x00\x01\xF4";
        ProxyHeader decoded;
        size_t size;

        g_assert_cmpint(proxy_decode(2, (Bytes){header, sizeof(header)}, &size, &decoded), ==, 0);
        g_assert_cmpuint(size, ==, PROXY_HEADER_MAX);
        header[15]++;
        g_assert_cmpint(proxy_decode(2, (Bytes){header, 16}, &size, &decoded), ==, -EPROTO);
}

static void test_what_follows_is_not_looked_at(void)
{
        const Bytes two = B(SIGNATURE "\x21\x11\x00\x0C" TCP4 "\x10\x0C\xFF");
        const Bytes one = B("PROXY UNKNOWN\r\n\x10\x0C\n");
        ProxyHeader header;
        size_t size;

        g_assert_cmpint(proxy_decode(2, two, &size, &header), ==, 0);
        g_assert_cmpuint(size, ==, 28);
        g_assert_cmpint(proxy_decode(1, one, &size, &header), ==, 0);
        g_assert_cmpuint(size, ==, 15);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
                g_autofree char *name = g_strdup_printf("/transport/proxy/line/%zu", i);

                g_test_add_data_func(name, &lines[i], test_line);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(binaries); i++) {
                g_autofree char *name =
                        g_strdup_printf("/transport/proxy/binary/%s", binaries[i].name);

                g_test_add_data_func(name, &binaries[i], test_binary);
        }
        g_test_add_func("/transport/proxy/line-too-long", test_line_too_long);
        g_test_add_func("/transport/proxy/line-with-zero", test_line_with_zero);
        g_test_add_func("/transport/proxy/unix", test_unix);
        g_test_add_func("/transport/proxy/sum", test_sum);
        g_test_add_func("/transport/proxy/longest", test_longest);
        g_test_add_func("/transport/proxy/what-follows-is-not-looked-at",
                        test_what_follows_is_not_looked_at);
        return g_test_run();
}
