/* SPDX-License-Identifier: Apache-2.0 */

/* The job of the own unit, asked of a systemd that is none, over a bus of its own. */
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "control/systemd-job.h"
#include "util/macro.h"

#define UNIT_PATH "/org/freedesktop/systemd1/unit/hawker_2eservice"
#define JOB_PATH  "/org/freedesktop/systemd1/job/7"

/* What systemd would say. It is a process: it can be ended whatever it does, and shares nothing. */
typedef struct Mock {
        const char *job; /* NULL: none */
        bool knows_unit, answers;
        GTestDBus *bus;
        pid_t pid;
} Mock;

static int on_get_unit(sd_bus_message *call, void *data, sd_bus_error *error)
{
        const Mock *mock = data;
        uint32_t pid = 1;

        g_assert_cmpint(sd_bus_message_read(call, "u", &pid), >, 0);
        g_assert_cmpuint(pid, ==, 0);
        if (!mock->knows_unit)
                return sd_bus_error_set(error, "org.freedesktop.systemd1.NoUnitForPID", "no unit");
        return mock->answers ? sd_bus_reply_method_return(call, "o", UNIT_PATH) : 1;
}

static int get_job(sd_bus *bus, const char *path, const char *interface, const char *property,
                   sd_bus_message *reply, void *data, sd_bus_error *error)
{
        const Mock *mock = data;

        return sd_bus_message_append(reply, "(uo)", mock->job ? 7 : 0, mock->job ? JOB_PATH : "/");
}

static int get_type(sd_bus *bus, const char *path, const char *interface, const char *property,
                    sd_bus_message *reply, void *data, sd_bus_error *error)
{
        const Mock *mock = data;

        return sd_bus_message_append(reply, "s", mock->job);
}

static const sd_bus_vtable manager[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("GetUnitByPID", "u", "o", on_get_unit, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};
static const sd_bus_vtable unit[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Job", "(uo)", get_job, 0, 0),
        SD_BUS_VTABLE_END,
};
static const sd_bus_vtable job[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("JobType", "s", get_type, 0, 0),
        SD_BUS_VTABLE_END,
};

static void mock_own(sd_bus *bus, Mock *mock)
{
        static const struct {
                const char *path, *interface;
                const sd_bus_vtable *vtable;
        } objects[] = {
                {"/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", manager},
                {UNIT_PATH, "org.freedesktop.systemd1.Unit", unit},
                {JOB_PATH, "org.freedesktop.systemd1.Job", job},
        };

        for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
                g_assert_cmpint(sd_bus_add_object_vtable(bus, NULL, objects[i].path,
                                                         objects[i].interface, objects[i].vtable,
                                                         mock),
                                >=, 0);
        g_assert_cmpint(sd_bus_request_name(bus, "org.freedesktop.systemd1", 0), >=, 0);
}

_Noreturn static void mock_run(Mock *mock, int ready)
{
        sd_bus *bus;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        g_assert_cmpint(sd_bus_open_system(&bus), >=, 0);
        mock_own(bus, mock);
        g_assert_cmpint(write(ready, "", 1), ==, 1);
        for (;;) {
                int r = sd_bus_process(bus, NULL);

                g_assert_cmpint(r, >=, 0);
                if (r == 0)
                        sd_bus_wait(bus, UINT64_MAX);
        }
}

static void mock_start(Mock *mock)
{
        int ends[2];
        char byte;

        g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
        mock->pid = fork();
        g_assert_cmpint(mock->pid, >=, 0);
        if (mock->pid == 0)
                mock_run(mock, ends[1]);
        close(ends[1]);
        g_assert_cmpint(read(ends[0], &byte, 1), ==, 1);
        close(ends[0]);
}

static void mock_stop(const Mock *mock)
{
        kill(mock->pid, SIGKILL);
        g_assert_cmpint(waitpid(mock->pid, NULL, 0), ==, mock->pid);
}

static void bus_start(Mock *mock)
{
        mock->bus = g_test_dbus_new(G_TEST_DBUS_NONE);
        g_test_dbus_up(mock->bus);
        g_setenv("DBUS_SYSTEM_BUS_ADDRESS", g_test_dbus_get_bus_address(mock->bus), TRUE);
}

static void bus_stop(Mock *mock)
{
        g_test_dbus_stop(mock->bus);
        g_object_unref(mock->bus);
}

static int ask(Mock *mock, bool *restart)
{
        int r;

        bus_start(mock);
        mock_start(mock);
        r = systemd_job_is_restart(restart);
        mock_stop(mock);
        bus_stop(mock);
        return r;
}

static void test_only_the_restart_job_is_a_restart(void)
{
        static const struct {
                const char *job;
                bool result;
        } cases[] = {{"restart", true}, {"stop", false}, {NULL, false}};

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                Mock mock = {.job = cases[i].job, .knows_unit = true, .answers = true};
                bool restart = !cases[i].result;

                g_assert_cmpint(ask(&mock, &restart), ==, 0);
                g_assert_cmpint(restart, ==, cases[i].result);
        }
}

