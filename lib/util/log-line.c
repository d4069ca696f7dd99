/* SPDX-License-Identifier: Apache-2.0 */
/* log-line.c: escaping, timestamps, writev, journal fields. */

#include "util/log-line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <syslog.h>
#include <time.h>

/* The journal would otherwise note this file as the place where every line comes from. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "util/macro.h"

/* A C1 control is two bytes in UTF-8: C2 and 80 to 9F. */
static bool is_control(const unsigned char *text, size_t i)
{
        unsigned char byte = text[i];

        if (byte == 0xc2)
                return text[i + 1] >= 0x80 && text[i + 1] < 0xa0;
        if (byte >= 0x80 && byte < 0xa0)
                return i > 0 && text[i - 1] == 0xc2;
        return byte < 0x20 || byte == 0x7f;
}

static void replace_controls(unsigned char *text, size_t length)
{
        while (length-- > 0) /* backwards, for is_control() looks at the byte before */
                if (is_control(text, length))
                        text[length] = '?';
}

char *log_line_escape(char *text, char **heap)
{
        static const char digits[] = "0123456789abcdef";
        unsigned char *in = (unsigned char *)text;
        size_t length = 0, n_controls = 0;
        char *out;

        for (; in[length]; length++)
                n_controls += is_control(in, length);
        if (n_controls == 0)
                return text;
        out = malloc(length + 3 * n_controls + 1);
        if (!out) {
                replace_controls(in, length);
                return text;
        }
        *heap = out;
        for (size_t i = 0; i < length; i++) {
                if (is_control(in, i)) {
                        *out++ = '\\';
                        *out++ = 'x';
                        *out++ = digits[in[i] >> 4];
                        *out++ = digits[in[i] & 15];
                } else {
                        *out++ = text[i];
                }
        }
        *out = 0;
        return *heap;
}

void log_line_time(char *buffer, size_t size, const char *format)
{
        time_t now = time(NULL);
        struct tm local;
        size_t length;

        if (!format || !localtime_r(&now, &local)) {
                snprintf(buffer, size, "%lld: ", (long long)now);
                return;
        }
/* The format is the admin's (log_timestamp_format): no literal to check. strftime() takes no
 * arguments from a format, so a wrong one gives a wrong time and no worse. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        length = strftime(buffer, size - 2, format, &local);
#pragma GCC diagnostic pop
        memcpy(buffer + length, ": ", sizeof(": "));
        if (length == 0)
                buffer[0] = 0;
}

static struct iovec part(const char *text)
{
        return (struct iovec){(void *)text, strlen(text)};
}

static void write_parts(int fd, struct iovec *parts, int n_parts)
{
        while (n_parts > 0) {
                ssize_t n = writev(fd, parts, n_parts);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return;
                while (n_parts > 0 && (size_t)n >= parts->iov_len) {
                        n -= (ssize_t)parts->iov_len;
                        parts++;
                        n_parts--;
                }
                if (n_parts > 0) {
                        parts->iov_base = (char *)parts->iov_base + n;
                        parts->iov_len -= (size_t)n;
                }
        }
}

void log_line_write(int fd, const char *prefix, const char *time, const char *text)
{
        struct iovec parts[] = {part(prefix), part(time), part(text), part("\n")};

        write_parts(fd, parts, ARRAY_SIZE(parts));
}

/* "NAME=value" on the heap. Without memory the field is left out. */
static void add_field(struct iovec *parts, int *n_parts, const char *name, const char *value)
{
        char *text;

        if (value && asprintf(&text, "%s=%s", name, value) >= 0)
                parts[(*n_parts)++] = part(text);
}

bool log_line_to_journal(const LogEvent *event, const char *identifier, int facility)
{
        char level[] = {(char)('0' + log_category_level(event->category)), 0};
        struct iovec *parts = calloc(event->n_fields + 5, sizeof(*parts));
        char facility_text[16];
        int n = 0, r;

        if (!parts)
                return false;
        snprintf(facility_text, sizeof(facility_text), "%d", LOG_FAC(facility));
        add_field(parts, &n, "MESSAGE", event->text);
        add_field(parts, &n, "PRIORITY", level);
        add_field(parts, &n, "MESSAGE_ID", event->message_id);
        add_field(parts, &n, "SYSLOG_IDENTIFIER", identifier);
        add_field(parts, &n, "SYSLOG_FACILITY", facility ? facility_text : NULL);
        for (size_t i = 0; i < event->n_fields; i++)
                add_field(parts, &n, event->fields[i].name, event->fields[i].value);
        r = sd_journal_sendv(parts, n);
        for (int i = 0; i < n; i++)
                free(parts[i].iov_base);
        free(parts);
        return r >= 0;
}
