/* SPDX-License-Identifier: Apache-2.0 */

/* The files of http_dir: what is served, and above all what is not. */

#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "server/http-file.h"
#include "visitor.h"

#define GET(_path, _fields)  "GET " _path " HTTP/1.1\r\nHost: a\r\n" _fields "\r\n"
#define HEAD(_path, _fields) "HEAD " _path " HTTP/1.1\r\nHost: a\r\n" _fields "\r\n"
#define LARGE                (24 << 20)
#define SECRET               "nobody may read this"

static Endpoint *endpoint;
static Http *http;
static char *folder;

static void write_file(const char *name, const char *text)
{
        g_autofree char *path = g_build_filename(folder, name, NULL);

        g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void make_folder(void)
{
        g_autofree char *root = g_dir_make_tmp("hawker-http-XXXXXX", NULL), *path;

        folder = g_build_filename(root, "pages", NULL);
        g_assert_cmpint(g_mkdir(folder, 0755), ==, 0);
        path = g_build_filename(folder, "sub", NULL);
        g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
        g_free(path);
        path = g_build_filename(folder, "empty", NULL);
        g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
        g_free(path);
        path = g_build_filename(folder, ".well-known", NULL);
        g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
        write_file("index.html", "<p>root");
        write_file("page.js", "1;");
        write_file("a b.TXT", "blank");
        write_file("a%b", "percent");
        write_file(".hidden", SECRET);
        write_file(".well-known/token", "known");
        write_file("sub/index.html", "<p>sub");
        write_file("sub/nothing", "");
        write_file("../secret", SECRET);
        g_free(path);
        path = g_build_filename(folder, "out", NULL);
        g_assert_cmpint(symlink("../secret", path), ==, 0);
        g_free(path);
        path = g_build_filename(folder, "up", NULL);
        g_assert_cmpint(symlink("..", path), ==, 0);
        g_free(path);
        path = g_build_filename(folder, "in", NULL);
        g_assert_cmpint(symlink("page.js", path), ==, 0);
        g_free(path);
        path = g_build_filename(folder, "pipe", NULL);
        g_assert_cmpint(mkfifo(path, 0644), ==, 0);
        g_free(path);
        path = g_build_filename(folder, "closed", NULL);
        g_assert_true(g_file_set_contents(path, SECRET, -1, NULL));
        g_assert_cmpint(chmod(path, 0), ==, 0);
}

static const struct {
        const char *request;
        unsigned status;
        const char *also, *body; /* NULL: whatever */
} rows[] = {
        {GET("/", ""), 200, "\r\nContent-Type: text/html; charset=utf-8\r\n", "<p>root"},
        {GET("/index.html", ""), 200, "\r\nX-Content-Type-Options: nosniff\r\n", "<p>root"},
        {GET("/index.html?a=b", ""), 200, "\r\nCache-Control: no-cache\r\n", "<p>root"},
        {GET("/page.js", ""), 200, "\r\nContent-Type: text/javascript; charset=utf-8\r\n", "1;"},
        {GET("//page.js", ""), 200, NULL, "1;"},
        {GET("/./page.js", ""), 200, NULL, "1;"},
        {GET("/sub/../page.js", ""), 200, NULL, "1;"},
        {GET("/%70age.js", ""), 200, "\r\nETag: \"2-", "1;"},
        {GET("/a%20b.TXT", ""), 200, "\r\nContent-Type: text/plain; charset=utf-8\r\n", "blank"},
        {GET("/a%25b", ""), 200, "\r\nContent-Type: application/octet-stream\r\n", "percent"},
        {GET("/sub/", ""), 200, "\r\nContent-Length: 6\r\n", "<p>sub"},
        {GET("/sub", ""), 301, "\r\nLocation: /sub/\r\n", NULL},
        {HEAD("/sub", ""), 301, "\r\nLocation: /sub/\r\n", ""},
        {GET("/sub/nothing", ""), 200, "\r\nContent-Length: 0\r\n", ""},
        {HEAD("/page.js", ""), 200, "\r\nContent-Length: 2\r\n", ""},
        {GET("/.well-known/token", ""), 200, NULL, "known"},

        {GET("/none", ""), 404, "\r\nCache-Control: no-store\r\n", "404 Not Found\n"},
        {GET("/empty/", ""), 404, NULL, "404 Not Found\n"},
        {GET("/page.js/", ""), 404, NULL, "404 Not Found\n"},
        {GET("/page.js/more", ""), 404, NULL, "404 Not Found\n"},
        {GET("/.hidden", ""), 404, NULL, "404 Not Found\n"},
        {GET("/sub/.hidden", ""), 404, NULL, "404 Not Found\n"},
        {GET("/pipe", ""), 404, NULL, "404 Not Found\n"},
        {GET("/out", ""), 404, NULL, "404 Not Found\n"},
        {GET("/up/secret", ""), 404, NULL, "404 Not Found\n"},
        {GET("/up/", ""), 404, NULL, "404 Not Found\n"},
        {GET("/up", ""), 404, NULL, "404 Not Found\n"},
        {GET("/in", ""), 404, NULL, "404 Not Found\n"},
        {HEAD("/none", ""), 404, NULL, ""},
        {"POST /page.js HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 405, NULL, NULL},
};

static const char *body_of(const char *answer)
{
        const char *end = strstr(answer, "\r\n\r\n");

        g_assert_nonnull(end);
        return end + 4;
}

static void test_table(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                g_autofree char *answer = visitor_ask(http, endpoint, rows[i].request);

                g_test_message("%s%s", rows[i].request, answer);
                g_assert_cmpuint(visitor_status(answer), ==, rows[i].status);
                if (rows[i].also)
                        g_assert_nonnull(strstr(answer, rows[i].also));
                if (rows[i].body)
                        g_assert_cmpstr(body_of(answer), ==, rows[i].body);
        }
}

/* Ways upwards. Whatever the answer is, it is not that. */
static void test_traversal(void)
{
        static const char *const paths[] = {
                "/../secret",
                "/sub/../../secret",
                "/%2e%2e/secret",
                "/%2E./secret",
                "/.%2e/secret",
                "/..%2fsecret",
                "/sub%2f..%2f..%2fsecret",
                "/%2e%2e%2fsecret",
                "/%252e%252e/secret",
                "/..%00/secret",
                "/page.js%00/../../secret",
                "/..\\secret",
                "/%5c..%5csecret",
                "/%c0%ae%c0%ae/secret",
                "/....//secret",
                "/..;/secret",
                "//../secret",
                "/sub/./../../secret",
                "/out",
                "/up/secret",
                "/up%2fsecret",
                "/.hidden",
                "/%2ehidden",
                "/sub/..%2f.hidden",
                "/proc/self/cwd",
                "../secret",
                "secret",
                "/?/../secret",
                "/#/../secret",
        };

        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                g_autofree char *request =
                        g_strdup_printf("GET %s HTTP/1.1\r\nHost: a\r\n\r\n", paths[i]);
                g_autofree char *answer = visitor_ask(http, endpoint, request);

                g_test_message("%s: %u", paths[i], visitor_status(answer));
                g_assert_null(strstr(answer, SECRET));
        }
}

