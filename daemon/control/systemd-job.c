/* SPDX-License-Identifier: Apache-2.0 */

/* What systemd is about to do with our own unit. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#include "control/systemd-job.h"
#include "util/macro.h"

#define USEC_PER_SEC UINT64_C(1000000)
#define TIMEOUT      (5 * USEC_PER_SEC) /* a machine that restarts much is a busy one */

#define SYSTEMD         "org.freedesktop.systemd1"
#define SYSTEMD_PATH    "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER SYSTEMD ".Manager"
#define SYSTEMD_UNIT    SYSTEMD ".Unit"
#define SYSTEMD_JOB     SYSTEMD ".Job"
#define SYSTEMD_SERVICE SYSTEMD ".Service"

/* A connection of its own: that of the daemon may be in any state, and this one waits. */
typedef struct Inquiry {
        sd_bus *bus;
        uint64_t deadline; /* microseconds of CLOCK_MONOTONIC */
} Inquiry;

static uint64_t monotonic_usec(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

/* Microseconds, more than 0; or -ETIMEDOUT. */
static int inquiry_rest(const Inquiry *inquiry, uint64_t *ret_rest)
{
        uint64_t now = monotonic_usec();

        if (now >= inquiry->deadline)
                return -ETIMEDOUT;
        *ret_rest = inquiry->deadline - now;
        return 0;
}

/* sd_bus_call() counts its time only from here on, and would give a bus that is stuck a minute. */
static int inquiry_await_bus(const Inquiry *inquiry)
{
        uint64_t rest;
        int r;

        for (;;) {
                r = sd_bus_is_ready(inquiry->bus);
                if (r != 0)
                        return r < 0 ? r : 0;
                r = sd_bus_process(inquiry->bus, NULL);
                if (r < 0)
                        return r;
                if (r > 0)
                        continue;
                r = inquiry_rest(inquiry, &rest);
                if (r == 0)
                        r = sd_bus_wait(inquiry->bus, rest);
                if (r < 0)
                        return r;
        }
}

static int inquiry_begin(Inquiry *inquiry)
{
        int r;

        inquiry->deadline = monotonic_usec() + TIMEOUT;
        r = sd_bus_open_system(&inquiry->bus);
        return r < 0 ? r : inquiry_await_bus(inquiry);
}

static int inquiry_call(const Inquiry *inquiry, sd_bus_message *call, sd_bus_message **ret_reply)
{
        uint64_t rest;
        int r;

        r = inquiry_rest(inquiry, &rest);
        if (r < 0)
                return r;
        return sd_bus_call(inquiry->bus, call, rest, NULL, ret_reply);
}

/* 0 stands for the caller: it is what systemd finds for us in whatever PID namespace we are. */
static int inquiry_unit(const Inquiry *inquiry, sd_bus_message **ret_reply)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = sd_bus_message_new_method_call(inquiry->bus, &call, SYSTEMD, SYSTEMD_PATH,
                                           SYSTEMD_MANAGER, "GetUnitByPID");
        if (r >= 0)
                r = sd_bus_message_append(call, "u", UINT32_C(0));
        return r < 0 ? r : inquiry_call(inquiry, call, ret_reply);
}

static int inquiry_property(const Inquiry *inquiry, const char *path, const char *interface,
                            const char *name, sd_bus_message **ret_reply)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = sd_bus_message_new_method_call(inquiry->bus, &call, SYSTEMD, path,
                                           "org.freedesktop.DBus.Properties", "Get");
        if (r >= 0)
                r = sd_bus_message_append(call, "ss", interface, name);
        return r < 0 ? r : inquiry_call(inquiry, call, ret_reply);
}

/* A bus, whatever comes of it, and the path of our unit, which lies in the message. */
static int inquiry_open(Inquiry *inquiry, sd_bus_message **ret_unit, const char **ret_path)
{
        int r;

        r = inquiry_begin(inquiry);
        if (r >= 0)
                r = inquiry_unit(inquiry, ret_unit);
        return r < 0 ? r : sd_bus_message_read(*ret_unit, "o", ret_path);
}

int systemd_job_is_restart(bool *ret_restart)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *unit = NULL, *job = NULL, *type = NULL;
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        const char *unit_path, *job_path, *word;
        Inquiry inquiry = {};
        uint32_t number;
        int r;

        r = inquiry_open(&inquiry, &unit, &unit_path);
        bus = inquiry.bus;
        if (r >= 0)
                r = inquiry_property(&inquiry, unit_path, SYSTEMD_UNIT, "Job", &job);
        if (r >= 0)
                r = sd_bus_message_read(job, "v", "(uo)", &number, &job_path);
        if (r < 0)
                return r;
        if (number == 0) {
                *ret_restart = false;
                return 0;
        }
        r = inquiry_property(&inquiry, job_path, SYSTEMD_JOB, "JobType", &type);
        if (r >= 0)
                r = sd_bus_message_read(type, "v", "s", &word);
        if (r < 0)
                return r;
        *ret_restart = strcmp(word, "restart") == 0;
        return 0;
}

static int inquiry_number(const Inquiry *inquiry, const char *path, const char *name,
                          uint32_t *ret_number)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = inquiry_property(inquiry, path, SYSTEMD_SERVICE, name, &reply);
        return r < 0 ? r : sd_bus_message_read(reply, "v", "u", ret_number);
}

int systemd_job_kept_descriptors(unsigned *ret_n)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *unit = NULL;
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        uint32_t main_pid = 0, n = 0;
        Inquiry inquiry = {};
        const char *path;
        int r;

        r = inquiry_open(&inquiry, &unit, &path);
        bus = inquiry.bus;
        if (r >= 0)
                r = inquiry_number(&inquiry, path, "MainPID", &main_pid);
        if (r >= 0)
                r = inquiry_number(&inquiry, path, "NFileDescriptorStore", &n);
        if (r < 0)
                return r;
        if (main_pid != (uint32_t)getpid())
                return -ESRCH;
        *ret_n = n;
        return 0;
}
