/* SPDX-License-Identifier: Apache-2.0 */

/* The job of the own unit, asked of a systemd that is none, over a bus of its own. */
#include <errno.h>
#include <gio/gio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "control/systemd-job.h"
#include "util/macro.h"

#define UNIT_PATH "/org/freedesktop/systemd1/unit/hawker_2eservice"
#define JOB_PATH  "/org/freedesktop/systemd1/job/7"

static const char interfaces[] =
        "<node>"
        "<interface name='org.freedesktop.systemd1.Manager'>"
        "<method name='GetUnitByPID'><arg type='u' direction='in'/><arg type='o' direction='out'/>"
        "</method></interface>"
        "<interface name='org.freedesktop.systemd1.Unit'>"
        "<property name='Job' type='(uo)' access='read'/></interface>"
        "<interface name='org.freedesktop.systemd1.Job'>"
        "<property name='JobType' type='s' access='read'/></interface>"
        "</node>";

/* What systemd would say. */
typedef struct Mock {
        const char *job; /* NULL: none */
        bool knows_unit, answers;
        GTestDBus *bus;
        GThread *thread;
        GMainLoop *loop;
        GMutex mutex;
        GCond ready;
        bool is_ready;
} Mock;

static void on_call(GDBusConnection *connection, const char *sender, const char *path,
                    const char *interface, const char *method, GVariant *arguments,
                    GDBusMethodInvocation *invocation, void *data)
{
        const Mock *mock = data;
        guint32 pid;

        g_variant_get(arguments, "(u)", &pid);
        g_assert_cmpuint(pid, ==, 0);
        if (!mock->knows_unit)
                g_dbus_method_invocation_return_dbus_error(
                        invocation, "org.freedesktop.systemd1.NoUnitForPID", "no unit");
        else if (mock->answers)
                g_dbus_method_invocation_return_value(invocation, g_variant_new("(o)", UNIT_PATH));
        else
                g_object_unref(invocation);
}

static GVariant *on_get(GDBusConnection *connection, const char *sender, const char *path,
                        const char *interface, const char *name, GError **error, void *data)
{
        const Mock *mock = data;

        if (g_str_equal(name, "JobType"))
                return g_variant_new_string(mock->job);
        return g_variant_new("(uo)", mock->job ? 7 : 0, mock->job ? JOB_PATH : "/");
}

static void mock_own(GDBusConnection *connection)
{
        GError *error = NULL;
        GVariant *reply = g_dbus_connection_call_sync(
                connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                "RequestName", g_variant_new("(su)", "org.freedesktop.systemd1", 0), NULL,
                G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);

        g_assert_no_error(error);
        g_variant_unref(reply);
}

static void *mock_run(void *data)
{
        static const GDBusInterfaceVTable vtable = {.method_call = on_call, .get_property = on_get};
        static const char *const paths[] = {"/org/freedesktop/systemd1", UNIT_PATH, JOB_PATH};
        Mock *mock = data;
        GMainContext *context = g_main_context_new();
        GDBusNodeInfo *node = g_dbus_node_info_new_for_xml(interfaces, NULL);
        GDBusConnection *connection;
        GError *error = NULL;

        g_main_context_push_thread_default(context);
        connection = g_dbus_connection_new_for_address_sync(
                g_test_dbus_get_bus_address(mock->bus),
                G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                        G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                NULL, NULL, &error);
        g_assert_no_error(error);
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
                g_dbus_connection_register_object(connection, paths[i], node->interfaces[i],
                                                  &vtable, mock, NULL, NULL);
        mock_own(connection);
        g_mutex_lock(&mock->mutex);
        mock->loop = g_main_loop_new(context, FALSE);
        mock->is_ready = true;
        g_cond_signal(&mock->ready);
        g_mutex_unlock(&mock->mutex);

        g_main_loop_run(mock->loop);

        g_dbus_connection_close_sync(connection, NULL, NULL);
        g_object_unref(connection);
        g_dbus_node_info_unref(node);
        g_main_context_pop_thread_default(context);
        g_main_context_unref(context);
        return NULL;
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

        g_mutex_init(&mock->mutex);
        g_cond_init(&mock->ready);
        bus_start(mock);
        mock->thread = g_thread_new("systemd", mock_run, mock);
        g_mutex_lock(&mock->mutex);
        while (!mock->is_ready)
                g_cond_wait(&mock->ready, &mock->mutex);
        g_mutex_unlock(&mock->mutex);

        r = systemd_job_is_restart(restart);

        g_main_loop_quit(mock->loop);
        g_thread_join(mock->thread);
        g_main_loop_unref(mock->loop);
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
        g_assert_cmpint(g_get_monotonic_time() - since, >=, G_USEC_PER_SEC);
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
        g_assert_cmpint(g_get_monotonic_time() - since, <, 10 * G_USEC_PER_SEC);
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
