/* SPDX-License-Identifier: Apache-2.0 */

/* The pages of `protocol http_api`. */
#include "control/http-pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "access/proof.h"
#include "control/http-health.h"
#include "control/http-login.h"
#include "control/http-text.h"
#include "server/http.h"
#include "util/list.h"

/* Pages are asked for in slices: the bus and the watchdog have their turns. */
#define SLICE_MAX 16U
#define CHALLENGE "WWW-Authenticate: Basic realm=\"Hawker\", charset=\"UTF-8\"\r\n"

enum {
        OK = 200,
        UNAUTHORIZED = 401,
        FORBIDDEN = 403,
        NOT_FOUND = 404,
        INTERNAL_ERROR = 500,
        UNAVAILABLE = 503,
};

struct HttpPages {
        Manager *manager;
        sd_event_source *source;
        HttpLogins *logins;
        HttpHealth *health;
        List jobs; /* that wait for something */
};

/* One that waits. */
typedef struct Job {
        List link;
        HttpPages *pages;
        const struct Page *page;
        HttpQuestion *question; /* NULL: it is answered */
        HttpLogin *login;       /* while a password is checked */
        HttpCheck *check;       /* while workers are asked */
} Job;

typedef struct Page {
        const char *path;
        bool is_public;
        /* Makes the body. 0 or -errno. */
        int (*write)(const Manager *manager, const HttpQuestion *question, HttpAnswer *answer);
} Page;

/* --- what they say --- */

static int write_line(const char *line, HttpAnswer *answer)
{
        int r = buffer_append(&answer->body, line, strlen(line));

        answer->type = "text/plain; charset=utf-8";
        return r < 0 ? r : buffer_append(&answer->body, "\n", 1);
}

static int write_ready(const Manager *manager, const HttpQuestion *question, HttpAnswer *answer)
{
        char why[HTTP_WHY_MAX];

        if (http_is_ready(manager, why))
                return write_line("ready", answer);
        answer->status = UNAVAILABLE;
        return write_line(why, answer);
}

static int write_metrics(const Manager *manager, const HttpQuestion *question, HttpAnswer *answer)
{
        return http_text_metrics(manager, question->accept, &answer->type, &answer->body);
}

static int write_version(const Manager *manager, const HttpQuestion *question, HttpAnswer *answer)
{
        return write_line(VERSION, answer);
}

static int write_listeners(const Manager *manager, const HttpQuestion *question, HttpAnswer *answer)
{
        answer->type = "application/json";
        return http_text_listeners(&manager->listeners, &answer->body);
}

static int write_systree(const Manager *manager, const HttpQuestion *question, HttpAnswer *answer)
{
        answer->type = "application/json";
        return http_text_systree(manager->services.sys_topics, &answer->body);
}

/* Without write(): when all workers have said that they are alive. */
static const Page pages[] = {
        {"/metrics", false, write_metrics},
        {"/healthz", true, NULL},
        {"/readyz", true, write_ready},
        {"/api/v1/version", false, write_version},
        {"/api/v1/listeners", false, write_listeners},
        {"/api/v1/systree", false, write_systree},
};

static const Page *find(const char *path)
{
        for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
                if (strcmp(pages[i].path, path) == 0)
                        return &pages[i];
        return NULL;
}

/* --- answering --- */

static void say(HttpQuestion *question, unsigned status, const char *line)
{
        HttpAnswer answer = {
                .status = status,
                .fields = status == UNAUTHORIZED ? CHALLENGE : NULL,
        };

        /* Without memory it has no body: the status says it. */
        (void)write_line(line, &answer);
        http_answer(question, &answer);
}

static void answer_page(const Manager *manager, const Page *page, HttpQuestion *question)
{
        HttpAnswer answer = {.status = OK};

        if (page->write(manager, question, &answer) == 0) {
                http_answer(question, &answer);
                return;
        }
        buffer_done(&answer.body);
        say(question, INTERNAL_ERROR, "out of memory");
}

static Job *job_free(Job *job)
{
        if (!job)
                return NULL;
        http_login_abandon(job->login);
        http_check_free(job->check);
        if (job->question)
                say(job->question, UNAVAILABLE, "the broker ends");
        list_remove(&job->link);
        free(job);
        return NULL;
}

