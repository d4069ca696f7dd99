/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer: requests to libwebsockets and what is behind it, without its thread. The first byte
 * chooses the kind of listener, the second one where the bytes are cut. */

#include <string.h>
#include <sys/socket.h>

#include "fuzz.h"
#include "server/http-call.h"
#include "server/http-context.h"

#define TURNS 1000

static struct lws_context *context;
static struct lws_vhost *vhost;
static Endpoint *endpoints[2];
static HttpDesk desk;

static Endpoint *make_endpoint(ListenerProtocol protocol)
{
        _cleanup_(settings_unrefp) Settings *settings = NULL;
        const uint16_t port = 9001;
        Endpoint *endpoint;

        must(settings_new_default(&port, 1, &settings) == 0);
        settings->listeners[0].protocol = protocol;
        settings->listeners[0].http_dir = strdup("/usr/share");
        settings->listeners[0].websockets_path = strdup("/mqtt\n/");
        settings->listeners[0].websockets_origin = strdup("https://a.example");
        must(endpoint_new(settings, &settings->listeners[0],
                          socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), &endpoint) == 0);
        return endpoint;
}

static void begin(void)
{
        http_context_set_log(0);
        must(http_context_new(16, NULL, &context, &vhost) == 0);
        must(http_desk_init(&desk) == 0);
        endpoints[0] = make_endpoint(LISTENER_WEBSOCKETS);
        endpoints[1] = make_endpoint(LISTENER_HTTP_API);
}

static void gone(HttpCall *call)
{
        *(bool *)call->owner = true;
        http_call_free(call);
}

/* The control thread: it answers all that is asked. */
static void answer(void)
{
        HttpAnswer page = {.status = 200, .type = "text/plain"};
        HttpQuestion *question;

        while ((question = http_desk_take(&desk))) {
                must(question->path[0] == '/' && !question->username == !question->password);
                must(http_answer_format(&page, question->is_head, &question->answer) == 0);
                must(question->call != NULL);
                http_call_reply(question->call, question);
                http_question_free(question);
        }
}

/* All or nothing: who has begun to answer has ended, and has answered once. */
static void check_answer(const char *text, size_t length)
{
        static const char line[] = "HTTP/1.";
        const size_t size = sizeof(line) - 1;

        must(length == 0 || (length > size && memcmp(text, line, size) == 0));
        must(length == 0 || memmem(text, length, "\r\n\r\n", 4));
        must(length == 0 || !memmem(text + 1, length - 1, line, size));
}

static void turn(int fd, const bool *is_gone, char *text, size_t size)
{
        size_t length = 0;
        ssize_t n;

        for (unsigned i = 0; !*is_gone; i++) {
                must(i < TURNS);
                must(http_context_turn(context) == 0);
                answer();
                n = recv(fd, text + length, size - length, MSG_DONTWAIT);
                length += n > 0 ? (size_t)n : 0;
                if (n == 0)
                        shutdown(fd, SHUT_RDWR);
        }
        while ((n = recv(fd, text + length, size - length, MSG_DONTWAIT)) > 0)
                length += (size_t)n;
        check_answer(text, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static char text[1 << 20];
        bool is_gone = false;
        HttpVisit *visit;
        HttpCall *call;
        size_t cut;
        int pair[2];

        if (!context)
                begin();
        if (size < 2 || size > 60000)
                return 0;
        cut = (size_t)data[1] < size - 2 ? data[1] : 0;
        must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
        must(http_visit_new(endpoints[data[0] & 1], data[0] & 2, data[0] & 4, "-", &visit) == 0);
        must(http_call_new(visit, pair[1], &desk, &call) == 0);
        call->gone = gone;
        call->owner = &is_gone;
        must(http_call_begin(call, vhost));
        if (cut > 0) {
                must(send(pair[0], data + 2, cut, MSG_NOSIGNAL) == (ssize_t)cut);
                must(http_context_turn(context) == 0);
        }
        send(pair[0], data + 2 + cut, size - 2 - cut, MSG_NOSIGNAL);
        shutdown(pair[0], SHUT_WR);
        turn(pair[0], &is_gone, text, sizeof(text));
        must(visit->references == 1);
        http_visit_unref(visit);
        close(pair[0]);
        return 0;
}
