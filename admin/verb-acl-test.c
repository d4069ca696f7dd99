/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl acl-test: what the access rules say, and which of them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/access-explain.h"
#include "admin/acl-source.h"
#include "admin/broker.h"
#include "admin/hawkerd.h"
#include "admin/json.h"
#include "util/config-errors.h"

/* As grep has it. */
enum { EXIT_ALLOWED = 0, EXIT_DENIED = 1, EXIT_TROUBLE = 2 };

/* Strings are those of argv. */
typedef struct Question {
        const char *configuration; /* NULL: that of the service */
        const char *path;          /* of the rules; NULL: what the configuration says */
        bool is_loose;
        const char *address;
        const char *listener;
        AccessWords words;
        AccessRequest request; /* what the words say */
} Question;

/* --- the question --- */

/* -1: go on. */
static int parse_options(const Command *command, Question *question)
{
        *question = (Question){
                .path = command_value(command, "acl"),
                .configuration = command_value(command, "config"),
                .address = command_value(command, "address"),
                .listener = command_value(command, "listener"),
                .is_loose = command_has(command, "compat"),
        };
        if (question->path && question->configuration)
                return command_usage(command, "--acl or --config");
        if (question->is_loose && !question->path)
                return command_usage(command, "--compat goes with --acl: a configuration says it "
                                              "itself");
        if ((question->address || question->listener) &&
            (question->path || question->configuration))
                return command_usage(command,
                                     "--address and --listener are for a broker that runs");
        return -1;
}

static int parse_words(const Command *command, Question *question)
{
        char **words = command->words;
        const char *fault;

        question->words = (AccessWords){
                .user = strcmp(words[0], "-") == 0 ? NULL : words[0],
                .client = words[1],
                .action = words[2],
                .topic = words[3],
        };
        fault = access_words_parse(&question->words, &question->request);
        return fault ? command_usage(command, "%s", fault) : -1;
}

/* --- the answer, as lines or as JSON --- */

static void begin_answer(bool json, bool is_allowed, const char *text)
{
        if (!json) {
                puts(text);
                return;
        }
        printf("{\"allowed\":%s,\"answer\":", is_allowed ? "true" : "false");
        json_write_string(stdout, text);
        fputs(",\"reasons\":", stdout);
}

static void add_reason(bool json, size_t n, const char *reason)
{
        if (!json) {
                puts(reason);
                return;
        }
        fputc(n > 0 ? ',' : '[', stdout);
        json_write_string(stdout, reason);
}

static int end_answer(bool json, size_t n, bool is_allowed)
{
        if (json)
                puts(n > 0 ? "]}" : "[]}");
        return is_allowed ? EXIT_ALLOWED : EXIT_DENIED;
}

/* --- by files --- */

static int load(const AclSource *source, Acl **ret_acl)
{
        _cleanup_(config_errors_done) ConfigErrors errors = CONFIG_ERRORS_INIT;
        char line[1024];
        int r;

        r = acl_load(source->path, &(AclOptions){.is_loose = source->is_loose}, &errors, ret_acl);
        for (size_t i = 0; i < errors.n_items; i++)
                fprintf(stderr, "%s\n", config_error_format(&errors.items[i], line, sizeof(line)));
        if (r < 0 && r != -EINVAL)
                fprintf(stderr, "hawkerctl: %s: %s\n", source->path, strerror(-r));
        return r < 0 ? EXIT_TROUBLE : EXIT_DONE;
}

static int find_source(const Command *command, const Question *question, AclSource *ret_source)
{
        _cleanup_free_ char *of_service = hawkerd_configuration(command);
        const char *configuration = question->configuration ? question->configuration : of_service;

        if (question->path) {
                *ret_source = (AclSource){strdup(question->path), question->is_loose};
                return ret_source->path ? EXIT_DONE : EXIT_TROUBLE;
        }
        return configuration && acl_source_ask(configuration, ret_source) == EXIT_DONE
                       ? EXIT_DONE
                       : EXIT_TROUBLE;
}

/* Each reason is a line. */
static int print_explained(bool json, AccessAnswer *answer)
{
        const char *at = (const char *)buffer_head(&answer->reasons);
        const char *end = at + buffer_length(&answer->reasons);
        size_t n = 0;

        begin_answer(json, answer->is_allowed, answer->text);
        while (at < end) {
                const char *stop = memchr(at, '\n', (size_t)(end - at));
                const size_t length = (size_t)((stop ? stop : end) - at);
                _cleanup_free_ char *reason = strndup(at, length);

                if (reason)
                        add_reason(json, n++, reason);
                at += length + 1;
        }
        buffer_done(&answer->reasons);
        return end_answer(json, n, answer->is_allowed);
}

static int answer_by_files(const Command *command, const Question *question)
{
        _cleanup_(acl_source_done) AclSource source = {};
        _cleanup_(acl_unrefp) Acl *acl = NULL;
        AccessRequest request = question->request;
        AccessAnswer answer;
        int status;

        status = find_source(command, question, &source);
        if (status == EXIT_DONE && source.path)
                status = load(&source, &acl);
        if (status != EXIT_DONE)
                return status;
        request.acl = acl;
        if (access_explain(&request, source.path, &answer) < 0) {
                broker_failed(-ENOMEM);
                return EXIT_TROUBLE;
        }
        return print_explained(command->json, &answer);
}

/* --- by the broker --- */

static int print_answer(bool json, sd_bus_message *reply)
{
        const char *text, *reason;
        int is_allowed, r;
        size_t n = 0;

        r = sd_bus_message_read(reply, "bs", &is_allowed, &text);
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'a', "s");
        if (r >= 0)
                begin_answer(json, is_allowed, text);
        while (r >= 0 && (r = sd_bus_message_read(reply, "s", &reason)) > 0)
                add_reason(json, n++, reason);
        if (r < 0) {
                broker_failed(r);
                return EXIT_TROUBLE;
        }
        return end_answer(json, n, is_allowed);
}

static int answer_by_broker(const Command *command, const Question *question)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        const AccessWords *words = &question->words;
        _cleanup_(broker_done) Broker broker = {};
        int r;

        if (broker_init(&broker, command) != EXIT_DONE)
                return EXIT_TROUBLE;
        r = broker_new_call(&broker, BROKER_MANAGER, "TestAccess", &call);
        if (r >= 0)
                r = sd_bus_message_append(call, "ssssss", words->user ? words->user : "",
                                          words->client, words->action, words->topic,
                                          question->address ? question->address : "",
                                          question->listener ? question->listener : "");
        if (r < 0) {
                broker_failed(r);
                return EXIT_TROUBLE;
        }
        return broker_call(&broker, call, 0, &reply) == EXIT_DONE
                       ? print_answer(command->json, reply)
                       : EXIT_TROUBLE;
}

/* Only who asks for the broker's own knowledge needs it to run. */
static bool asks_broker(const Command *command, const Question *question)
{
        if (question->path || question->configuration)
                return false;
        if (question->address || question->listener || broker_is_running(command))
                return true;
        fputs("hawkerctl: the broker is not running: by its configuration\n", stderr);
        return false;
}

int verb_acl_test(const Command *command)
{
        Question question = {};
        int status;

        status = parse_options(command, &question);
        if (status < 0)
                status = parse_words(command, &question);
        if (status >= 0)
                return status;
        return asks_broker(command, &question) ? answer_by_broker(command, &question)
                                               : answer_by_files(command, &question);
}
