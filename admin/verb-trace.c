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
#include "util/buffer.h"
#include "util/macro.h"

/* Of one read. */
#define READ_SIZE 65536U

typedef struct Reading {
        sd_event *event;
        Buffer input;
        bool json;
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

static int begin(const Broker *broker, int *ret_fd)
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
        return EXIT_DONE;
}

int verb_trace(const Command *command)
{
        _cleanup_(broker_done) Broker broker = {};
        _cleanup_close_ int fd = -1;
        int status;

        status = broker_init(&broker, command);
        if (status == EXIT_DONE)
                status = begin(&broker, &fd);
        if (status != EXIT_DONE)
                return status;
        follow_announce("client", command->argument);
        return read_all(fd, command->json);
}
