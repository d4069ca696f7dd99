/* SPDX-License-Identifier: Apache-2.0 */
/* http-question.c: a page that somebody asks for. */

#include "server/http-question.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/base64.h"

#define SCHEME "Basic "

int http_question_new(HttpVisit *visit, const char *path, const char *query,
                      HttpQuestion **ret_question)
{
        _cleanup_(http_question_freep) HttpQuestion *question = calloc(1, sizeof(*question));

        if (!question)
                return -ENOMEM;
        question->visit = http_visit_ref(visit);
        question->path = strdup(path);
        question->query = strdup(query);
        if (!question->path || !question->query)
                return -ENOMEM;
        *ret_question = TAKE_PTR(question);
        return 0;
}

static void forget_secret(char *secret)
{
        if (secret)
                explicit_bzero(secret, strlen(secret));
        free(secret);
}

HttpQuestion *http_question_free(HttpQuestion *question)
{
        if (!question)
                return NULL;
        free(question->path);
        free(question->query);
        free(question->accept);
        free(question->username);
        forget_secret(question->password);
        http_visit_unref(question->visit);
        buffer_done(&question->answer);
        free(question);
        return NULL;
}

/* Both are texts: what is behind a NUL would not be compared. The name ends at the first colon
 * (RFC 7617, 2). */
static int set_credentials(HttpQuestion *question, char *text, size_t length)
{
        char *colon = memchr(text, ':', length), *username, *password;

        if (!colon || memchr(text, 0, length))
                return 0;
        *colon = 0;
        username = strdup(text);
        password = strdup(colon + 1);
        if (!username || !password) {
                free(username);
                forget_secret(password);
                return -ENOMEM;
        }
        question->username = username;
        question->password = password;
        return 0;
}

int http_question_authorize(HttpQuestion *question, Bytes authorization)
{
        const size_t scheme = strlen(SCHEME), size = authorization.length;
        Bytes text;
        char *copy;
        int r = 0;

        if (question->username || size <= scheme ||
            strncasecmp((const char *)authorization.data, SCHEME, scheme) != 0)
                return 0;
        copy = malloc(size);
        if (!copy)
                return -ENOMEM;
        authorization.data += scheme;
        authorization.length -= scheme;
        if (base64_decode(authorization, (uint8_t *)copy, size - 1, &text)) {
                copy[text.length] = 0;
                r = set_credentials(question, copy, text.length);
        }
        explicit_bzero(copy, size);
        free(copy);
        return r;
}
