/* SPDX-License-Identifier: Apache-2.0 */

/* Bans as text. */

#include "access/ban-text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- read --- */

static int hex_digit(uint8_t c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
                return (c | 0x20) - 'a' + 10;
        return -1;
}

/* 0, -EINVAL or -ENOMEM. */
static int decode_name(Bytes text, char **ret_name)
{
        _cleanup_free_ char *name = malloc(text.length + 1);
        size_t n = 0;

        if (!name)
                return -ENOMEM;
        for (size_t i = 0; i < text.length; i++) {
                int high, low;

                if (text.data[i] != '%') {
                        name[n++] = (char)text.data[i];
                        continue;
                }
                if (text.length - i < 3)
                        return -EINVAL;
                high = hex_digit(text.data[i + 1]);
                low = hex_digit(text.data[i + 2]);
                if (high < 0 || low < 0 || high + low == 0)
                        return -EINVAL;
                name[n++] = (char)(high << 4 | low);
                i += 2;
        }
        name[n] = 0;
        *ret_name = TAKE_PTR(name);
        return 0;
}

static Bytes take_word(Bytes *rest)
{
        Bytes word = *rest;

        word.length = 0;
        while (word.length < rest->length && rest->data[word.length] != ' ' &&
               rest->data[word.length] != '\t')
                word.length++;
        *rest = (Bytes){rest->data + word.length, rest->length - word.length};
        while (rest->length > 0 && (rest->data[0] == ' ' || rest->data[0] == '\t'))
                *rest = (Bytes){rest->data + 1, rest->length - 1};
        return word;
}

/* "2026-12-24T12:00:00Z" */
static int parse_time(Bytes word, uint64_t *ret_until)
{
        char text[sizeof("2026-12-24T12:00:00Z")];
        struct tm tm = {};
        const char *end;
        time_t time;

        if (bytes_equal(word, BYTES_LITERAL("-"))) {
                *ret_until = BAN_FOR_GOOD;
                return 0;
        }
        if (word.length != sizeof(text) - 1)
                return -EINVAL;
        memcpy(text, word.data, word.length);
        text[word.length] = 0;
        end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
        if (!end || *end)
                return -EINVAL;
        time = timegm(&tm);
        if (time < 0)
                return -EINVAL;
        *ret_until = (uint64_t)time;
        return 0;
}

static int parse_line(BanTable *table, Bytes line, const char **ret_why)
{
        _cleanup_free_ char *subject = NULL, *reason = NULL;
        Ban ban = {};
        int r;

        if (memchr(line.data, 0, line.length)) {
                *ret_why = "has a zero byte in it";
                return -EINVAL;
        }
        if (ban_kind_from_string(take_word(&line), &ban.kind) < 0) {
                *ret_why = "does not begin with address, user or client";
                return -EINVAL;
        }
        r = decode_name(take_word(&line), &subject);
        if (r == 0 && parse_time(take_word(&line), &ban.until) < 0) {
                *ret_why = "has no time such as 2026-12-24T12:00:00Z, or -, behind the subject";
                return -EINVAL;
        }
        if (r == 0)
                r = bytes_duplicate(line, (uint8_t **)&reason);
        ban.subject = subject;
        ban.reason = reason;
        if (r == 0 && !ban_reason_is_valid(reason)) {
                *ret_why = "has a reason that is not plain UTF-8";
                return -EINVAL;
        }
        if (r == 0)
                r = ban_table_put(table, &ban);
        if (r == -EINVAL)
                *ret_why = "has no address, prefix or name behind its first word";
        return r;
}

int ban_text_parse(Bytes text, BanTable **ret_table, unsigned *ret_line, const char **ret_why)
{
        _cleanup_(ban_table_unrefp) BanTable *table = NULL;
        unsigned number = 0;
        int r;

        r = ban_table_new(&table);
        while (r == 0 && text.length > 0) {
                const uint8_t *end = memchr(text.data, '\n', text.length);
                Bytes line = {text.data, end ? (size_t)(end - text.data) : text.length};

                text.data += line.length + !!end;
                text.length -= line.length + !!end;
                number++;
                while (line.length > 0 &&
                       (line.data[line.length - 1] == '\r' || line.data[line.length - 1] == ' '))
                        line.length--;
                if (line.length > 0 && line.data[0] != '#')
                        r = parse_line(table, line, ret_why);
        }
        if (r == 0)
                *ret_table = TAKE_PTR(table);
        else
                *ret_line = number;
        return r;
}

/* --- write --- */

static int write_name(const char *name, Buffer *to)
{
        static const char digits[] = "0123456789ABCDEF";
        int r = 0;

        for (const char *at = name; *at && r == 0; at++) {
                const unsigned char c = (unsigned char)*at;
                const char coded[] = {'%', digits[c >> 4], digits[c & 15]};

                r = c <= ' ' || c == '%' || c == 0x7F ? buffer_append(to, coded, sizeof(coded))
                                                      : buffer_append(to, at, 1);
        }
        return r;
}

static int write_line(const Ban *ban, Buffer *to)
{
        const char *kind = ban_kind_to_string(ban->kind);
        char until[32] = "-";
        time_t time = (time_t)ban->until;
        struct tm tm;
        int r;

        if (ban->until != BAN_FOR_GOOD && gmtime_r(&time, &tm))
                strftime(until, sizeof(until), "%Y-%m-%dT%H:%M:%SZ", &tm);
        r = buffer_append(to, kind, strlen(kind));
        if (r == 0)
                r = buffer_append(to, " ", 1);
        if (r == 0)
                r = write_name(ban->subject, to);
        if (r == 0)
                r = buffer_append(to, " ", 1);
        if (r == 0)
                r = buffer_append(to, until, strlen(until));
        if (r == 0 && ban->reason[0])
                r = buffer_append(to, " ", 1);
        if (r == 0)
                r = buffer_append(to, ban->reason, strlen(ban->reason));
        return r == 0 ? buffer_append(to, "\n", 1) : r;
}

int ban_text_write(const BanTable *table, Buffer *to)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < ban_table_count(table); i++) {
                const Ban ban = ban_table_at(table, i);

                r = write_line(&ban, to);
        }
        return r;
}
