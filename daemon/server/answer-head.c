/* SPDX-License-Identifier: Apache-2.0 */

/* The answer to an HTTP request. */

#include "server/answer-head.h"

#include <errno.h>
#include <stdbool.h>

#include "server/head-field.h"

#define VERSION_SIZE 9U  /* "HTTP/1.1 " */
#define STATUS_END   12U /* of its three digits */

/* The first line said 101. */
static int parse_upgrade(Bytes data, size_t *ret_size)
{
        bool is_websocket = false;
        Bytes rest = data, line;
        HeadField field;

        head_next_line(&rest, &line);
        for (;;) {
                if (!head_next_line(&rest, &line))
                        return data.length < ANSWER_HEAD_MAX ? -EAGAIN : -EPROTO;
                if (line.length == 0)
                        break;
                /* What an extension made of the frames only the library would understand. */
                if (head_field_parse(line, &field) < 0 ||
                    head_text_equal(field.name, "Sec-WebSocket-Extensions"))
                        return -EPROTO;
                if (head_text_equal(field.name, "Upgrade"))
                        is_websocket = head_text_equal(field.value, "websocket");
        }
        if (!is_websocket)
                return -EPROTO;
        *ret_size = data.length - rest.length;
        return 0;
}

/* "HTTP/1.1 101", or as much of it as there is. */
static bool begins_well(Bytes data)
{
        const size_t n = data.length < VERSION_SIZE ? data.length : VERSION_SIZE;

        return bytes_has_prefix(BYTES_LITERAL("HTTP/1.1 "), (Bytes){data.data, n}) ||
               bytes_has_prefix(BYTES_LITERAL("HTTP/1.0 "), (Bytes){data.data, n});
}

int answer_head_parse(Bytes data, AnswerKind *ret_kind, size_t *ret_size)
{
        int r;

        if (!begins_well(data))
                return -EPROTO;
        if (data.length < STATUS_END)
                return -EAGAIN;
        if (memcmp(data.data + VERSION_SIZE, "101", STATUS_END - VERSION_SIZE) != 0) {
                *ret_kind = ANSWER_OTHER;
                return 0;
        }
        r = parse_upgrade(data, ret_size);
        if (r == 0)
                *ret_kind = ANSWER_UPGRADES;
        return r;
}
