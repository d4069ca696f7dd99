/* SPDX-License-Identifier: Apache-2.0 */
/* http-upgrade.c: whether a request may become a WebSocket of MQTT. */

#include "server/http-upgrade.h"

#include <string.h>

#include "server/http-origin.h"
#include "util/base64.h"

/* RFC 6455, 4.1: what the client has drawn. */
#define KEY_SIZE 16

unsigned http_request_check(const HttpRequest *request)
{
        const char *length = request->fields[HTTP_FIELD_CONTENT_LENGTH];

        if (request->method == HTTP_OTHER_METHOD)
                return 405;
        if (!request->is_1_0 && !request->fields[HTTP_FIELD_HOST])
                return 400;
        if (request->fields[HTTP_FIELD_TRANSFER_ENCODING])
                return 400;
        if (length && strcmp(length, "0") != 0)
                return 413;
        return 0;
}

/* Of this listener: each, if none is named. */
static bool knows_path(const HttpRequest *request, const ListenerSettings *listener)
{
        const Bytes path = bytes_from_string(request->path);
        const char *known = listener->websockets_path;

        if (listener->protocol != LISTENER_WEBSOCKETS)
                return false;
        for (size_t length; known && *known; known += length + (known[length] == '\n')) {
                length = strcspn(known, "\n");
                if (bytes_equal(path, (Bytes){(const uint8_t *)known, length}))
                        return true;
        }
        return !listener->websockets_path;
}

static bool is_version_13(const HttpRequest *request)
{
        const char *version = request->fields[HTTP_FIELD_WEBSOCKET_VERSION];

        return version && strcmp(version, "13") == 0;
}

static bool is_websocket(const HttpRequest *request)
{
        const char *key = request->fields[HTTP_FIELD_WEBSOCKET_KEY];
        uint8_t drawn[KEY_SIZE];
        Bytes bytes;

        return request->method == HTTP_GET && !request->is_1_0 &&
               http_field_has(request->fields[HTTP_FIELD_CONNECTION], "Upgrade", false) &&
               base64_decode(bytes_from_string(key), drawn, sizeof(drawn), &bytes) &&
               bytes.length == KEY_SIZE;
}

/* Who names none is no browser, and could name any. */
static bool may_come(const HttpRequest *request, const ListenerSettings *listener)
{
        const char *origin = request->fields[HTTP_FIELD_ORIGIN];

        return !listener->websockets_origin || !origin ||
               http_origin_is_allowed(origin, listener->websockets_origin);
}

static bool offers_mqtt(const HttpRequest *request)
{
        const char *offered = request->fields[HTTP_FIELD_WEBSOCKET_PROTOCOL];

        return http_field_has(offered, "mqtt", true) || http_field_has(offered, "mqttv3.1", true);
}

unsigned http_upgrade_check(const HttpRequest *request, const ListenerSettings *listener)
{
        const unsigned status = http_request_check(request);

        if (status > 0)
                return status;
        if (!knows_path(request, listener))
                return 404;
        if (!http_field_has(request->fields[HTTP_FIELD_UPGRADE], "websocket", false))
                return 400;
        if (!is_version_13(request))
                return 426;
        if (!is_websocket(request))
                return 400;
        if (!may_come(request, listener))
                return 403;
        if (!offers_mqtt(request))
                return 400;
        return 0;
}
