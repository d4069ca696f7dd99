/* SPDX-License-Identifier: Apache-2.0 */
/* test-log.c: to files, a pipe, a sink and a journal that is this program. */

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "util/log.h"

/* In place of libsystemd's: what was sent, one field a line. */
static GString *journal;
static int journal_result;

int sd_journal_sendv(const struct iovec *parts, int n);
int sd_journal_sendv(const struct iovec *parts, int n)
{
        for (int i = 0; i < n && journal; i++) {
                g_string_append_len(journal, parts[i].iov_base, (gssize)parts[i].iov_len);
                g_string_append_c(journal, '\n');
        }
        return journal_result;
}

typedef struct Fixture {
        char *folder, *path, *moved;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
        f->folder = g_dir_make_tmp("test-log-XXXXXX", NULL);
        g_assert_nonnull(f->folder);
        f->path = g_build_filename(f->folder, "log", NULL);
        f->moved = g_build_filename(f->folder, "log.1", NULL);
        journal = g_string_new(NULL);
        journal_result = 0;
}

static void tear_down(Fixture *f, gconstpointer data)
{
        log_done();
        g_unlink(f->path);
        g_unlink(f->moved);
        g_rmdir(f->folder);
        g_free(f->folder);
        g_free(f->path);
        g_free(f->moved);
        g_string_free(journal, TRUE);
        journal = NULL;
}

static LogSettings to_file(const Fixture *f)
{
        return (LogSettings){
                .destinations = LOG_TO_FILE,
                .categories = LOG_CATEGORIES_DEFAULT,
                .file = f->path,
        };
}

static void configure(const LogSettings *settings)
{
        g_assert_cmpint(log_configure(settings), ==, 0);
}

static void assert_file(const char *path, const char *expected)
{
        char *content = NULL;

        g_assert_true(g_file_get_contents(path, &content, NULL, NULL));
        g_assert_cmpstr(content, ==, expected);
        g_free(content);
}

static int evaluated;

static const char *evaluate(void)
{
        evaluated++;
        return "argument";
}

static void test_categories(Fixture *f, gconstpointer data)
{
        LogSettings settings = to_file(f);

        configure(&settings);
        evaluated = 0;
        log_error("an %s", "error");
        log_warning("a warning");
        log_notice("a notice");
        log_info("an information");
        log_debug("%s", evaluate());
        g_assert_cmpint(evaluated, ==, 0);
        log_at(LOG_CATEGORY_SUBSCRIBE, "not yet");
        log_set_categories(LOG_CATEGORY_BIT(LOG_CATEGORY_SUBSCRIBE));
        log_at(LOG_CATEGORY_SUBSCRIBE, "now");
        log_error("no more");
        assert_file(f->path, "an error\na warning\na notice\nan information\nnow\n");
}

static void test_category_words(Fixture *f, gconstpointer data)
{
        LogCategory category = LOG_CATEGORY_N;

        for (int i = 0; i < LOG_CATEGORY_N; i++) {
                g_assert_cmpint(
                        log_category_from_string(log_category_to_string((LogCategory)i), &category),
                        ==, 0);
                g_assert_cmpint(category, ==, i);
        }
        g_assert_cmpint(log_category_from_string("all", &category), ==, -EINVAL);
        g_assert_cmpint(log_category_level(LOG_CATEGORY_ERROR), ==, LOG_ERR);
        g_assert_cmpint(log_category_level(LOG_CATEGORY_UNSUBSCRIBE), ==, LOG_NOTICE);
}

static void test_file_mode(Fixture *f, gconstpointer data)
{
        LogSettings settings = to_file(f);
        mode_t mask = umask(0);
        struct stat status;

        configure(&settings);
        umask(mask);
        g_assert_cmpint(stat(f->path, &status), ==, 0);
        g_assert_cmpint(status.st_mode & 07777, ==, 0640);
        log_error("one");
        configure(&settings);
        log_error("two");
        assert_file(f->path, "one\ntwo\n");
}

static void test_reopen(Fixture *f, gconstpointer data)
{
        LogSettings settings = to_file(f);

        g_assert_cmpint(log_reopen(), ==, 0); /* nothing to do */
        configure(&settings);
        log_error("old");
        g_assert_cmpint(g_rename(f->path, f->moved), ==, 0);
        log_error("still old");
        g_assert_cmpint(log_reopen(), ==, 0);
        log_error("new");
        assert_file(f->moved, "old\nstill old\n");
        assert_file(f->path, "new\n");
}

