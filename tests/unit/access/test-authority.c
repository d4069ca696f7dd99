/* SPDX-License-Identifier: Apache-2.0 */

/* An authority: the language, what is kept, and what becomes of a service that is not well. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "access/authority-cache.h"
#include "access/authority.h"

static const AuthorityQuestion plain = {
        .verb = AUTHORITY_PUBLISH,
        .client_id = BYTES_LITERAL("c"),
        .username = BYTES_LITERAL("ada"),
        .topic = BYTES_LITERAL("a/b"),
        .listener = "1883",
};

/* --- the language --- */

static void test_questions(void)
{
        static const struct {
                AuthorityQuestion question;
                const char *line;
        } cases[] = {
                {{.verb = AUTHORITY_CONNECT,
                  .client_id = BYTES_LITERAL("c\"\n"),
                  .username = BYTES_LITERAL("\xc3\xa4"),
                  .password = BYTES_LITERAL("p"),
                  .listener = "1883",
                  .address = "192.0.2.1:5"},
                 "{\"ask\":\"connect\",\"client_id\":\"c\\\"\\n\",\"username\":\"\xc3\xa4\","
                 "\"password\":\"p\",\"listener\":\"1883\",\"address\":\"192.0.2.1:5\"}\n"},
                {{.verb = AUTHORITY_CONNECT, .password = BYTES_LITERAL("\xff\0x")},
                 "{\"ask\":\"connect\",\"password_base64\":\"/wB4\"}\n"},
                {{.verb = AUTHORITY_SUBSCRIBE,
                  .username = BYTES_LITERAL(""),
                  .topic = BYTES_LITERAL("#")},
                 "{\"ask\":\"subscribe\",\"username\":\"\",\"topic\":\"#\"}\n"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *line = NULL;

                g_assert_cmpint(authority_write(&cases[i].question, &line), ==, 0);
                g_assert_cmpstr(line, ==, cases[i].line);
        }
}

static void test_answers(void)
{
        static const struct {
                const char *line;
                int result;
                bool allow;
                unsigned ttl;
        } cases[] = {
                {"{\"allow\":true}", 0, true, 0},
                {"{\"allow\":false,\"ttl\":5,\"why\":\"x\"}", 0, false, 5},
                {"{\"allow\":true,\"ttl\":99999999999}", 0, true, AUTHORITY_TTL_MAX},
                {"{\"allow\":1}", -EBADMSG},
                {"{\"allow\":\"true\"}", -EBADMSG},
                {"{\"allow\":true,\"allow\":true}", -EBADMSG},
                {"{\"allow\":true,\"ttl\":-1}", -EBADMSG},
                {"{\"allow\":true,\"ttl\":1.5}", -EBADMSG},
                {"{}", -EBADMSG},
                {"true", -EBADMSG},
                {"[]", -EBADMSG},
                {"", -EBADMSG},
                {"{\"allow\":true} {}", -EBADMSG},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                AuthorityAnswer answer = {};

                g_test_message("%s", cases[i].line);
                g_assert_cmpint(authority_read(bytes_from_string(cases[i].line), &answer), ==,
                                cases[i].result);
                g_assert_cmpint(answer.allow, ==, cases[i].allow);
                g_assert_cmpuint(answer.ttl, ==, cases[i].ttl);
        }
}

/* --- what is kept --- */

static void test_answers_hold_for_their_time(void)
{
        _cleanup_(authority_cache_freep) AuthorityCache *cache = NULL;
        bool allow;

        g_assert_cmpint(authority_cache_new(2, &cache), ==, 0);
        g_assert_false(authority_cache_find(cache, BYTES_LITERAL("a"), 0, &allow));
        authority_cache_put(cache, BYTES_LITERAL("a"), 10, true);
        authority_cache_put(cache, BYTES_LITERAL("b"), 20, true);
        authority_cache_put(cache, BYTES_LITERAL("b"), 20, false);
        g_assert_true(authority_cache_find(cache, BYTES_LITERAL("a"), 9, &allow) && allow);
        g_assert_true(authority_cache_find(cache, BYTES_LITERAL("b"), 9, &allow) && !allow);
        g_assert_false(authority_cache_find(cache, BYTES_LITERAL("a"), 10, &allow));
        authority_cache_put(cache, BYTES_LITERAL("a"), 20, true);
        g_assert_true(authority_cache_find(cache, BYTES_LITERAL("b"), 10, &allow));
        authority_cache_put(cache, BYTES_LITERAL("c"), 20, true); /* a waits for longer */
        g_assert_false(authority_cache_find(cache, BYTES_LITERAL("a"), 10, &allow));
        g_assert_true(authority_cache_find(cache, BYTES_LITERAL("b"), 10, &allow));
        g_assert_true(authority_cache_find(cache, BYTES_LITERAL("c"), 10, &allow));
        authority_cache_clear(cache);
        g_assert_false(authority_cache_find(cache, BYTES_LITERAL("b"), 10, &allow));
        g_assert_false(authority_cache_find(cache, BYTES_LITERAL("c"), 10, &allow));
        authority_cache_put(cache, BYTES_LITERAL("c"), 20, true);
        g_assert_true(authority_cache_find(cache, BYTES_LITERAL("c"), 10, &allow));
}

/* --- a service --- */

typedef struct Service {
        char *folder, *path;
        int fd;
        GThread *thread;
        const char *reply; /* NULL: none; "": it closes */
        int n_questions, n_connections;
        int stop[2];
} Service;

static bool readable(int fd, int stop)
{
        struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = stop, .events = POLLIN}};

        g_assert_cmpint(poll(fds, 2, -1), >, 0);
        return !(fds[1].revents & POLLIN) && fds[0].revents;
}

