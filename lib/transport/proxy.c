/* SPDX-License-Identifier: Apache-2.0 */

/* The header that a proxy sends. */

#include "transport/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "util/crc32c.h"
#include "util/macro.h"

/* --- version 1 --- */

#define LINE_MAX_SIZE  107U /* with its CR LF */
#define LINE_WORDS_MAX 6U

typedef struct Words {
        char line[LINE_MAX_SIZE + 1];
        char *words[LINE_WORDS_MAX];
        size_t n;
} Words;

/* One blank between words. False: there are too many. */
static bool split(Bytes line, Words *words)
{
        char *at = words->line;

        memcpy(words->line, line.data, line.length);
        words->line[line.length] = 0;
        words->n = 0;
        while (at) {
                if (words->n == LINE_WORDS_MAX)
                        return false;
                words->words[words->n++] = at;
                at = strchr(at, ' ');
                if (at)
                        *at++ = 0;
        }
        return true;
}

/* Decimal, without leading zeros. */
static bool parse_port(const char *text, uint16_t *ret_port)
{
        unsigned port = 0;
        size_t n = strspn(text, "0123456789");

        if (n == 0 || n > 5 || text[n] || (text[0] == '0' && n > 1))
                return false;
        for (size_t i = 0; i < n; i++)
                port = port * 10 + (unsigned)(text[i] - '0');
        if (port > UINT16_MAX)
                return false;
        *ret_port = (uint16_t)port;
        return true;
}

static void set_source(ProxyHeader *header, int family, const void *host, uint16_t port)
{
        struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)&header->source.storage;
        struct sockaddr_in *ipv4 = (struct sockaddr_in *)&header->source.storage;

        header->has_source = true;
        header->source = (Address){.storage.ss_family = (sa_family_t)family};
        if (family == AF_INET) {
                header->source.length = sizeof(*ipv4);
                ipv4->sin_port = htons(port);
                memcpy(&ipv4->sin_addr, host, sizeof(ipv4->sin_addr));
        } else {
                header->source.length = sizeof(*ipv6);
                ipv6->sin6_port = htons(port);
                memcpy(&ipv6->sin6_addr, host, sizeof(ipv6->sin6_addr));
        }
}

static int decode_words(const Words *words, ProxyHeader *header)
{
        struct in6_addr source, destination;
        uint16_t port, other_port;
        int family;

        if (words->n != LINE_WORDS_MAX)
                return -EPROTO;
        if (strcmp(words->words[1], "TCP4") == 0)
                family = AF_INET;
        else if (strcmp(words->words[1], "TCP6") == 0)
                family = AF_INET6;
        else
                return -EPROTO;
        if (inet_pton(family, words->words[2], &source) != 1 ||
            inet_pton(family, words->words[3], &destination) != 1 ||
            !parse_port(words->words[4], &port) || !parse_port(words->words[5], &other_port))
                return -EPROTO;
        set_source(header, family, &source, port);
        return 0;
}

static int decode_line(Bytes data, size_t *ret_size, ProxyHeader *header)
{
        static const char unknown[] = "PROXY UNKNOWN";
        const size_t most = MIN(data.length, (size_t)LINE_MAX_SIZE);
        const uint8_t *end = memchr(data.data, '\n', most);
        size_t length;
        Words words;

        if (memcmp(data.data, "PROXY ", MIN(data.length, strlen("PROXY "))) != 0)
                return -EPROTO;
        if (!end)
                return data.length < LINE_MAX_SIZE ? -EAGAIN : -EPROTO;
        length = (size_t)(end - data.data);
        *ret_size = length + 1;
        if (length == 0 || end[-1] != '\r' || memchr(data.data, 0, length))
                return -EPROTO;
        length--;
        /* Whatever follows then is to be ignored. */
        if (length >= strlen(unknown) && memcmp(data.data, unknown, strlen(unknown)) == 0 &&
            (length == strlen(unknown) || data.data[strlen(unknown)] == ' '))
                return 0;
        return split((Bytes){data.data, length}, &words) ? decode_words(&words, header) : -EPROTO;
}

/* --- version 2 --- */

#define FIXED_SIZE 16U

static const uint8_t signature[12] = {0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D,
                                      0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A};

enum {
        COMMAND_LOCAL = 0x20, /* with the version */
        COMMAND_PROXY = 0x21,
        TRANSPORT_UNSPECIFIED = 0x00, /* family and kind of socket */
        TRANSPORT_TCP4 = 0x11,
        TRANSPORT_TCP6 = 0x21,
        TRANSPORT_UNIX = 0x31,
        TLV_CRC32C = 0x03,
        TLV_TLS = 0x20,
        TLV_TLS_COMMON_NAME = 0x22, /* within TLV_TLS */
        TLS_SPOKEN = 0x01,
        TLS_CERTIFICATE_IN_SESSION = 0x04,
};

typedef struct Tlv {
        uint8_t type;
        Bytes value;
} Tlv;

/* Takes the next one off. 0, -ENODATA behind the last, -EPROTO if it is longer than what is left.
 */