static void test_refused(Fixture *f, gconstpointer data)
{
        LogSettings good = to_file(f), bad = to_file(f);

        configure(&good);
        bad.categories = 0;
        bad.file = "/nonexistent/folder/log";
        g_assert_cmpint(log_configure(&bad), ==, -ENOENT);
        bad.file = NULL;
        g_assert_cmpint(log_configure(&bad), ==, -EINVAL);
        log_error("the old settings hold");
        assert_file(f->path, "the old settings hold\n");
}

static void test_long(Fixture *f, gconstpointer data)
{
        static const size_t lengths[] = {1022, 1023, 1024, 1025, 100000};
        LogSettings settings = to_file(f);
        GString *expected = g_string_new(NULL);

        configure(&settings);
        for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
                char *text = g_strnfill(lengths[i], 'x');

                log_error("%s", text);
                g_string_append_printf(expected, "%s\n", text);
                g_free(text);
        }
        assert_file(f->path, expected->str);
        g_string_free(expected, TRUE);
}

static void test_controls(Fixture *f, gconstpointer data)
{
        LogSettings settings = to_file(f);

        configure(&settings);
        log_error("client '%s'", "a\nfaked line\033[2J\x7f");
        log_error("%s", "\xc2\x9b"
                        "31m");                          /* C1 */
        log_error("%s", "\xc2\xa0\xc3\x9b\xe2\x82\xac"); /* all of it text */
        errno = ENOENT;
        log_error("%m");
        g_assert_cmpint(errno, ==, ENOENT);
        assert_file(f->path, "client 'a\\x0afaked line\\x1b[2J\\x7f'\n"
                             "\\xc2\\x9b31m\n"
                             "\xc2\xa0\xc3\x9b\xe2\x82\xac\n"
                             "No such file or directory\n");
}

static void test_timestamp(Fixture *f, gconstpointer data)
{
        LogSettings settings = to_file(f);
        long long time = 0;
        char *content = NULL;

        settings.timestamp = true;
        settings.timestamp_format = "at the time";
        configure(&settings);
        log_error("formatted");
        settings.timestamp_format = "";
        configure(&settings);
        log_error("bare");
        assert_file(f->path, "at the time: formatted\nbare\n");
        g_unlink(f->path);
        settings.timestamp_format = NULL;
        configure(&settings);
        log_error("text");
        g_assert_true(g_file_get_contents(f->path, &content, NULL, NULL));
        g_assert_cmpint(sscanf(content, "%lld: text\n", &time), ==, 1);
        g_assert_cmpint(time, >, 1600000000);
        g_free(content);
}

/* Runs a function with stderr (or stdout) in a file and compares what is there then. */
static void capture(const Fixture *f, int fd, void (*func)(void), const char *expected)
{
        FILE *file = fopen(f->path, "w+e");
        int saved = dup(fd);

        g_assert_nonnull(file);
        fflush(stdout);
        g_assert_cmpint(dup2(fileno(file), fd), ==, fd);
        func();
        g_assert_cmpint(dup2(saved, fd), ==, fd);
        close(saved);
        fclose(file);
        assert_file(f->path, expected);
}

static void log_to(unsigned destination)
{
        LogSettings settings = {
                .destinations = destination,
                .categories = LOG_CATEGORIES_ALL,
        };

        configure(&settings);
        log_error("one");
        log_debug("two");
        log_done();
}

static void log_to_plain_stderr(void)
{
        log_to(LOG_TO_STDERR);
}

static void log_to_stdout(void)
{
        log_to(LOG_TO_STDOUT);
}

static void test_stderr(Fixture *f, gconstpointer data)
{
        capture(f, STDERR_FILENO, log_to_plain_stderr, "one\ntwo\n");
}

static void test_stdout(Fixture *f, gconstpointer data)
{
        capture(f, STDOUT_FILENO, log_to_stdout, "one\ntwo\n");
}

static void log_to_stderr(void)
{
        LogSettings settings = {
                .destinations = LOG_TO_STDERR,
                .categories = LOG_CATEGORIES_DEFAULT,
                .timestamp = true,
        };
        struct stat status;
        char *stream;

        g_assert_cmpint(fstat(STDERR_FILENO, &status), ==, 0);
        stream = g_strdup_printf("%llu:%llu", (unsigned long long)status.st_dev,
                                 (unsigned long long)status.st_ino);
        g_setenv("JOURNAL_STREAM", stream, TRUE);
        configure(&settings);
        log_warning("native");
        journal_result = -ENOENT;
        log_warning("fallen back");
        log_error("graver");
        journal_result = 0;
        g_setenv("JOURNAL_STREAM", "1:1", TRUE); /* redirected since */
        settings.timestamp = false;
        configure(&settings);
        log_warning("plain");
        g_unsetenv("JOURNAL_STREAM");
        g_free(stream);
}

