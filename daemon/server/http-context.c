/* SPDX-License-Identifier: Apache-2.0 */
/* http-context.c: the context of libwebsockets. */

#include "server/http-context.h"

#include <errno.h>
#include <fcntl.h>
#include <libwebsockets.h>
#include <string.h>
#include <unistd.h>

#include "server/http-call.h"
#include "util/log.h"
#include "util/loop.h"

/* Its own sockets, beside those of calls. */
#define OWN_FDS 8
/* Of a message: what is kept of what the worker has no room for. */
#define PIECE 4096

static int event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                 size_t length)
{
        HttpCall *call = wsi ? lws_get_opaque_user_data(wsi) : NULL;

        if (reason == LWS_CALLBACK_RAW_RX_FILE) /* no call's */
                loop_turn(lws_context_user(lws_get_context(wsi)), 0);
        if (!call)
                return 0;
        call->wsi = wsi;
        switch ((int)reason) {
        case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
                return http_call_upgrade(call);
        case LWS_CALLBACK_HTTP:
                return http_call_answer(call);
        case LWS_CALLBACK_HTTP_WRITEABLE:
                return http_call_send(call);
        case LWS_CALLBACK_ESTABLISHED:
                return http_call_upgraded(call);
        case LWS_CALLBACK_RECEIVE:
                return http_stream_receive(call->stream, in, length);
        case LWS_CALLBACK_SERVER_WRITEABLE:
                return http_stream_send(call->stream);
        case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
                http_stream_finish(call->stream);
                return 0;
        case LWS_CALLBACK_TIMER:
                return http_call_time_out(call);
        case LWS_CALLBACK_WSI_DESTROY:
                http_call_closed(call);
                return 0;
        default:
                return 0;
        }
}

/* The first is what a connection has before its upgrade; its name is no token, so that no client
 * can ask for it. Extensions there are none: permessage-deflate of 4.1.6 aborts the process over
 * messages that are well-formed. */
static const struct lws_protocols protocols[] = {
        {.name = "no subprotocol", .callback = event},
        {.name = "mqtt", .callback = event, .rx_buffer_size = PIECE},
        {.name = "mqttv3.1", .callback = event, .rx_buffer_size = PIECE},
        {.name = NULL},
};

/* Whether a client lives is for MQTT to find out: it would ping, and end, those that are silent for
 * five minutes. */
static const lws_retry_bo_t no_pings = {};

static void take_line(int level, const char *line)
{
        log_at(LOG_CATEGORY_WEBSOCKETS, "libwebsockets: %.*s", (int)strcspn(line, "\n"), line);
}

void http_context_set_log(int mask)
{
        lws_set_log_level(mask, take_line);
}

/* It closes what it adopts. */
static int adopt_loop(struct lws_vhost *vhost, const Loop *loop)
{
        lws_sock_file_fd_type own = {.filefd = fcntl(loop->epoll_fd, F_DUPFD_CLOEXEC, 0)};

        if (own.filefd < 0)
                return -errno;
        return lws_adopt_descriptor_vhost(vhost, LWS_ADOPT_RAW_FILE_DESC, own, protocols[0].name,
                                          NULL)
                       ? 0
                       : -ENOMEM;
}

int http_context_new(unsigned n_calls, Loop *loop, struct lws_context **ret_context,
                     struct lws_vhost **ret_vhost)
{
        struct lws_context_creation_info info = {
                .port = CONTEXT_PORT_NO_LISTEN_SERVER,
                .protocols = protocols,
                .vhost_name = "hawker",
                .user = loop,
                .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                           LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME,
                .retry_and_idle_policy = &no_pings,
                .fd_limit_per_thread = n_calls + OWN_FDS,
                .max_http_header_data = UINT16_MAX,
                .max_http_header_pool2 = n_calls,
                .gid = (gid_t)-1,
                .uid = (uid_t)-1,
        };
        struct lws_context *context = lws_create_context(&info);
        struct lws_vhost *vhost;
        int r;

        if (!context)
                return -ENOMEM;
        vhost = lws_create_vhost(context, &info);
        r = vhost ? 0 : -ENOMEM;
        if (r == 0 && loop)
                r = adopt_loop(vhost, loop);
        if (r < 0) {
                lws_context_destroy(context);
                return r;
        }
        *ret_context = context;
        *ret_vhost = vhost;
        return 0;
}

void http_context_free(struct lws_context *context)
{
        if (context)
                lws_context_destroy(context);
}

int http_context_turn(struct lws_context *context)
{
        return lws_service(context, 0) < 0 ? -1 : 0;
}
