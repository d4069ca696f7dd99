/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl acl-test: what the access rules say, and which of them. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/access.h"
#include "admin/acl-source.h"
#include "admin/hawkerd.h"
#include "mqtt/topic.h"
#include "util/config-errors.h"
#include "util/utf8.h"

/* As grep has it. */
enum { EXIT_ALLOWED = 0, EXIT_DENIED = 1, EXIT_TROUBLE = 2 };

enum { OPTION_ACL = 256, OPTION_COMPAT, OPTION_CONFIG };

static const struct option options[] = {
        {"acl", required_argument, NULL, OPTION_ACL},
        {"compat", no_argument, NULL, OPTION_COMPAT},
        {"config", required_argument, NULL, OPTION_CONFIG},
        {"help", no_argument, NULL, 'h'},
        {},
};

static const struct {
        const char *word;
        AccessKind kind;
} kinds[] = {
        {"publish", ACCESS_PUBLISH},
        {"receive", ACCESS_RECEIVE},
        {"subscribe", ACCESS_SUBSCRIBE},
};

/* Strings are those of argv. */
typedef struct Question {
        const char *configuration; /* NULL: that of the service */
        const char *path;          /* of the rules; NULL: what the configuration says */
        bool is_loose;
        AccessRequest request;
} Question;

static int print_help(void)
{
        puts("Usage: hawkerctl acl-test [OPTION]... USER CLIENT publish|receive|subscribe TOPIC\n"
             "\n"
             "USER is - for a client that does not say who it is. TOPIC is what the broker knows,\n"
             "with the listener's mount point; to subscribe, it is a filter.\n"
             "\n"
             "      --acl FILE      the rules of this file\n"
             "      --compat        (--acl) as with acl_pattern_match compat\n"
             "      --config FILE   the rules of this configuration, not those of the service\n"
             "  -h, --help          print this\n"
             "\n"
             "Exit status: 0 allowed, 1 denied, 2 that cannot be told.");
        return EXIT_ALLOWED;
}

static int usage(const char *what, const char *word)
{
        fprintf(stderr, "hawkerctl: acl-test: %s%s\nTry 'hawkerctl acl-test --help'.\n", what,
                word);
        return EXIT_TROUBLE;
}

/* --- the question --- */

/* -1: go on. */
static int parse_options(const Command *command, Question *question)
{
        int option;

        optind = 0;
        while ((option = getopt_long(command->argc, command->argv, "h", options, NULL)) != -1) {
                if (option == 'h')
                        return print_help();
                if (option == '?') {
                        fputs("Try 'hawkerctl acl-test --help'.\n", stderr);
                        return EXIT_TROUBLE;
                }
                if (option == OPTION_ACL)
                        question->path = optarg;
                if (option == OPTION_CONFIG)
                        question->configuration = optarg;
                question->is_loose |= option == OPTION_COMPAT;
        }
        if (question->path && question->configuration)
                return usage("--acl or --config", "");
        if (question->is_loose && !question->path)
                return usage("--compat goes with --acl: a configuration says it itself", "");
        return -1;
}

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

static int parse_words(const Command *command, Question *question)
{
        AccessRequest *request = &question->request;
        char **words = command->argv + optind;

        if (command->argc - optind != 4)
                return usage("it takes USER, CLIENT, what to do, and TOPIC", "");
        if (strcmp(words[0], "-") != 0)
                request->subject.username = bytes_from_string(words[0]);
        request->subject.client_id = bytes_from_string(words[1]);
        if (!find_kind(words[2], &request->kind))
                return usage("publish, receive or subscribe, not ", words[2]);
        if (!parse_topic(request, bytes_from_string(words[3])))
                return usage(request->kind == ACCESS_SUBSCRIBE ? "this is no topic filter: "
                                                               : "this is no topic: ",
                             words[3]);
        return -1;
}

/* --- the rules --- */

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

/* --- the answer --- */

static void print_rule(const AclSource *source, const Acl *acl, const AclRule *rule)
{
        Bytes text = acl_line(acl, rule->line);

        while (text.length > 0 && strchr(" \t\r", text.data[text.length - 1]))
                text.length--;
        printf("%s:%u: %.*s\n", source->path, rule->line, (int)text.length,
               (const char *)text.data);
}

static void print_reason_of_filter(const AclSource *source, const AccessRequest *request)
{
        AclReasons reasons;
        AclRelation relation;

        relation = acl_explain_filter(request->acl, &request->subject, request->topic, &reasons);
        if (reasons.allowing)
                print_rule(source, request->acl, reasons.allowing);
        if (reasons.denying)
                print_rule(source, request->acl, reasons.denying);
        else if (relation != ACL_COVERS)
                printf("%s: no rule allows %s\n", source->path,
                       relation == ACL_APART ? "it" : "the rest");
}

static void print_reason(const AclSource *source, const AccessRequest *request, bool is_allowed)
{
        const unsigned access = request->kind == ACCESS_PUBLISH ? ACL_WRITE : ACL_READ;
        const AclRule *rule;
        bool is_pattern;

        rule = acl_explain(request->acl, &request->subject, access, request->topic, &is_pattern);
        if (rule && !is_allowed && !(rule->bits & ACL_DENY))
                puts("nobody may publish it: it is the broker's own");
        else if (rule)
                print_rule(source, request->acl, rule);
        else
                printf("%s: no rule allows it\n", source->path);
}

static int answer(const AclSource *source, const AccessRequest *request)
{
        bool is_partial, is_allowed = access_check(request, &is_partial) == 0;

        if (request->kind == ACCESS_SUBSCRIBE)
                puts(!is_allowed  ? "denied: nothing that the filter matches may be read"
                     : is_partial ? "allowed: some of what the filter matches may be read"
                                  : "allowed: all that the filter matches may be read");
        else
                puts(is_allowed ? "allowed" : "denied");
        if (!request->acl)
                puts(is_allowed ? "there is no acl_file"
                                : "nobody may publish it: it is the broker's own");
        else if (request->kind == ACCESS_SUBSCRIBE)
                print_reason_of_filter(source, request);
        else
                print_reason(source, request, is_allowed);
        return is_allowed ? EXIT_ALLOWED : EXIT_DENIED;
}

int verb_acl_test(const Command *command)
{
        _cleanup_(acl_source_done) AclSource source = {};
        _cleanup_(acl_unrefp) Acl *acl = NULL;
        Question question = {};
        int status;

        status = parse_options(command, &question);
        if (status < 0)
                status = parse_words(command, &question);
        if (status >= 0)
                return status;
        status = find_source(command, &question, &source);
        if (status == EXIT_DONE && source.path)
                status = load(&source, &acl);
        if (status != EXIT_DONE)
                return status;
        if (acl) {
                question.request.acl = acl;
                question.request.rules = acl_find(acl, question.request.subject.username);
        }
        return answer(&source, &question.request);
}
