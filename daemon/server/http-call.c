/* SPDX-License-Identifier: Apache-2.0 */
/* http-call.c: one visit as the HTTP thread has it. */

#include "server/http-call.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

#include "server/http-answer.h"

/* What libwebsockets is given at once: it would keep and copy what the socket does not take. */
#define CHUNK 16384

int http_call_new(HttpVisit *visit, int fd, HttpCall **ret_call)
{
        HttpCall *call = calloc(1, sizeof(*call));

        if (!call)
                return -ENOMEM;
        call->visit = http_visit_ref(visit);
        call->fd = fd;
        *ret_call = call;
        return 0;
}

HttpCall *http_call_free(HttpCall *call)
{
        if (!call)
                return NULL;
        if (call->fd >= 0)
                close(call->fd);
        http_visit_unref(call->visit);
        buffer_done(&call->out);
        free(call);
        return NULL;
}

bool http_call_begin(HttpCall *call, struct lws_vhost *vhost)
{
        lws_adopt_desc_t info = {
                .vh = vhost,
                .type = LWS_ADOPT_HTTP | LWS_ADOPT_SOCKET,
                .fd.sockfd = TAKE_FD(call->fd),
                .opaque = call,
        };

        call->begins = true;
        call->wsi = lws_adopt_descriptor_vhost_via_info(&info);
        call->begins = false;
        if (!call->wsi)
                return false;
        lws_set_timer_usecs(call->wsi, HTTP_CALL_TIMEOUT * LWS_USEC_PER_SEC);
        return true;
}

int http_call_send(HttpCall *call)
{
        uint8_t chunk[LWS_PRE + CHUNK];
        size_t length = MIN(buffer_length(&call->out), (size_t)CHUNK);

        memcpy(chunk + LWS_PRE, buffer_head(&call->out), length);
        buffer_consume(&call->out, length);
        if (lws_write(call->wsi, chunk + LWS_PRE, length, LWS_WRITE_HTTP) < (int)length)
                return -1;
        if (buffer_length(&call->out) == 0)
                return -1;
        return lws_callback_on_writable(call->wsi) < 0 ? -1 : 0;
}

/* Of libwebsockets: 0 goes on, -1 ends it. */
static int refuse(HttpCall *call, unsigned status, const char *fields)
{
        if (http_answer_status(status, fields, false, &call->out) < 0)
                return -1;
        return http_call_send(call);
}

int http_call_answer(HttpCall *call)
{
        return refuse(call, 404, NULL);
}

/* Whether one of our subprotocols is offered; which one, libwebsockets looks for itself. */
static bool offers_mqtt(struct lws *wsi)
{
        char offered[256], *rest = offered;
        const char *word;

        if (lws_hdr_copy(wsi, offered, sizeof(offered), WSI_TOKEN_PROTOCOL) <= 0)
                return false;
        while ((word = strsep(&rest, ", \t")))
                if (strcmp(word, "mqtt") == 0 || strcmp(word, "mqttv3.1") == 0)
                        return true;
        return false;
}

int http_call_upgrade(HttpCall *call)
{
        if (call->visit->endpoint->listener->protocol != LISTENER_WEBSOCKETS)
                return refuse(call, 404, NULL);
        if (!offers_mqtt(call->wsi))
                return refuse(call, 400, NULL);
        return 0;
}

void http_call_closed(HttpCall *call)
{
        call->wsi = NULL;
        if (!call->begins)
                call->gone(call);
}
