/* SPDX-License-Identifier: Apache-2.0 */
/* http-desk.c: where questions and answers wait. */

#include "server/http-desk.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int http_desk_init(HttpDesk *desk)
{
        desk->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (desk->fd < 0)
                return -errno;
        pthread_mutex_init(&desk->lock, NULL);
        list_init(&desk->asked);
        list_init(&desk->answered);
        return 0;
}

static void drop(List *questions)
{
        list_foreach_safe (HttpQuestion, question, questions, link) {
                list_remove(&question->link);
                http_question_free(question);
        }
}

void http_desk_done(HttpDesk *desk)
{
        drop(&desk->asked);
        drop(&desk->answered);
        pthread_mutex_destroy(&desk->lock);
        close(desk->fd);
}

/* With the lock, whenever `asked` is not empty any more, or empty again. */
static void show(HttpDesk *desk)
{
        uint64_t count = 1;

        if (list_is_empty(&desk->asked))
                (void)!read(desk->fd, &count, sizeof(count));
        else
                (void)!write(desk->fd, &count, sizeof(count));
}

void http_desk_ask(HttpDesk *desk, HttpQuestion *question)
{
        bool was_empty;

        pthread_mutex_lock(&desk->lock);
        was_empty = list_is_empty(&desk->asked);
        list_append(&desk->asked, &question->link);
        if (was_empty)
                show(desk);
        pthread_mutex_unlock(&desk->lock);
}

/* With the lock. */
static void take_off(HttpDesk *desk, HttpQuestion *question)
{
        list_remove(&question->link);
        if (list_is_empty(&desk->asked))
                show(desk);
}

void http_desk_withdraw(HttpDesk *desk, HttpQuestion *question)
{
        pthread_mutex_lock(&desk->lock);
        question->call = NULL;
        if (question->is_taken)
                question = NULL;
        else
                take_off(desk, question);
        pthread_mutex_unlock(&desk->lock);
        http_question_free(question);
}

HttpQuestion *http_desk_take(HttpDesk *desk)
{
        HttpQuestion *question;

        pthread_mutex_lock(&desk->lock);
        question = list_first_entry(&desk->asked, HttpQuestion, link);
        if (question) {
                take_off(desk, question);
                question->is_taken = true;
        }
        pthread_mutex_unlock(&desk->lock);
        return question;
}

void http_desk_answer(HttpDesk *desk, HttpQuestion *question)
{
        pthread_mutex_lock(&desk->lock);
        list_append(&desk->answered, &question->link);
        pthread_mutex_unlock(&desk->lock);
}

HttpQuestion *http_desk_fetch(HttpDesk *desk)
{
        HttpQuestion *question;

        pthread_mutex_lock(&desk->lock);
        question = list_first_entry(&desk->answered, HttpQuestion, link);
        if (question)
                list_remove(&question->link);
        pthread_mutex_unlock(&desk->lock);
        return question;
}
