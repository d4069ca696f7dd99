/* SPDX-License-Identifier: Apache-2.0 */
/* http-answer.c: an answer of HTTP/1.1 as bytes. */

#include "server/http-answer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "util/macro.h"

static const struct {
        unsigned status;
        const char *phrase;
        const char *fields; /* that belong to it wherever it is said; NULL: none */
} statuses[] = {
        {200, "OK"},
        {301, "Moved Permanently"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed", "Allow: GET, HEAD\r\n"},
        {408, "Request Timeout"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {426, "Upgrade Required", "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
};

const char *http_status_phrase(unsigned status)
{
        for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
                if (statuses[i].status == status)
                        return statuses[i].phrase;
        return "Unknown";
}

static const char *fields_of(unsigned status)
{
        for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
                if (statuses[i].status == status && statuses[i].fields)
                        return statuses[i].fields;
        return "";
}

static int print(Buffer *out, const char *format, ...) _printf_(2, 3);
static int print(Buffer *out, const char *format, ...)
{
        va_list arguments;
        int length;

        va_start(arguments, format);
        length = vsnprintf(NULL, 0, format, arguments);
        va_end(arguments);
        /* One more for the NUL, which is not committed. */
        if (length < 0 || buffer_reserve(out, (size_t)length + 1) < 0)
                return -ENOMEM;
        va_start(arguments, format);
        vsnprintf((char *)buffer_tail(out), (size_t)length + 1, format, arguments);
        va_end(arguments);
        buffer_commit(out, (size_t)length);
        return 0;
}

int http_answer_head(const HttpAnswer *answer, uint64_t length, Buffer *out)
{
        return print(out,
                     "HTTP/1.1 %u %s\r\n"
                     "Connection: close\r\n"
                     "Cache-Control: %s\r\n"
                     "X-Content-Type-Options: nosniff\r\n"
                     "%s%s%s"
                     "%s%s"
                     "Content-Length: %" PRIu64 "\r\n\r\n",
                     answer->status, http_status_phrase(answer->status),
                     answer->cache ? answer->cache : "no-store",
                     answer->type ? "Content-Type: " : "", answer->type ? answer->type : "",
                     answer->type ? "\r\n" : "", fields_of(answer->status),
                     answer->fields ? answer->fields : "", length);
}

int http_answer_format(const HttpAnswer *answer, bool is_head, Buffer *out)
{
        Bytes body = buffer_bytes(&answer->body);
        size_t before = buffer_length(out);
        int r;

        r = http_answer_head(answer, body.length, out);
        if (r < 0 || is_head)
                return r;
        r = buffer_append(out, body.data, body.length);
        if (r < 0)
                out->end = out->start + (uint32_t)before;
        return r;
}

int http_answer_status(unsigned status, const char *fields, bool is_head, Buffer *out)
{
        HttpAnswer answer = {
                .status = status, .type = "text/plain; charset=utf-8", .fields = fields};
        int r;

        r = print(&answer.body, "%u %s\n", status, http_status_phrase(status));
        if (r == 0)
                r = http_answer_format(&answer, is_head, out);
        buffer_done(&answer.body);
        return r;
}