/* The same without libwebsockets in front, which has made paths clean. */
static void test_open(void)
{
        static const char *const paths[] = {
                "",           "secret",
                "/../secret", "/sub/../../secret",
                "/..",        "/.",
                "/./page.js", "/sub//index.html",
                "/sub/..",    "/../",
                "/.hidden",   "/out",
                "/up/secret", "/.well-known",
                "/pipe",      "/sub/../page.js",
                "//page.js",  "/.well-known/../../secret",
        };
        HttpFile file = HTTP_FILE_NONE;

        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                g_test_message("%s", paths[i]);
                g_assert_cmpint(http_file_open(folder, paths[i], &file), <, 0);
                g_assert_cmpint(file.fd, ==, -1);
        }
        g_assert_cmpint(http_file_open("/nowhere", "/page.js", &file), ==, -ENOENT);
        g_assert_cmpint(http_file_open(folder, "/page.js", &file), ==, 0);
        g_assert_cmpuint(file.size, ==, 2);
        http_file_close(&file);
        g_assert_cmpint(http_file_open(folder, "/sub/", &file), ==, 0);
        g_assert_cmpuint(file.size, ==, 6);
        http_file_close(&file);
        g_assert_cmpint(http_file_open(folder, "/sub", &file), ==, -EISDIR);
        g_assert_cmpint(file.fd, ==, -1);
}

/* From here on this process has an old kernel, or one that forbids openat2(2). */
static void forbid_openat2(int error)
{
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = {.len = ARRAY_SIZE(code), .filter = code};

        g_assert_cmpint(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), ==, 0);
        g_assert_cmpint(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), ==, 0);
        g_assert_cmpint(syscall(SYS_openat2, AT_FDCWD, "/", NULL, 0), ==, -1);
        g_assert_cmpint(errno, ==, error);
}

static void test_open_without_openat2(void)
{
        static const int errors[] = {ENOSYS, EPERM};

        for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
                int status;
                pid_t child = fork();

                g_assert_cmpint(child, >=, 0);
                if (child == 0) {
                        forbid_openat2(errors[i]);
                        test_open();
                        _exit(0);
                }
                g_assert_cmpint(waitpid(child, &status, 0), ==, child);
                g_assert_cmpint(status, ==, 0);
        }
}

/* No line end gets into a Location. */
static void test_redirect(void)
{
        g_autofree char *path = g_build_filename(folder, "a\r\nb:c", NULL), *answer = NULL;

        g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
        answer = visitor_ask(http, endpoint, GET("/a%0d%0ab:c", ""));
        if (visitor_status(answer) == 301)
                g_assert_nonnull(strstr(answer, "\r\nLocation: /a%0D%0Ab%3Ac/\r\n"));
        else
                g_assert_cmpuint(visitor_status(answer), >=, 400);
}

static char *field_of(const char *answer, const char *name)
{
        const char *at = strstr(answer, name);

        g_assert_nonnull(at);
        at += strlen(name);
        return g_strndup(at, strcspn(at, "\r"));
}

