/* SPDX-License-Identifier: Apache-2.0 */

/* May it do that, for people. */

#include "access/access-explain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mqtt/topic.h"
#include "util/utf8.h"

#define NO_RULES    "there is no acl_file"
#define THE_BROKERS "nobody may publish it: it is the broker's own"

/* --- the question --- */

static const struct {
        const char *word;
        AccessKind kind;
} kinds[] = {
        {"publish", ACCESS_PUBLISH},
        {"receive", ACCESS_RECEIVE},
        {"subscribe", ACCESS_SUBSCRIBE},
};

static bool find_kind(const char *word, AccessKind *ret_kind)
{
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (strcmp(kinds[i].word, word) == 0) {
                        *ret_kind = kinds[i].kind;
                        return true;
                }
        return false;
}

/* The topic as access_check() takes it. */
static bool parse_topic(AccessRequest *request, Bytes text)
{
        TopicFilter filter;

        if (!utf8_is_valid(text.data, text.length))
                return false;
        request->topic = text;
        if (request->kind != ACCESS_SUBSCRIBE)
                return topic_name_is_valid(text);
        if (topic_filter_parse(text, &filter) != 0)
                return false;
        request->topic = filter.filter;
        return true;
}

const char *access_words_parse(const AccessWords *words, AccessRequest *ret_request)
{
        AccessRequest request = {.subject.client_id = bytes_from_string(words->client)};

        if (words->user)
                request.subject.username = bytes_from_string(words->user);
        if (!find_kind(words->action, &request.kind))
                return "what it does is publish, receive or subscribe";
        if (!parse_topic(&request, bytes_from_string(words->topic)))
                return request.kind == ACCESS_SUBSCRIBE ? "that is no topic filter"
                                                        : "that is no topic";
        *ret_request = request;
        return NULL;
}

/* --- the answer --- */

int access_answer_add(AccessAnswer *answer, const char *format, ...)
{
        _cleanup_free_ char *line = NULL;
        va_list arguments;
        int n, r;

        va_start(arguments, format);
        n = vasprintf(&line, format, arguments);
        va_end(arguments);
        if (n < 0)
                return -ENOMEM;
        r = buffer_append(&answer->reasons, line, (size_t)n);
        return r == 0 ? buffer_append(&answer->reasons, "\n", 1) : r;
}

static int add_rule(AccessAnswer *answer, const char *path, const Acl *acl, const AclRule *rule)
{
        Bytes text = acl_line(acl, rule->line);

        while (text.length > 0 && strchr(" \t\r", text.data[text.length - 1]))
                text.length--;
        return access_answer_add(answer, "%s:%u: %.*s", path, rule->line, (int)text.length,
                                 (const char *)text.data);
}

static int explain_filter(const AccessRequest *request, const char *path, AccessAnswer *answer)
{
        AclReasons reasons;
        AclRelation relation;
        int r = 0;

        relation = acl_explain_filter(request->acl, &request->subject, request->topic, &reasons);
        if (reasons.allowing)
                r = add_rule(answer, path, request->acl, reasons.allowing);
        if (r == 0 && reasons.denying)
                r = add_rule(answer, path, request->acl, reasons.denying);
        else if (r == 0 && relation != ACL_COVERS)
                r = access_answer_add(answer, "%s: no rule allows %s", path,
                                      relation == ACL_APART ? "it" : "the rest");
        return r;
}

static int explain_topic(const AccessRequest *request, const char *path, AccessAnswer *answer)
{
        const unsigned access = request->kind == ACCESS_PUBLISH ? ACL_WRITE : ACL_READ;
        const AclRule *rule;
        bool is_pattern;

        rule = acl_explain(request->acl, &request->subject, access, request->topic, &is_pattern);
        if (!rule)
                return access_answer_add(answer, "%s: no rule allows it", path);
        if (!answer->is_allowed && !(rule->bits & ACL_DENY))
                return access_answer_add(answer, THE_BROKERS);
        return add_rule(answer, path, request->acl, rule);
}

static const char *text_of(const AccessRequest *request, bool is_allowed, bool is_partial)
{
        if (request->kind != ACCESS_SUBSCRIBE)
                return is_allowed ? "allowed" : "denied";
        if (!is_allowed)
                return "denied: nothing that the filter matches may be read";
        return is_partial ? "allowed: some of what the filter matches may be read"
                          : "allowed: all that the filter matches may be read";
}

int access_explain(const AccessRequest *request, const char *path, AccessAnswer *ret_answer)
{
        AccessRequest complete = *request;
        AccessAnswer answer = {};
        bool is_partial;
        int r;

        if (complete.acl)
                complete.rules = acl_find(complete.acl, complete.subject.username);
        answer.is_allowed = access_check(&complete, &is_partial) == 0;
        answer.text = text_of(&complete, answer.is_allowed, is_partial);
        if (!complete.acl)
                r = access_answer_add(&answer, "%s", answer.is_allowed ? NO_RULES : THE_BROKERS);
        else if (complete.kind == ACCESS_SUBSCRIBE)
                r = explain_filter(&complete, path, &answer);
        else
                r = explain_topic(&complete, path, &answer);
        if (r < 0)
                buffer_done(&answer.reasons);
        else
                *ret_answer = answer;
        return r;
}
