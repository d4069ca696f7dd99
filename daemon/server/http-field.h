/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The fields of a request that are looked at. The others never get to libwebsockets, whose 4.1.6
 * takes what follows a name for a part of it if that is how a name begins which it knows
 * ("X-Auth"), and then waits for more.
 *
 * Thread: any
 */
#pragma once

#include "util/buffer.h"
#include "util/bytes.h"

typedef enum HttpField {
        HTTP_FIELD_HOST,
        HTTP_FIELD_UPGRADE,
        HTTP_FIELD_CONNECTION,
        HTTP_FIELD_WEBSOCKET_KEY,
        HTTP_FIELD_WEBSOCKET_VERSION,
        HTTP_FIELD_WEBSOCKET_PROTOCOL,
        HTTP_FIELD_ORIGIN,
        HTTP_FIELD_FORWARDED_FOR,
        HTTP_FIELD_ACCEPT,
        HTTP_FIELD_AUTHORIZATION,
        HTTP_FIELD_IF_NONE_MATCH,
        HTTP_FIELD_IF_MODIFIED_SINCE,
        HTTP_FIELD_CONTENT_LENGTH,
        HTTP_FIELD_TRANSFER_ENCODING,
        _HTTP_FIELD_COUNT,
} HttpField;

/* Appends the head of a request, which is whole and well-formed, without fields of other names. 0
 * or -ENOMEM. */
int http_field_filter(Bytes head, Buffer *to);