static int take_tlv(Bytes *rest, Tlv *ret_tlv)
{
        size_t length;

        if (rest->length == 0)
                return -ENODATA;
        if (rest->length < 3)
                return -EPROTO;
        length = (size_t)rest->data[1] << 8 | rest->data[2];
        if (length > rest->length - 3)
                return -EPROTO;
        *ret_tlv = (Tlv){.type = rest->data[0], .value = {rest->data + 3, length}};
        *rest = (Bytes){rest->data + 3 + length, rest->length - 3 - length};
        return 0;
}

static uint32_t get_u32(const uint8_t *at)
{
        return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Flags of the client, what verifying its certificate came to, and more TLVs. */
static int decode_tls(Bytes value, ProxyHeader *header)
{
        Bytes rest, name = {};
        Tlv tlv;
        int r;

        if (value.length < 5 || header->has_tls)
                return -EPROTO; /* of two, which is true */
        header->has_tls = value.data[0] & TLS_SPOKEN;
        header->has_certificate = header->has_tls && value.data[0] & TLS_CERTIFICATE_IN_SESSION &&
                                  get_u32(value.data + 1) == 0;
        rest = (Bytes){value.data + 5, value.length - 5};
        while ((r = take_tlv(&rest, &tlv)) == 0)
                if (tlv.type == TLV_TLS_COMMON_NAME)
                        name = tlv.value;
        if (header->has_certificate)
                header->common_name = name;
        return r == -ENODATA ? 0 : r;
}

/* Over the whole header, with zeros in place of the sum. */
static int check_sum(Bytes header, Bytes value)
{
        uint8_t copy[PROXY_HEADER_MAX];

        if (value.length != 4)
                return -EPROTO;
        memcpy(copy, header.data, header.length);
        memset(copy + (value.data - header.data), 0, 4);
        return crc32c(0, copy, header.length) == get_u32(value.data) ? 0 : -EPROTO;
}

static int decode_tlvs(Bytes whole, Bytes rest, ProxyHeader *header)
{
        Tlv tlv;
        int r;

        while ((r = take_tlv(&rest, &tlv)) == 0) {
                if (tlv.type == TLV_TLS)
                        r = decode_tls(tlv.value, header);
                else if (tlv.type == TLV_CRC32C)
                        r = check_sum(whole, tlv.value);
                if (r < 0)
                        return r;
        }
        return r == -ENODATA ? 0 : r;
}

static void set_unix_source(ProxyHeader *header, const uint8_t *path)
{
        struct sockaddr_un *local = (struct sockaddr_un *)&header->source.storage;

        header->has_source = true;
        header->source = (Address){.length = sizeof(*local)};
        local->sun_family = AF_UNIX;
        memcpy(local->sun_path, path, sizeof(local->sun_path));
}

/* The addresses of source and destination, then the ports. -EPROTO: they are cut short. */
static int decode_addresses(uint8_t transport, Bytes body, size_t *ret_size, ProxyHeader *header)
{
        static const struct {
                uint8_t transport;
                uint8_t size;
        } sizes[] = {
                {TRANSPORT_UNSPECIFIED, 0},
                {TRANSPORT_TCP4, 12},
                {TRANSPORT_TCP6, 36},
                {TRANSPORT_UNIX, 216},
        };
        size_t i = 0;

        while (i < ARRAY_SIZE(sizes) && sizes[i].transport != transport)
                i++;
        if (i == ARRAY_SIZE(sizes) || body.length < sizes[i].size)
                return -EPROTO;
        if (transport == TRANSPORT_TCP4)
                set_source(header, AF_INET, body.data,
                           (uint16_t)(body.data[8] << 8 | body.data[9]));
        else if (transport == TRANSPORT_TCP6)
                set_source(header, AF_INET6, body.data,
                           (uint16_t)(body.data[32] << 8 | body.data[33]));
        else if (transport == TRANSPORT_UNIX)
                set_unix_source(header, body.data);
        *ret_size = sizes[i].size;
        return 0;
}

static int decode_binary(Bytes data, size_t *ret_size, ProxyHeader *header)
{
        size_t size, addresses;
        Bytes body;
        int r;

        if (memcmp(data.data, signature, MIN(data.length, sizeof(signature))) != 0)
                return -EPROTO;
        if (data.length < FIXED_SIZE)
                return -EAGAIN;
        size = FIXED_SIZE + ((size_t)data.data[14] << 8 | data.data[15]);
        if (size > PROXY_HEADER_MAX)
                return -EPROTO;
        if (data.length < size)
                return -EAGAIN;
        *ret_size = size;
        if (data.data[12] == COMMAND_LOCAL)
                return 0;
        if (data.data[12] != COMMAND_PROXY)
                return -EPROTO;
        body = (Bytes){data.data + FIXED_SIZE, size - FIXED_SIZE};
        r = decode_addresses(data.data[13], body, &addresses, header);
        if (r < 0 || data.data[13] == TRANSPORT_UNSPECIFIED)
                return r;
        return decode_tlvs((Bytes){data.data, size},
                           (Bytes){body.data + addresses, body.length - addresses}, header);
}

int proxy_decode(unsigned version, Bytes data, size_t *ret_size, ProxyHeader *ret_header)
{
        ProxyHeader header = {};
        size_t size = 0;
        int r;

        if (data.length == 0)
                return -EAGAIN;
        r = version == 1 ? decode_line(data, &size, &header) : decode_binary(data, &size, &header);
        if (r < 0)
                return r;
        *ret_size = size;
        *ret_header = header;
        return 0;
}