static Job *job_new(HttpPages *pages_of, const Page *page, HttpQuestion *question)
{
        Job *job = calloc(1, sizeof(*job));

        if (!job) {
                say(question, UNAVAILABLE, "out of memory");
                return NULL;
        }
        *job = (Job){.pages = pages_of, .page = page, .question = question};
        list_append(&pages_of->jobs, &job->link);
        return job;
}

/* --- whether it is alive --- */

static void on_checked(void *data, const char *why)
{
        Job *job = data;

        say(TAKE_PTR(job->question), why ? UNAVAILABLE : OK, why ? why : "ok");
        job_free(job);
}

static void check(HttpPages *pages_of, const Page *page, HttpQuestion *question)
{
        Job *job = job_new(pages_of, page, question);
        int r;

        if (!job)
                return;
        r = http_check_new(pages_of->health, job, &job->check);
        if (r == 0)
                return;
        say(TAKE_PTR(job->question), UNAVAILABLE, "out of memory");
        job_free(job);
}

/* --- who may read it --- */

static void refuse(HttpQuestion *question, int r)
{
        if (r == -EACCES) {
                say(question, FORBIDDEN, "nothing that counts here tells who you are");
                return;
        }
        if (r < 0 || !proof_was_refused(r)) {
                say(question, UNAVAILABLE, "nobody can say now whether you may");
                return;
        }
        if (question->username && !question->visit->failed_name)
                question->visit->failed_name = strdup(question->username);
        say(question, UNAUTHORIZED, "a name and its password are needed");
}

static void admit(const HttpPages *pages_of, const Page *page, HttpQuestion *question, int r,
                  const char *username)
{
        if (r != 0)
                refuse(question, r);
        else if (!http_login_may_read(question, username))
                say(question, username ? FORBIDDEN : UNAUTHORIZED, "you may not read $SYS/#");
        else
                answer_page(pages_of->manager, page, question);
}

static void on_proven(void *data, int r, const char *username)
{
        Job *job = data;

        job->login = NULL;
        admit(job->pages, job->page, TAKE_PTR(job->question), r, username);
        job_free(job);
}

static void ask_who(HttpPages *pages_of, const Page *page, HttpQuestion *question)
{
        Job *job = job_new(pages_of, page, question);
        const char *username = NULL;
        int r;

        if (!job)
                return;
        r = http_login_begin(pages_of->logins, question, job, &username, &job->login);
        if (r == -EINPROGRESS)
                return;
        admit(pages_of, page, TAKE_PTR(job->question), r, username);
        job_free(job);
}

/* --- its life --- */

static void take(HttpPages *pages_of, HttpQuestion *question)
{
        const Page *page = find(question->path);

        if (!page)
                say(question, NOT_FOUND, "there is no such page");
        else if (!page->is_public)
                ask_who(pages_of, page, question);
        else if (page->write)
                answer_page(pages_of->manager, page, question);
        else
                check(pages_of, page, question);
}

static int on_question(sd_event_source *source, int fd, uint32_t events, void *data)
{
        HttpPages *pages_of = data;
        Http *http = server_http(pages_of->manager->server);
        HttpQuestion *question;

        for (unsigned i = 0; i < SLICE_MAX && (question = http_take_question(http)); i++)
                take(pages_of, question);
        return 0;
}

int http_pages_new(Manager *manager, HttpPages **ret_pages)
{
        _cleanup_(http_pages_freep) HttpPages *made = calloc(1, sizeof(*made));
        Server *server = manager->server;
        int r;

        if (!made)
                return -ENOMEM;
        made->manager = manager;
        list_init(&made->jobs);
        r = http_logins_new(manager->event, server, on_proven, &made->logins);
        if (r >= 0)
                r = http_health_new(manager->event, server, on_checked, &made->health);
        if (r >= 0)
                r = sd_event_add_io(manager->event, &made->source,
                                    http_questions_fd(server_http(server)), EPOLLIN, on_question,
                                    made);
        if (r < 0)
                return r;
        *ret_pages = TAKE_PTR(made);
        return 0;
}

HttpPages *http_pages_free(HttpPages *pages_of)
{
        if (!pages_of)
                return NULL;
        sd_event_source_disable_unref(pages_of->source);
        while (!list_is_empty(&pages_of->jobs))
                job_free(container_of(pages_of->jobs.next, Job, link));
        http_logins_free(pages_of->logins);
        http_health_free(pages_of->health);
        free(pages_of);
        return NULL;
}
