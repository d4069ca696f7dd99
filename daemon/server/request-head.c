/* SPDX-License-Identifier: Apache-2.0 */

/* The head of an HTTP request. */

#include "server/request-head.h"

#include <errno.h>

#include "server/head-field.h"
#include "util/macro.h"

enum {
        BAD_REQUEST = 400,
        METHOD_NOT_ALLOWED = 405,
        CONTENT_TOO_LARGE = 413,
        FIELDS_TOO_LARGE = 431,
        VERSION_NOT_SUPPORTED = 505,
};

/* Up to the blank; the rest behind it. */
static Bytes take_word(Bytes *line)
{
        const uint8_t *end = line->length > 0 ? memchr(line->data, ' ', line->length) : NULL;
        const size_t size = end ? (size_t)(end - line->data) : line->length;
        const Bytes word = {line->data, size};
        const size_t used = end ? size + 1 : size;

        *line = (Bytes){line->data + used, line->length - used};
        return word;
}

/* METHOD, target and version, with one blank each in between. Other methods, and targets that are
 * no paths, libwebsockets would answer itself, with pages of its own. */
static int check_request_line(Bytes line)
{
        const Bytes method = take_word(&line), target = take_word(&line);

        if (!head_is_token(method) || target.length == 0 ||
            memchr(target.data, '\t', target.length))
                return BAD_REQUEST;
        if (!bytes_equal(line, BYTES_LITERAL("HTTP/1.1")) &&
            !bytes_equal(line, BYTES_LITERAL("HTTP/1.0")))
                return bytes_has_prefix(line, BYTES_LITERAL("HTTP/")) ? VERSION_NOT_SUPPORTED
                                                                      : BAD_REQUEST;
        if (!bytes_equal(method, BYTES_LITERAL("GET")) &&
            !bytes_equal(method, BYTES_LITERAL("HEAD")))
                return METHOD_NOT_ALLOWED;
        return target.data[0] == '/' ? 0 : BAD_REQUEST;
}

/* What would make others see the end of the request elsewhere. */
static int check_field(RequestHead *head, Bytes line)
{
        HeadField field;

        if (head_field_parse(line, &field) < 0 || head_text_equal(field.name, "Transfer-Encoding"))
                return BAD_REQUEST;
        if (head_text_equal(field.name, "Host")) {
                if (head->has_host)
                        return BAD_REQUEST;
                head->has_host = true;
        }
        if (!head_text_equal(field.name, "Content-Length") ||
            bytes_equal(field.value, BYTES_LITERAL("0")))
                return 0;
        for (size_t i = 0; i < field.value.length; i++)
                if (field.value.data[i] < '0' || field.value.data[i] > '9')
                        return BAD_REQUEST;
        return field.value.length > 0 ? CONTENT_TOO_LARGE : BAD_REQUEST;
}

/* 0: it was the last one; -EAGAIN; or a status. */
static int take_line(RequestHead *head, Bytes line)
{
        int r;

        if (!head->has_begun)
                r = check_request_line(line);
        else if (line.length == 0)
                return 0;
        else
                r = check_field(head, line);
        head->has_begun = true;
        return r == 0 ? -EAGAIN : r;
}

int request_head_take(RequestHead *head, Bytes data, size_t maximum)
{
        while (head->size < data.length) {
                const size_t at = head->size++;
                const bool follows_cr = at > head->line && data.data[at - 1] == '\r';
                const uint8_t c = data.data[at];
                int r;

                /* A lone CR or LF is the end of a line to some, and no other control character
                 * belongs here. */
                if (head->size > maximum)
                        return FIELDS_TOO_LARGE;
                if (follows_cr != (c == '\n') || c == 0x7F || (c < ' ' && !strchr("\t\r\n", c)) ||
                    c == 0)
                        return BAD_REQUEST;
                if (c != '\n')
                        continue;
                r = take_line(head, (Bytes){data.data + head->line, at - 1 - head->line});
                if (r != -EAGAIN)
                        return r;
                head->line = head->size;
        }
        return data.length >= maximum ? FIELDS_TOO_LARGE : -EAGAIN;
}