static void test_journal_stream(Fixture *f, gconstpointer data)
{
        capture(f, STDERR_FILENO, log_to_stderr, "<4>fallen back\n<3>graver\nplain\n");
        g_assert_nonnull(strstr(journal->str, "MESSAGE=native\nPRIORITY=4\n"));
        g_assert_null(strstr(journal->str, "plain"));
}

static void test_fields(Fixture *f, gconstpointer data)
{
        LogSettings settings = to_file(f);
        const LogField fields[] = {
                {"MQTT_CLIENT_ID", "kitchen"},
                {"MQTT_REASON", NULL},
                {"MQTT_PEER", "192.0.2.1:5"},
        };

        settings.destinations |= LOG_TO_JOURNAL;
        settings.identifier = "hawkerd";
        settings.facility = LOG_LOCAL3;
        configure(&settings);
        log_fields(LOG_CATEGORY_NOTICE, "0123456789abcdef0123456789abcdef", fields, 3, "%s is in",
                   "kitchen");
        log_fields(LOG_CATEGORY_DEBUG, NULL, fields, 3, "not logged");
        assert_file(f->path, "kitchen is in\n");
        g_assert_cmpstr(journal->str, ==,
                        "MESSAGE=kitchen is in\nPRIORITY=5\n"
                        "MESSAGE_ID=0123456789abcdef0123456789abcdef\n"
                        "SYSLOG_IDENTIFIER=hawkerd\nSYSLOG_FACILITY=19\n"
                        "MQTT_CLIENT_ID=kitchen\nMQTT_PEER=192.0.2.1:5\n");
}

static void sink(void *data, LogCategory category, const char *line)
{
        g_string_append_printf(data, "%s|%s\n", log_category_to_string(category), line);
}

static void test_sink(Fixture *f, gconstpointer data)
{
        LogSettings settings = {
                .destinations = LOG_TO_TOPIC,
                .categories = LOG_CATEGORIES_ALL,
                .timestamp = true,
                .timestamp_format = "T",
        };
        GString *lines = g_string_new(NULL);

        configure(&settings);
        log_error("nobody listens");
        log_set_topic_sink(sink, lines);
        log_error("bad");
        settings.timestamp = false;
        configure(&settings);
        log_at(LOG_CATEGORY_SUBSCRIBE, "a b/c");
        log_set_topic_sink(NULL, NULL);
        log_error("nobody listens any more");
        g_assert_cmpstr(lines->str, ==, "error|T: bad\nsubscribe|a b/c\n");
        g_string_free(lines, TRUE);
}

static gpointer log_many(gpointer data)
{
        for (int i = 0; i < 200; i++)
                log_info("%s line of one thread", (const char *)data);
        return NULL;
}

/* Lines stay whole while threads log and the settings change under them. */
static void test_threads(Fixture *f, gconstpointer data)
{
        static char *names[] = {"the first", "the second", "the third"};
        LogSettings settings = to_file(f);
        GThread *threads[3];
        char *content = NULL, **lines;

        settings.identifier = "name";
        configure(&settings);
        for (int i = 0; i < 3; i++)
                threads[i] = g_thread_new("logs", log_many, names[i]);
        for (int i = 0; i < 50; i++) {
                configure(&settings);
                g_assert_cmpint(log_reopen(), ==, 0);
        }
        for (int i = 0; i < 3; i++)
                g_thread_join(threads[i]);
        g_assert_true(g_file_get_contents(f->path, &content, NULL, NULL));
        lines = g_strsplit(content, "\n", -1);
        g_assert_cmpuint(g_strv_length(lines), ==, 601);
        for (int i = 0; i < 600; i++)
                g_assert_true(g_str_has_suffix(lines[i], " line of one thread"));
        g_strfreev(lines);
        g_free(content);
}

#define ADD(name, func) g_test_add(name, Fixture, NULL, set_up, func, tear_down)

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        ADD("/util/log/only-enabled-categories", test_categories);
        ADD("/util/log/category-words", test_category_words);
        ADD("/util/log/file-is-appended-0640", test_file_mode);
        ADD("/util/log/reopen-after-rotation", test_reopen);
        ADD("/util/log/refused-settings-change-nothing", test_refused);
        ADD("/util/log/lines-of-any-length", test_long);
        ADD("/util/log/controls-are-escaped-and-errno-kept", test_controls);
        ADD("/util/log/timestamp", test_timestamp);
        ADD("/util/log/stderr-has-no-prefix-for-people", test_stderr);
        ADD("/util/log/stdout-has-no-prefix", test_stdout);
        ADD("/util/log/journal-stream-is-native-or-has-prefixes", test_journal_stream);
        ADD("/util/log/fields-go-to-the-journal", test_fields);
        ADD("/util/log/topic-sink", test_sink);
        ADD("/util/log/threads-and-reload", test_threads);
        return g_test_run();
}
