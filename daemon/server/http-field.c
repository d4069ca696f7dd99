/* SPDX-License-Identifier: Apache-2.0 */
/* http-field.c: the fields of a request that are looked at. */

#include "server/http-field.h"

#include <stdbool.h>

#include "server/head-field.h"
#include "util/macro.h"

static const char *const names[_HTTP_FIELD_COUNT] = {
        [HTTP_FIELD_HOST] = "Host",
        [HTTP_FIELD_UPGRADE] = "Upgrade",
        [HTTP_FIELD_CONNECTION] = "Connection",
        [HTTP_FIELD_WEBSOCKET_KEY] = "Sec-WebSocket-Key",
        [HTTP_FIELD_WEBSOCKET_VERSION] = "Sec-WebSocket-Version",
        [HTTP_FIELD_WEBSOCKET_PROTOCOL] = "Sec-WebSocket-Protocol",
        [HTTP_FIELD_ORIGIN] = "Origin",
        [HTTP_FIELD_FORWARDED_FOR] = "X-Forwarded-For",
        [HTTP_FIELD_ACCEPT] = "Accept",
        [HTTP_FIELD_AUTHORIZATION] = "Authorization",
        [HTTP_FIELD_IF_NONE_MATCH] = "If-None-Match",
        [HTTP_FIELD_IF_MODIFIED_SINCE] = "If-Modified-Since",
        [HTTP_FIELD_CONTENT_LENGTH] = "Content-Length",
        [HTTP_FIELD_TRANSFER_ENCODING] = "Transfer-Encoding",
};

static bool is_known(Bytes line)
{
        HeadField field;

        if (head_field_parse(line, &field) < 0)
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (head_text_equal(field.name, names[i]))
                        return true;
        return false;
}

int http_field_filter(Bytes head, Buffer *to)
{
        bool is_first = true;
        Bytes line;

        if (buffer_reserve(to, head.length) < 0)
                return -ENOMEM;
        while (head_next_line(&head, &line)) {
                if (is_first || line.length == 0 || is_known(line))
                        buffer_append(to, line.data, line.length + strlen("\r\n"));
                is_first = false;
        }
        return 0;
}