static void test_outside_of_a_unit_it_fails(void)
{
        Mock mock = {.answers = true};
        bool restart = true;

        g_assert_cmpint(ask(&mock, &restart), <, 0);
        g_assert_true(restart);
}

static void test_no_answer_fails_within_its_time(void)
{
        Mock mock = {.knows_unit = true};
        gint64 since = g_get_monotonic_time();
        bool restart = true;

        g_assert_cmpint(ask(&mock, &restart), ==, -ETIMEDOUT);
        g_assert_true(restart);
        g_assert_cmpint(g_get_monotonic_time() - since, >=, 5 * G_USEC_PER_SEC);
}

static void test_a_bus_without_systemd_fails(void)
{
        Mock mock = {};
        bool restart = true;

        bus_start(&mock);
        g_assert_cmpint(systemd_job_is_restart(&restart), <, 0);
        g_assert_true(restart);
        bus_stop(&mock);
}

static void test_no_bus_fails(void)
{
        bool restart = true;

        g_setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", TRUE);
        g_assert_cmpint(systemd_job_is_restart(&restart), ==, -ENOENT);
        g_assert_true(restart);
}

/* It lets us connect, by its backlog, and says nothing. */
static void test_a_bus_that_is_stuck_fails_within_its_time(void)
{
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        socklen_t size = sizeof(address);
        gint64 since = g_get_monotonic_time();
        _cleanup_free_ char *name = NULL;
        bool restart = true;

        g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)), ==, 0);
        g_assert_cmpint(listen(fd, 1), ==, 0);
        g_assert_cmpint(getsockname(fd, (struct sockaddr *)&address, &size), ==, 0);
        name = g_strdup_printf("unix:abstract=%.*s",
                               (int)(size - offsetof(struct sockaddr_un, sun_path) - 1),
                               address.sun_path + 1);
        g_setenv("DBUS_SYSTEM_BUS_ADDRESS", name, TRUE);
        g_assert_cmpint(systemd_job_is_restart(&restart), ==, -ETIMEDOUT);
        g_assert_true(restart);
        g_assert_cmpint(g_get_monotonic_time() - since, <, 30 * G_USEC_PER_SEC);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/control/systemd-job/only-the-restart-job-is-a-restart",
                        test_only_the_restart_job_is_a_restart);
        g_test_add_func("/control/systemd-job/outside-of-a-unit-it-fails",
                        test_outside_of_a_unit_it_fails);
        g_test_add_func("/control/systemd-job/no-answer-fails-within-its-time",
                        test_no_answer_fails_within_its_time);
        g_test_add_func("/control/systemd-job/a-bus-without-systemd-fails",
                        test_a_bus_without_systemd_fails);
        g_test_add_func("/control/systemd-job/no-bus-fails", test_no_bus_fails);
        g_test_add_func("/control/systemd-job/a-bus-that-is-stuck-fails-within-its-time",
                        test_a_bus_that_is_stuck_fails_within_its_time);
        return g_test_run();
}
