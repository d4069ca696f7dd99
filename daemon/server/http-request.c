/* SPDX-License-Identifier: Apache-2.0 */
/* http-request.c: what libwebsockets has read of a request. */

#include "server/http-request.h"

#include <errno.h>
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/macro.h"

static const enum lws_token_indexes tokens[_HTTP_FIELD_COUNT] = {
        [HTTP_FIELD_HOST] = WSI_TOKEN_HOST,
        [HTTP_FIELD_UPGRADE] = WSI_TOKEN_UPGRADE,
        [HTTP_FIELD_CONNECTION] = WSI_TOKEN_CONNECTION,
        [HTTP_FIELD_WEBSOCKET_KEY] = WSI_TOKEN_KEY,
        [HTTP_FIELD_WEBSOCKET_VERSION] = WSI_TOKEN_VERSION,
        [HTTP_FIELD_WEBSOCKET_PROTOCOL] = WSI_TOKEN_PROTOCOL,
        [HTTP_FIELD_ORIGIN] = WSI_TOKEN_ORIGIN,
        [HTTP_FIELD_FORWARDED_FOR] = WSI_TOKEN_X_FORWARDED_FOR,
        [HTTP_FIELD_ACCEPT] = WSI_TOKEN_HTTP_ACCEPT,
        [HTTP_FIELD_AUTHORIZATION] = WSI_TOKEN_HTTP_AUTHORIZATION,
        [HTTP_FIELD_IF_NONE_MATCH] = WSI_TOKEN_HTTP_IF_NONE_MATCH,
        [HTTP_FIELD_IF_MODIFIED_SINCE] = WSI_TOKEN_HTTP_IF_MODIFIED_SINCE,
        [HTTP_FIELD_CONTENT_LENGTH] = WSI_TOKEN_HTTP_CONTENT_LENGTH,
        [HTTP_FIELD_TRANSFER_ENCODING] = WSI_TOKEN_HTTP_TRANSFER_ENCODING,
};

/* With what is between the parts that libwebsockets keeps it in. NULL: without memory. */
static char *copy(struct lws *wsi, enum lws_token_indexes token, char separator)
{
        int size = lws_hdr_total_length(wsi, token) + 2, used = 0, n;
        char *text = calloc(1, (size_t)size);

        for (int i = 0; text && used < size - 1; i++) {
                int at = i > 0 ? used + 1 : 0;

                n = lws_hdr_copy_fragment(wsi, text + at, size - at, token, i);
                if (n < 0)
                        break;
                if (i > 0)
                        text[used] = separator;
                used = at + n;
        }
        if (text)
                text[used] = 0;
        return text;
}

/* An empty one, too, which can be copied where a missing one cannot. */
static int copy_fields(HttpRequest *request, struct lws *wsi)
{
        char none;

        for (size_t i = 0; i < _HTTP_FIELD_COUNT; i++) {
                if (lws_hdr_total_length(wsi, tokens[i]) <= 0 &&
                    lws_hdr_copy_fragment(wsi, &none, sizeof(none), tokens[i], 0) < 0)
                        continue;
                request->fields[i] = copy(wsi, tokens[i], ',');
                if (!request->fields[i])
                        return -ENOMEM;
        }
        return 0;
}

static int copy_line(HttpRequest *request, struct lws *wsi)
{
        _cleanup_free_ char *version = copy(wsi, WSI_TOKEN_HTTP, ' ');
        int length, method;
        char *path;

        method = lws_http_get_uri_and_method(wsi, &path, &length);
        if (method < 0 || length <= 0 || path[0] != '/')
                return -EPROTO;
        request->method = method == LWSHUMETH_GET    ? HTTP_GET
                          : method == LWSHUMETH_HEAD ? HTTP_HEAD
                                                     : HTTP_OTHER_METHOD;
        request->path = strndup(path, (size_t)length);
        request->query = copy(wsi, WSI_TOKEN_HTTP_URI_ARGS, '&');
        if (!version || !request->path || !request->query)
                return -ENOMEM;
        request->is_1_0 = strcmp(version, "HTTP/1.1") != 0;
        return 0;
}

int http_request_init(HttpRequest *request, struct lws *wsi)
{
        HttpRequest made = {};
        int r;

        r = copy_line(&made, wsi);
        if (r == 0)
                r = copy_fields(&made, wsi);
        if (r < 0) {
                http_request_done(&made);
                return r;
        }
        *request = made;
        return 0;
}

void http_request_done(HttpRequest *request)
{
        char *authorization = request->fields[HTTP_FIELD_AUTHORIZATION];

        if (authorization)
                explicit_bzero(authorization, strlen(authorization));
        for (size_t i = 0; i < _HTTP_FIELD_COUNT; i++)
                free(request->fields[i]);
        free(request->path);
        free(request->query);
        *request = (HttpRequest){};
}

bool http_field_has(const char *field, const char *word, bool has_case)
{
        int (*compare)(const char *, const char *, size_t) = has_case ? strncmp : strncasecmp;
        const size_t length = strlen(word);

        while (field && *field) {
                size_t part;

                field += strspn(field, ", \t");
                part = strcspn(field, ", \t");
                if (part == length && compare(field, word, length) == 0)
                        return true;
                field += part;
        }
        return false;
}
