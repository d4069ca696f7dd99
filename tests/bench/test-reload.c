/* SPDX-License-Identifier: Apache-2.0 */
/* A reload is what the broker says after SIGHUP, not what it said before. */

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/reload.h"

typedef struct Fixture {
        char *folder;
        char *path;
        char *next;
        int broker; /* its end of the notify socket */
        ReloadForm form;
} Fixture;

static volatile sig_atomic_t hangups;

static void hang_up(int number)
{
        hangups++;
}

static void setup(Fixture *fixture, gconstpointer data)
{
        int fds[2];

        fixture->folder = g_dir_make_tmp("hawker-bench-XXXXXX", NULL);
        fixture->path = g_build_filename(fixture->folder, "conf", NULL);
        fixture->next = g_strconcat(fixture->path, ".next", NULL);
        g_assert_true(g_file_set_contents(fixture->path, "one", -1, NULL));
        g_assert_true(g_file_set_contents(fixture->next, "two", -1, NULL));
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), ==, 0);
        fixture->broker = fds[1];
        fixture->form = (ReloadForm){.exchange = fixture->path, .notify_fd = fds[0]};
        hangups = 0;
        signal(SIGHUP, hang_up);
}

static void teardown(Fixture *fixture, gconstpointer data)
{
        signal(SIGHUP, SIG_DFL);
        close(fixture->broker);
        close(fixture->form.notify_fd);
        g_unlink(fixture->path);
        g_unlink(fixture->next);
        g_rmdir(fixture->folder);
        g_free(fixture->folder);
        g_free(fixture->path);
        g_free(fixture->next);
}

static void say(const Fixture *fixture, const char *text)
{
        g_assert_cmpint(send(fixture->broker, text, strlen(text), 0), ==, (gssize)strlen(text));
}

static void assert_holds(const char *path, const char *text)
{
        g_autofree char *found = NULL;

        g_assert_true(g_file_get_contents(path, &found, NULL, NULL));
        g_assert_cmpstr(found, ==, text);
}

static void test_exchange(Fixture *fixture, gconstpointer data)
{
        g_assert_cmpint(reload_begin(&fixture->form, getpid()), ==, 0);
        assert_holds(fixture->path, "two");
        assert_holds(fixture->next, "one");
        g_assert_cmpint(hangups, ==, 1);
        g_assert_cmpint(reload_begin(&fixture->form, getpid()), ==, 0);
        assert_holds(fixture->path, "one");
        g_assert_cmpint(hangups, ==, 2);
}

static void test_nothing_to_exchange(Fixture *fixture, gconstpointer data)
{
        g_unlink(fixture->next);
        g_assert_cmpint(reload_begin(&fixture->form, getpid()), ==, -ENOENT);
        g_assert_cmpint(hangups, ==, 0);
}

static void test_end(Fixture *fixture, gconstpointer data)
{
        say(fixture, "READY=1\nSTATUS=from the start");
        g_assert_cmpint(reload_begin(&fixture->form, getpid()), ==, 0);
        g_assert_false(reload_has_ended(&fixture->form));
        say(fixture, "RELOADING=1\nMONOTONIC_USEC=7");
        g_assert_false(reload_has_ended(&fixture->form));
        say(fixture, "STATUS=NOT READY=1\nREADY=10");
        g_assert_false(reload_has_ended(&fixture->form));
        say(fixture, "STATUS=all is well\nREADY=1");
        say(fixture, "STATUS=5 clients");
        g_assert_true(reload_has_ended(&fixture->form));
        g_assert_false(reload_has_ended(&fixture->form));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add("/bench/reload/exchange", Fixture, NULL, setup, test_exchange, teardown);
        g_test_add("/bench/reload/nothing-to-exchange", Fixture, NULL, setup,
                   test_nothing_to_exchange, teardown);
        g_test_add("/bench/reload/end", Fixture, NULL, setup, test_end, teardown);
        return g_test_run();
}