static void test_known(void)
{
        g_autofree char *first = visitor_ask(http, endpoint, GET("/page.js", ""));
        g_autofree char *tag = field_of(first, "\r\nETag: ");
        g_autofree char *date = field_of(first, "\r\nLast-Modified: ");
        const struct {
                const char *fields;
                unsigned status;
        } asked[] = {
                {"If-None-Match: %s\r\n", 304},
                {"If-None-Match: W/%s\r\n", 304},
                {"If-None-Match: \"a\", %s\r\n", 304},
                {"If-None-Match: *\r\n", 304},
                {"If-None-Match: \"a\"\r\n", 200},
                {"If-None-Match: \"a\"\r\nIf-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n",
                 200},
                {"If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n", 304},
                {"If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n", 200},
                {"If-Modified-Since: yesterday\r\n", 200},
        };

        for (size_t i = 0; i <= ARRAY_SIZE(asked); i++) {
                g_auto(GStrv) parts =
                        i < ARRAY_SIZE(asked) ? g_strsplit(asked[i].fields, "%s", 2) : NULL;
                g_autofree char *fields =
                        i < ARRAY_SIZE(asked)
                                ? g_strjoinv(tag, parts)
                                : g_strconcat("If-Modified-Since: ", date, "\r\n", NULL);
                g_autofree char *request =
                        g_strdup_printf("GET /page.js HTTP/1.1\r\nHost: a\r\n%s\r\n", fields);
                g_autofree char *answer = visitor_ask(http, endpoint, request);
                const unsigned status = i < ARRAY_SIZE(asked) ? asked[i].status : 304;

                g_test_message("%s", fields);
                g_assert_cmpuint(visitor_status(answer), ==, status);
                g_assert_cmpstr(body_of(answer), ==, status == 200 ? "1;" : "");
        }
}

/* More than any socket takes; meanwhile others are served. */
static void test_large(void)
{
        _cleanup_(http_visit_unrefp) HttpVisit *visit = visitor_visit(endpoint);
        g_autofree char *text = g_strnfill(LARGE, 'x'), *answer = NULL, *other = NULL;
        const char *body;
        int fd;

        text[LARGE - 1] = '!';
        write_file("large", text);
        fd = visitor_come(http, visit);
        visitor_write(fd, GET("/large", ""), strlen(GET("/large", "")));
        other = visitor_ask(http, endpoint, GET("/page.js", ""));
        g_assert_cmpuint(visitor_status(other), ==, 200);
        answer = visitor_read(fd, NULL);
        g_assert_cmpuint(visitor_status(answer), ==, 200);
        body = body_of(answer);
        g_assert_cmpstr(body, ==, text);
}

static void test_types(void)
{
        g_assert_cmpstr(http_file_type("a.html"), ==, "text/html; charset=utf-8");
        g_assert_cmpstr(http_file_type("a.b.PNG"), ==, "image/png");
        g_assert_cmpstr(http_file_type("a"), ==, "application/octet-stream");
        g_assert_cmpstr(http_file_type("html"), ==, "application/octet-stream");
        g_assert_cmpstr(http_file_type("a."), ==, "application/octet-stream");
        g_assert_cmpstr(http_file_type("a.html.gz"), ==, "application/octet-stream");
}

/* An upgrade is none of the files' business. */
static void test_upgrade(void)
{
        g_autofree char *answer =
                visitor_ask(http, endpoint,
                            GET("/page.js", "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                                            "Sec-WebSocket-Version: 13\r\n"
                                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                            "Sec-WebSocket-Protocol: mqtt\r\n"));

        g_assert_cmpuint(visitor_status(answer), ==, 101);
}

static void remove_all(void)
{
        g_autofree char *root = g_path_get_dirname(folder);
        char *argv[] = {(char *)"rm", (char *)"-rf", root, NULL};

        g_assert_true(g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
                                   NULL, NULL));
        g_free(folder);
}

int main(int argc, char **argv)
{
        int r;

        g_test_init(&argc, &argv, NULL);
        make_folder();
        g_assert_cmpint(http_new(&http), ==, 0);
        endpoint = visitor_endpoint(LISTENER_WEBSOCKETS);
        visitor_listener(endpoint)->http_dir = strdup(folder);
        g_test_add_func("/server/http-file/table", test_table);
        g_test_add_func("/server/http-file/traversal", test_traversal);
        g_test_add_func("/server/http-file/open", test_open);
        g_test_add_func("/server/http-file/open-without-openat2", test_open_without_openat2);
        g_test_add_func("/server/http-file/redirect", test_redirect);
        g_test_add_func("/server/http-file/known", test_known);
        g_test_add_func("/server/http-file/large", test_large);
        g_test_add_func("/server/http-file/types", test_types);
        g_test_add_func("/server/http-file/upgrade", test_upgrade);
        r = g_test_run();
        http_free(http);
        g_assert_cmpuint(endpoint->references, ==, 1);
        endpoint_unref(endpoint);
        remove_all();
        return r;
}
