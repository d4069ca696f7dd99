/* SPDX-License-Identifier: Apache-2.0 */
/* http-call.c: one visit as the HTTP thread has it. */

#include "server/http-call.h"

#include <errno.h>
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

#include "server/http-answer.h"
#include "server/http-desk.h"
#include "server/http-download.h"
#include "server/http-forwarded.h"
#include "server/http-request.h"
#include "server/http-upgrade.h"

/* What libwebsockets is given at once: it would keep and copy what the socket does not take. */
#define CHUNK 16384

int http_call_new(HttpVisit *visit, int fd, HttpDesk *desk, HttpCall **ret_call)
{
        HttpCall *call = calloc(1, sizeof(*call));

        if (!call)
                return -ENOMEM;
        call->visit = http_visit_ref(visit);
        call->fd = fd;
        call->desk = desk;
        call->may_stream = visit->payload_fd >= 0;
        call->file = HTTP_FILE_NONE;
        *ret_call = call;
        return 0;
}

HttpCall *http_call_free(HttpCall *call)
{
        if (!call)
                return NULL;
        if (call->fd >= 0)
                close(call->fd);
        http_stream_free(call->stream);
        http_visit_unref(call->visit);
        http_file_close(&call->file);
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

/* Takes the next part of the answer. Its size, 0 at the end, or -1: the file cannot be read, or has
 * become shorter. */
static ssize_t take_part(HttpCall *call, uint8_t *part, size_t size)
{
        size_t length = MIN(buffer_length(&call->out), size);
        ssize_t n;

        if (length > 0) {
                memcpy(part, buffer_head(&call->out), length);
                buffer_consume(&call->out, length);
                return (ssize_t)length;
        }
        length = (size_t)MIN(call->file.size, (uint64_t)size);
        if (call->file.fd < 0 || length == 0)
                return 0;
        n = read(call->file.fd, part, length);
        if (n <= 0)
                return -1;
        call->file.size -= (uint64_t)n;
        return n;
}

static bool is_over(const HttpCall *call)
{
        return buffer_length(&call->out) == 0 && (call->file.fd < 0 || call->file.size == 0);
}

/* It has as long again for each part. */
int http_call_send(HttpCall *call)
{
        uint8_t chunk[LWS_PRE + CHUNK];
        const ssize_t length = take_part(call, chunk + LWS_PRE, CHUNK);

        if (length <= 0 ||
            lws_write(call->wsi, chunk + LWS_PRE, (size_t)length, LWS_WRITE_HTTP) < (int)length)
                return -1;
        if (is_over(call) && !lws_partial_buffered(call->wsi))
                return -1;
        lws_set_timer_usecs(call->wsi, HTTP_CALL_TIMEOUT * LWS_USEC_PER_SEC);
        return lws_callback_on_writable(call->wsi) < 0 ? -1 : 0;
}

/* Begins to send what is to be sent. */
static int begin_answer(HttpCall *call, int r)
{
        return r < 0 ? -1 : http_call_send(call);
}

static int refuse(HttpCall *call, unsigned status)
{
        return begin_answer(call, http_answer_status(status, NULL, call->is_head, &call->out));
}

/* Who it is for, if who asks may say so. */
static void take_forwarded(HttpVisit *visit, const HttpRequest *request)
{
        const ListenerSettings *listener = visit->endpoint->listener;
        const char *field = request->fields[HTTP_FIELD_FORWARDED_FOR];

        if (visit->may_forward && field)
                visit->has_forwarded =
                        http_forwarded_parse(field, listener->proxies, listener->n_proxies,
                                             &visit->forwarded) == 0;
}

int http_call_upgrade(HttpCall *call)
{
        const ListenerSettings *listener = call->visit->endpoint->listener;
        HttpRequest request = {};
        unsigned status = 400;
        int r;

        r = http_request_init(&request, call->wsi);
        if (r == -ENOMEM)
                return -1;
        if (r == 0) {
                call->is_head = request.method == HTTP_HEAD;
                status = http_upgrade_check(&request, listener);
                take_forwarded(call->visit, &request);
        }
        http_request_done(&request);
        if (status == 0)
                return 0;
        refuse(call, status);
        return -1; /* anything else would not be a refusal; so little is sent at once */
}

int http_call_upgraded(HttpCall *call)
{
        if (!call->may_stream)
                return -1;
        return http_stream_new(call->loop, call->wsi, call->visit, &call->stream) < 0 ? -1 : 0;
}

/* Of the control thread; its answer comes by http_call_reply(), or the time is up. */
static int ask(HttpCall *call, const HttpRequest *request)
{
        _cleanup_(http_question_freep) HttpQuestion *question = NULL;
        int r;

        r = http_question_new(call->visit, request->path, request->query, &question);
        if (r == 0)
                r = http_question_authorize(
                        question, bytes_from_string(request->fields[HTTP_FIELD_AUTHORIZATION]));
        if (r < 0)
                return -1;
        if (request->fields[HTTP_FIELD_ACCEPT]) {
                question->accept = strdup(request->fields[HTTP_FIELD_ACCEPT]);
                if (!question->accept)
                        return -1;
        }
        question->is_head = call->is_head;
        question->call = call;
        lws_set_timer_usecs(call->wsi, HTTP_ANSWER_TIMEOUT * LWS_USEC_PER_SEC);
        call->question = question;
        http_desk_ask(call->desk, TAKE_PTR(question));
        return 0;
}

void http_call_reply(HttpCall *call, HttpQuestion *question)
{
        call->question = NULL;
        call->out = question->answer;
        question->answer = (Buffer){};
        lws_set_timer_usecs(call->wsi, HTTP_CALL_TIMEOUT * LWS_USEC_PER_SEC);
        lws_callback_on_writable(call->wsi);
}

int http_call_time_out(HttpCall *call)
{
        /* That of its request: what should cancel a timer makes 4.1.6 call at once. */
        if (call->stream)
                return 0;
        if (!call->question)
                return -1;
        http_desk_withdraw(call->desk, TAKE_PTR(call->question));
        return refuse(call, 503);
}

static int answer(HttpCall *call, const HttpRequest *request)
{
        const ListenerSettings *listener = call->visit->endpoint->listener;
        const unsigned status = http_request_check(request);
        int r;

        call->is_head = request->method == HTTP_HEAD;
        if (status > 0)
                return refuse(call, status);
        take_forwarded(call->visit, request);
        r = http_download_begin(request, listener->http_dir, &call->file, &call->out);
        if (r != -ENOENT)
                return r < 0 ? refuse(call, 500) : http_call_send(call);
        if (listener->protocol == LISTENER_HTTP_API)
                return ask(call, request);
        return refuse(call, 404);
}

int http_call_answer(HttpCall *call)
{
        HttpRequest request = {};
        int r;

        r = http_request_init(&request, call->wsi);
        if (r == -ENOMEM)
                return -1;
        r = r < 0 ? refuse(call, 400) : answer(call, &request);
        http_request_done(&request);
        return r;
}

void http_call_closed(HttpCall *call)
{
        call->wsi = NULL;
        if (call->question)
                http_desk_withdraw(call->desk, TAKE_PTR(call->question));
        if (!call->begins)
                call->gone(call);
}
