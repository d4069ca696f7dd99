/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl trace: the packets of a client, as they pass. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "admin/broker.h"
#include "admin/follow.h"
#include "admin/packet-print.h"
#include "admin/successor.h"
#include "util/buffer.h"
#include "util/macro.h"

/* Of one read. */
#define READ_SIZE 65536U

/* The last line before a restart has this, and no other: in a text its quotes would be escaped. */
#define RESTART "\"event\":\"restart\""

/* Beside the statuses that it ends with. */
enum { TRACE_RESTARTS = 100 };

typedef struct Reading {
        sd_event *event;
        Buffer input;
        bool json;
        bool restarts; /* the broker has said so */
} Reading;

static void print(const Reading *reading, const char *line, size_t length)
{
        if (reading->json) {
                fwrite(line, 1, length, stdout);
                putchar('\n');
        } else {
                packet_print(line, length);
        }
}

static void print_lines(Reading *reading)
{
        Buffer *input = &reading->input;
        const char *line, *end;

        while ((line = (const char *)buffer_head(input)) &&
               (end = memchr(line, '\n', buffer_length(input)))) {
                print(reading, line, (size_t)(end - line));
                reading->restarts = memmem(line, (size_t)(end - line), RESTART, strlen(RESTART));
                buffer_consume(input, (size_t)(end - line) + 1);
        }
}

static int on_lines(sd_event_source *source, int fd, uint32_t events, void *data)
{
        Reading *reading = data;
        ssize_t n;

        if (buffer_reserve(&reading->input, READ_SIZE) < 0)
                return sd_event_exit(reading->event, broker_failed(-ENOMEM));
        n = read(fd, buffer_tail(&reading->input), READ_SIZE);
        if (n <= 0 && reading->restarts)
                return sd_event_exit(reading->event, TRACE_RESTARTS);
        if (n <= 0) {
                fputs("hawkerctl: the broker has ended the trace\n", stderr);
                return sd_event_exit(reading->event, EXIT_FAILED);
        }
        buffer_commit(&reading->input, (size_t)n);
        print_lines(reading);
        /* Nobody reads any more. */
        if (fflush(stdout) != 0)
                return sd_event_exit(reading->event, EXIT_FAILED);
        return 0;
}

/* TRACE_RESTARTS, or the status to end with. */
static int read_all(int fd, bool json)
{
        Reading reading = {.json = json};
        int r;

        r = follow_new(&reading.event);
        if (r >= 0)
                r = sd_event_add_io(reading.event, NULL, fd, EPOLLIN, on_lines, &reading);
        if (r >= 0)
                r = sd_event_loop(reading.event);
        sd_event_unref(reading.event);
        buffer_done(&reading.input);
        return r < 0 ? broker_failed(r) : r;
}

/* *ret_reply: of the process that traces. */
static int begin(const Broker *broker, int *ret_fd, sd_bus_message **ret_reply)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        int fd, status, r;

        r = broker_new_call(broker, BROKER_MANAGER, "TraceClient", &call);
        if (r >= 0)
                r = sd_bus_message_append(call, "s", broker->command->argument);
        if (r < 0)
                return broker_failed(r);
        status = broker_call(broker, call, 0, &reply);
        if (status != EXIT_DONE)
                return status;
        r = sd_bus_message_read(reply, "h", &fd);
        if (r < 0)
                return broker_failed(r);
        /* That of the reply is closed with it. */
        fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (fd < 0)
                return broker_failed(-errno);
        *ret_fd = fd;
        *ret_reply = TAKE_PTR(reply);
        return EXIT_DONE;
}

/* Until the next process is there: TRACE_RESTARTS, or the status to end with. */
static int await_next(const Broker *broker, sd_bus_message *reply)
{
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        Successor successor = {};
        int r;

        fputs("hawkerctl: the broker restarts\n", stderr);
        r = follow_new(&event);
        if (r >= 0)
                r = successor_init(&successor, broker, reply, event);
        if (r >= 0)
                r = successor_await(&successor);
        if (r == EXIT_DONE && successor.has_come) {
                fputs("hawkerctl: the broker is back, and the trace begins again\n", stderr);
                r = TRACE_RESTARTS;
        } else if (r < 0) {
                r = broker_failed(r);
        } else if (successor.has_no_bus) {
                fputs("hawkerctl: the bus has ended\n", stderr);
        }
        successor_done(&successor);
        return r;
}

/* With one process of the broker. */
static int trace(const Broker *broker, bool is_first)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_close_ int fd = -1;
        int status;

        status = begin(broker, &fd, &reply);
        if (status != EXIT_DONE)
                return status;
        if (is_first)
                follow_announce("client", broker->command->argument);
        status = read_all(fd, broker->command->json);
        return status == TRACE_RESTARTS ? await_next(broker, reply) : status;
}

int verb_trace(const Command *command)
{
        _cleanup_(broker_done) Broker broker = {};
        int status;

        status = broker_init(&broker, command);
        if (status != EXIT_DONE)
                return status;
        status = trace(&broker, true);
        while (status == TRACE_RESTARTS)
                status = trace(&broker, false);
        return status;
}