/* One client at a time. */
static gpointer serve(gpointer data)
{
        Service *service = data;
        char line[1024];

        while (readable(service->fd, service->stop[0])) {
                int fd = accept(service->fd, NULL, NULL);

                g_atomic_int_inc(&service->n_connections);
                while (readable(fd, service->stop[0]) && read(fd, line, sizeof(line)) > 0) {
                        const char *reply = g_atomic_pointer_get(&service->reply);

                        g_atomic_int_inc(&service->n_questions);
                        if (reply && !*reply)
                                break;
                        if (reply)
                                g_assert_cmpint(send(fd, reply, strlen(reply), MSG_NOSIGNAL), >, 0);
                }
                close(fd);
        }
        return NULL;
}

static void service_start(Service *service)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        g_strlcpy(address.sun_path, service->path, sizeof(address.sun_path));
        service->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        g_assert_cmpint(bind(service->fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
        g_assert_cmpint(listen(service->fd, 8), ==, 0);
        g_assert_cmpint(pipe(service->stop), ==, 0);
        service->thread = g_thread_new("service", serve, service);
}

static void service_stop(Service *service)
{
        close(service->stop[1]);
        g_thread_join(service->thread);
        close(service->stop[0]);
        close(service->fd);
        g_unlink(service->path);
}

static void service_init(Service *service)
{
        *service = (Service){.folder = g_dir_make_tmp("hawker-authority-XXXXXX", NULL)};
        service->path = g_build_filename(service->folder, "socket", NULL);
}

static void service_done(Service *service)
{
        g_rmdir(service->folder);
        g_free(service->folder);
        g_free(service->path);
}

static int ask(Authority *authority, bool *ret_allow)
{
        return authority_ask(authority, &plain, ret_allow);
}

static void test_service_decides(void)
{
        _cleanup_(authority_unrefp) Authority *authority = NULL;
        Service service;
        bool allow = false;

        service_init(&service);
        service.reply = "{\"allow\":true,\"ttl\":60}\n";
        service_start(&service);
        g_assert_cmpint(authority_new(service.path, 10000, &authority), ==, 0);
        g_assert_cmpstr(authority_path(authority), ==, service.path);
        g_assert_cmpint(authority_recall(authority, &plain, &allow), ==, 0);
        g_assert_cmpint(ask(authority, &allow), ==, 0);
        g_assert_true(allow);
        g_assert_cmpint(authority_recall(authority, &plain, &allow), ==, 1);
        g_assert_true(allow);
        g_atomic_pointer_set(&service.reply, "{\"allow\":false}\n");
        g_assert_cmpint(ask(authority, &allow), ==, 0);
        g_assert_false(allow);
        g_assert_cmpint(service.n_questions, ==, 2);
        g_assert_cmpint(service.n_connections, ==, 1); /* it is used again */
        service_stop(&service);
        service_done(&service);
}

/* Another question, by any of its fields, is another answer. */
static void test_only_the_same_question_is_recalled(void)
{
        _cleanup_(authority_unrefp) Authority *authority = NULL;
        AuthorityQuestion other[] = {plain, plain, plain, plain, plain, plain, plain};
        Service service;
        bool allow;

        service_init(&service);
        service.reply = "{\"allow\":true,\"ttl\":60}\n";
        service_start(&service);
        g_assert_cmpint(authority_new(service.path, 10000, &authority), ==, 0);
        g_assert_cmpint(ask(authority, &allow), ==, 0);
        other[0].verb = AUTHORITY_SUBSCRIBE;
        other[1].client_id = BYTES_LITERAL("d");
        other[2].username = (Bytes){};
        other[3].password = BYTES_LITERAL("");
        other[4].topic = BYTES_LITERAL("a/c");
        other[5].listener = "1884";
        other[6].client_id = BYTES_LITERAL("ca");
        other[6].username = BYTES_LITERAL("da");
        for (size_t i = 0; i < G_N_ELEMENTS(other); i++)
                g_assert_cmpint(authority_recall(authority, &other[i], &allow), ==, 0);
        other[0] = plain;
        other[0].address = "192.0.2.1:7";
        g_assert_cmpint(authority_recall(authority, &other[0], &allow), ==, 1);
        authority_forget(authority);
        g_assert_cmpint(authority_recall(authority, &other[0], &allow), ==, 0);
        service_stop(&service);
        service_done(&service);
}

static void test_ill_services_decide_nothing(void)
{
        static const struct {
                const char *reply;
                int result;
        } cases[] = {
                {NULL, -ETIMEDOUT},
                {"", -ECONNRESET},
                {"yes\n", -EBADMSG},
                {"{\"allow\":true}\n{\"allow\":true}\n", -EBADMSG},
                {"{\"allow\":true}", -ETIMEDOUT},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                _cleanup_(authority_unrefp) Authority *authority = NULL;
                Service service;
                bool allow = false;

                service_init(&service);
                service.reply = cases[i].reply;
                service_start(&service);
                g_assert_cmpint(authority_new(service.path, 50, &authority), ==, 0);
                g_assert_cmpint(ask(authority, &allow), ==, cases[i].result);
                g_assert_cmpint(ask(authority, &allow), ==, -EHOSTDOWN); /* it has a rest */
                g_assert_false(allow);
                service_stop(&service);
                service_done(&service);
        }
}

/* It may restart: a connection that it has closed is not held against it. */
static void test_restart_goes_unnoticed(void)
{
        _cleanup_(authority_unrefp) Authority *authority = NULL;
        Service service;
        bool allow = false;

        service_init(&service);
        service.reply = "{\"allow\":true}\n";
        g_assert_cmpint(authority_new(service.path, 10000, &authority), ==, 0);
        for (unsigned i = 0; i < 3; i++) {
                service_start(&service);
                g_assert_cmpint(ask(authority, &allow), ==, 0);
                service_stop(&service);
        }
        g_assert_cmpint(ask(authority, &allow), ==, -ENOENT);
        g_assert_cmpint(ask(authority, &allow), ==, -EHOSTDOWN);
        service_done(&service);
}

static void test_paths(void)
{
        g_autofree char *path = g_strnfill(108, 'x');
        Authority *authority = NULL;

        g_assert_cmpint(authority_new("", 1, &authority), ==, -ENAMETOOLONG);
        g_assert_cmpint(authority_new(path, 1, &authority), ==, -ENAMETOOLONG);
        g_assert_null(authority_unref(NULL));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/access/authority/questions", test_questions);
        g_test_add_func("/access/authority/answers", test_answers);
        g_test_add_func("/access/authority/answers-hold-for-their-time",
                        test_answers_hold_for_their_time);
        g_test_add_func("/access/authority/service-decides", test_service_decides);
        g_test_add_func("/access/authority/only-the-same-question-is-recalled",
                        test_only_the_same_question_is_recalled);
        g_test_add_func("/access/authority/ill-services-decide-nothing",
                        test_ill_services_decide_nothing);
        g_test_add_func("/access/authority/restart-goes-unnoticed", test_restart_goes_unnoticed);
        g_test_add_func("/access/authority/paths", test_paths);
        return g_test_run();
}
