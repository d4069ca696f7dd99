/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What libwebsockets has read of a request, as far as it is looked at here.
 *
 * Thread: HTTP
 */
#pragma once

#include <stdbool.h>

#include "server/http-field.h"

struct lws;

typedef enum HttpMethod {
        HTTP_GET,
        HTTP_HEAD,
        HTTP_OTHER_METHOD,
} HttpMethod;

typedef struct HttpRequest {
        HttpMethod method;
        bool is_1_0;                     /* HTTP/1.0 */
        char *path;                      /* decoded, without . and .. and empty parts */
        char *query;                     /* decoded, its parts with & between; "": there is none */
        char *fields[_HTTP_FIELD_COUNT]; /* NULL: it is not there; several: with commas between */
} HttpRequest;

/* Copies it all. 0; -ENOMEM; or -EPROTO: what is there cannot be told. Nothing is to be freed then.
 */
int http_request_init(HttpRequest *request, struct lws *wsi);
/* Wipes it: there may be a password in it. Of one that is zeroed: nothing happens. */
void http_request_done(HttpRequest *request);

/* Whether one of the words of a field, which have commas between, is this one. */
bool http_field_has(const char *field, const char *word, bool has_case);
