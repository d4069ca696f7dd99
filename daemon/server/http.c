/* SPDX-License-Identifier: Apache-2.0 */
/* http.c: the HTTP thread, and what waits for it. */

#include "server/http.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "server/http-call.h"
#include "server/http-context.h"
#include "util/log.h"

struct Http {
        HttpDesk desk;
        pthread_mutex_t lock;         /* of all up to the line */
        List waiting;                 /* HttpCall: not libwebsockets' yet */
        unsigned n_visits, n_streams; /* of these */
        bool has_thread;              /* to be joined */
        bool runs;                    /* and it will look at `waiting` */
        bool ends;
        pthread_t thread;
        /* ---- */
        LoopSource wakeup; /* an eventfd: there is something to take */
        Loop loop;         /* of that, and of streams */
        struct lws_vhost *vhost;
        int log_mask;
};

/* The last one may come from the end of the context. */
static void call_gone(HttpCall *call)
{
        Http *http = call->owner;
        const bool may_stream = call->may_stream;

        http_call_free(call);
        pthread_mutex_lock(&http->lock);
        http->n_visits--;
        http->n_streams -= may_stream;
        pthread_mutex_unlock(&http->lock);
}

static void begin(Http *http, HttpCall *call)
{
        int mask = call->visit->endpoint->settings->websockets_log_level;

        if (mask != http->log_mask)
                http_context_set_log(http->log_mask = mask);
        call->loop = &http->loop;
        if (!http_call_begin(call, http->vhost))
                call_gone(call);
}

/* Takes what waits. False: the end. */
static bool take(Http *http, List *ret_calls)
{
        bool goes_on;

        pthread_mutex_lock(&http->lock);
        list_splice_tail(ret_calls, &http->waiting);
        goes_on = !http->ends;
        pthread_mutex_unlock(&http->lock);
        return goes_on;
}

static void drop(List *calls)
{
        list_foreach_safe (HttpCall, call, calls, link) {
                list_remove(&call->link);
                call_gone(call);
        }
}

static void reply(Http *http)
{
        HttpQuestion *question;

        while ((question = http_desk_fetch(&http->desk))) {
                if (question->call)
                        http_call_reply(question->call, question);
                http_question_free(question);
        }
}

static void serve(Http *http, struct lws_context *context)
{
        List calls;
        bool goes_on;

        list_init(&calls);
        while ((goes_on = take(http, &calls))) {
                list_foreach_safe (HttpCall, call, &calls, link) {
                        list_remove(&call->link);
                        begin(http, call);
                }
                reply(http);
                if (http_context_turn(context) < 0)
                        break;
        }
        if (goes_on)
                log_error("The HTTP thread failed; the next connection starts another one");
        drop(&calls);
}

/* What comes from here on starts another thread; this one touches nothing any more. */
static void end(Http *http)
{
        List calls;
        bool ended = false;

        list_init(&calls);
        while (!ended) {
                drop(&calls);
                pthread_mutex_lock(&http->lock);
                list_splice_tail(&calls, &http->waiting);
                ended = list_is_empty(&calls);
                if (ended)
                        http->runs = false;
                pthread_mutex_unlock(&http->lock);
        }
}

/* That is all. */
static void woken(LoopSource *source, uint32_t events)
{
        eventfd_t n;

        eventfd_read(source->fd, &n);
}

/* 0, or -errno: it could not begin. */
static int run_context(Http *http)
{
        struct lws_context *context = NULL;
        int r;

        r = loop_add(&http->loop, &http->wakeup, EPOLLIN);
        if (r == 0)
                r = http_context_new(HTTP_VISITS_MAX, &http->loop, &context, &http->vhost);
        if (r == 0)
                serve(http, context);
        http_context_free(context);
        loop_remove(&http->loop, &http->wakeup);
        return r;
}

static void *run(void *data)
{
        Http *http = data;
        int r;

        http_context_set_log(http->log_mask);
        r = loop_init(&http->loop);
        if (r == 0) {
                r = run_context(http);
                loop_done(&http->loop);
        }
        if (r < 0)
                log_error("libwebsockets cannot begin");
        end(http);
        return NULL;
}

/* With the lock. Signals are for others. */
static int start(Http *http)
{
        sigset_t all, old;
        int r;

        if (http->has_thread)
                pthread_join(http->thread, NULL);
        http->has_thread = false;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &old);
        r = -pthread_create(&http->thread, NULL, run, http);
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        if (r < 0)
                return r;
        pthread_setname_np(http->thread, "http");
        http->has_thread = http->runs = true;
        return 0;
}

int http_new(Http **ret_http)
{
        Http *http = calloc(1, sizeof(*http));
        int r;

        if (!http)
                return -ENOMEM;
        http->wakeup = (LoopSource){
                .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                .ready = woken,
        };
        r = http->wakeup.fd < 0 ? -errno : http_desk_init(&http->desk);
        if (r < 0) {
                if (http->wakeup.fd >= 0)
                        close(http->wakeup.fd);
                free(http);
                return r;
        }
        pthread_mutex_init(&http->lock, NULL);
        list_init(&http->waiting);
        *ret_http = http;
        return 0;
}

/* Before there is a thread, too: the next one finds it. */
static void wake(Http *http)
{
        eventfd_write(http->wakeup.fd, 1);
}

Http *http_free(Http *http)
{
        if (!http)
                return NULL;
        pthread_mutex_lock(&http->lock);
        http->ends = true;
        pthread_mutex_unlock(&http->lock);
        wake(http);
        if (http->has_thread)
                pthread_join(http->thread, NULL);
        http_desk_done(&http->desk);
        pthread_mutex_destroy(&http->lock);
        close(http->wakeup.fd);
        free(http);
        return NULL;
}

/* With the lock. It is woken once for all that wait. */
static int push(Http *http, HttpCall *call)
{
        bool sleeps = list_is_empty(&http->waiting);
        int r;

        if (http->n_visits >= HTTP_VISITS_MAX ||
            (call->may_stream && http->n_streams >= HTTP_STREAMS_MAX))
                return -EBUSY;
        r = http->runs ? 0 : start(http);
        if (r < 0)
                return r;
        http->n_visits++;
        http->n_streams += call->may_stream;
        list_append(&http->waiting, &call->link);
        if (sleeps)
                wake(http);
        return 0;
}

int http_adopt(Http *http, HttpVisit *visit, int fd)
{
        _cleanup_(http_call_freep) HttpCall *call = NULL;
        int r;

        r = http_call_new(visit, fd, &http->desk, &call);
        if (r < 0)
                return r;
        call->owner = http;
        call->gone = call_gone;
        pthread_mutex_lock(&http->lock);
        r = push(http, call);
        pthread_mutex_unlock(&http->lock);
        if (r < 0) {
                call->fd = -1; /* the caller's still */
                return r;
        }
        TAKE_PTR(call);
        return 0;
}

int http_questions_fd(const Http *http)
{
        return http->desk.fd;
}

HttpQuestion *http_take_question(Http *http)
{
        HttpQuestion *question = http_desk_take(&http->desk);

        if (question)
                question->owner = http;
        return question;
}

void http_answer(HttpQuestion *question, HttpAnswer *answer)
{
        Http *http = question->owner;

        http_answer_format(answer, question->is_head, &question->answer);
        buffer_done(&answer->body);
        http_desk_answer(&http->desk, question);
        wake(http);
}
