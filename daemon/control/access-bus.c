/* SPDX-License-Identifier: Apache-2.0 */

/* TestAccess: what a client may do by the rules that are in force. */

#include "control/access-bus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "access/access-explain.h"
#include "control/ban-log.h"
#include "util/address.h"
#include "util/utf8.h"

#define INVALID_QUESTION "org.hawker.Error.InvalidQuestion"

/* As in the call: "" is not given. */
typedef struct Question {
        AccessWords words;
        const char *address;
        const char *listener;
        AccessRequest request;
} Question;

static void answer_done(AccessAnswer *answer)
{
        buffer_done(&answer->reasons);
}

/* --- the question --- */

static int read_question(sd_bus_message *call, Question *question, sd_bus_error *error)
{
        AccessWords *words = &question->words;
        const char *fault;
        int r;

        r = sd_bus_message_read(call, "ssssss", &words->user, &words->client, &words->action,
                                &words->topic, &question->address, &question->listener);
        if (r < 0)
                return r;
        if (!words->user[0])
                words->user = NULL;
        fault = access_words_parse(words, &question->request);
        return fault ? sd_bus_error_setf(error, INVALID_QUESTION, "%s %s: %s", words->action,
                                         words->topic, fault)
                     : 0;
}

/* The names of all, for who has to choose. */
static int set_choice(sd_bus_error *error, const Listeners *listeners, const char *why)
{
        char names[1024] = "";
        size_t used = 0;

        for (size_t i = 0; i < listeners->n && used < sizeof(names); i++)
                used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
                                         i > 0 ? ", " : "", listeners->items[i]->of->name);
        return sd_bus_error_setf(error, INVALID_QUESTION, "%s: %s", why, names);
}

static bool has_same_rules(const Listener *a, const Listener *b)
{
        return acl_equal(access_policy_acl(a->policy), access_policy_acl(b->policy)) &&
               bytes_equal(bytes_from_string(a->of->acl_file), bytes_from_string(b->of->acl_file));
}

/* Without a name the rules must be the same for all. NULL: there are no listeners. */
static int find_listener(const Listeners *listeners, const char *name, sd_bus_error *error,
                         const Listener **ret_listener)
{
        const Listener *found = NULL;

        for (size_t i = 0; i < listeners->n; i++) {
                const Listener *listener = listeners->items[i];

                if (name[0] && strcmp(name, listener->of->name) != 0)
                        continue;
                if (found && !name[0] && !has_same_rules(found, listener))
                        return set_choice(error, listeners,
                                          "Listeners have rules of their own: name one of");
                found = found ? found : listener;
        }
        if (!found && name[0])
                return set_choice(error, listeners, "There is no such listener, but");
        *ret_listener = found;
        return 0;
}

/* --- bans --- */

/* Whether one of what the client is said to be is banned, and which ban that is. */
static int find_ban(const Question *question, const BanTable *bans, sd_bus_error *error,
                    Ban *ret_ban)
{
        const AclSubject *subject = &question->request.subject;
        const uint64_t now = (uint64_t)time(NULL);
        Address address;

        if (question->address[0] && address_parse(question->address, 0, AF_UNSPEC, &address) < 0)
                return sd_bus_error_setf(error, INVALID_QUESTION, "'%s' is no address",
                                         question->address);
        if (!bans)
                return 0;
        return (question->address[0] &&
                ban_table_find_address(bans, (const struct sockaddr *)&address.storage, now,
                                       ret_ban)) ||
               (subject->username.length > 0 &&
                ban_table_find_name(bans, BAN_USER, subject->username, now, ret_ban)) ||
               ban_table_find_name(bans, BAN_CLIENT, subject->client_id, now, ret_ban);
}

/* 1: it is banned, and that is the answer; 0: it is not. */
static int judge_by_bans(const Manager *manager, const Question *question, sd_bus_error *error,
                         AccessAnswer *answer)
{
        _cleanup_(ban_table_unrefp) BanTable *bans = server_bans(manager->server);
        char end[BAN_END_MAX];
        Ban ban;
        int r;

        r = find_ban(question, bans, error, &ban);
        if (r <= 0)
                return r;
        answer->text = "denied: banned";
        r = access_answer_add(answer, "%s %s is banned %s%s%s", ban_kind_to_string(ban.kind),
                              ban.subject, ban_end_format(ban.until, end),
                              ban.reason[0] ? ": " : "", ban.reason);
        return r < 0 ? r : 1;
}

/* --- the answer --- */

static int add_authority(const AccessPolicy *policy, AccessKind kind, AccessAnswer *answer)
{
        const AccessParts parts = access_policy_parts(policy);
        const unsigned verb = kind == ACCESS_PUBLISH ? AUTHORITY_PUBLISH : AUTHORITY_SUBSCRIBE;

        if (!answer->is_allowed || kind == ACCESS_RECEIVE || !parts.authority ||
            !(parts.authority_asks & 1U << verb))
                return 0;
        return access_answer_add(answer, "auth_service %s is asked besides, and may deny it",
                                 authority_path(parts.authority));
}

static int judge(const Manager *manager, Question *question, sd_bus_error *error,
                 AccessAnswer *answer)
{
        const Listener *listener = NULL;
        int r;

        r = find_listener(&manager->listeners, question->listener, error, &listener);
        if (r < 0)
                return r;
        r = judge_by_bans(manager, question, error, answer);
        if (r != 0)
                return r;
        question->request.acl = access_policy_acl(listener ? listener->policy : NULL);
        r = access_explain(&question->request, listener ? listener->of->acl_file : NULL, answer);
        return r == 0 && listener ? add_authority(listener->policy, question->request.kind, answer)
                                  : r;
}

/* A file may have any bytes in it, a message of the bus not. */
static void make_text(uint8_t *line, size_t n)
{
        if (utf8_is_valid(line, n))
                return;
        for (size_t i = 0; i < n; i++)
                if (line[i] >= 0x80)
                        line[i] = '?';
}

static int append_lines(sd_bus_message *reply, Buffer *lines)
{
        int r = sd_bus_message_open_container(reply, 'a', "s");

        while (r >= 0 && buffer_length(lines) > 0) {
                uint8_t *begin = buffer_head(lines);
                uint8_t *end = memchr(begin, '\n', buffer_length(lines));

                *end = 0;
                make_text(begin, (size_t)(end - begin));
                r = sd_bus_message_append(reply, "s", begin);
                buffer_consume(lines, (size_t)(end + 1 - begin));
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

int access_bus_test(sd_bus_message *call, void *data, sd_bus_error *error)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(answer_done) AccessAnswer answer = {};
        Question question = {};
        int r;

        r = read_question(call, &question, error);
        if (r >= 0)
                r = judge(data, &question, error, &answer);
        if (r >= 0)
                r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = sd_bus_message_append(reply, "bs", answer.is_allowed, answer.text);
        if (r >= 0)
                r = append_lines(reply, &answer.reasons);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}
