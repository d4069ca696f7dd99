/* SPDX-License-Identifier: Apache-2.0 */

/* Traces of clients, from the workers into pipes. */

#include "control/trace-jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "server/server.h"
#include "util/clock.h"

/* Lines on their way to one reader. */
typedef struct TraceJob {
        List link; /* in jobs->jobs */
        TraceJobs *all;
        Trace *trace;
        Buffer lines; /* taken, and not written yet */
        int fd;       /* where to write */
        sd_event_source *news, *reader;
} TraceJob;

static TraceJob *job_free(TraceJob *job)
{
        if (!job)
                return NULL;
        list_remove(&job->link);
        sd_event_source_disable_unref(job->news);
        sd_event_source_disable_unref(job->reader);
        traces_remove(server_traces(job->all->server), job->trace);
        buffer_done(&job->lines);
        if (job->fd >= 0)
                close(job->fd);
        free(job);
        return NULL;
}

DEFINE_CLEANUP(TraceJob, job_free)

/* 0: all is written; -EAGAIN: the pipe is full; or -errno: nobody reads any more. */
static int job_write(TraceJob *job)
{
        while (buffer_length(&job->lines) > 0) {
                const ssize_t n =
                        write(job->fd, buffer_head(&job->lines), buffer_length(&job->lines));

                if (n < 0)
                        return -errno;
                buffer_consume(&job->lines, (size_t)n);
        }
        return 0;
}

/* What has come meanwhile waits where it is until all before it is written: there it is bounded. */
static int job_go_on(TraceJob *job)
{
        int r;

        r = job_write(job);
        if (r == 0) {
                trace_take(server_traces(job->all->server), job->trace, &job->lines);
                r = job_write(job);
        }
        if (r < 0 && r != -EAGAIN)
                return r;
        r = sd_event_source_set_io_events(job->reader, r < 0 ? EPOLLOUT : 0);
        if (r >= 0)
                r = sd_event_source_set_enabled(
                        job->news, buffer_length(&job->lines) > 0 ? SD_EVENT_OFF : SD_EVENT_ON);
        return r;
}

static int on_news(sd_event_source *source, int fd, uint32_t events, void *data)
{
        TraceJob *job = data;

        if (job_go_on(job) < 0)
                job_free(job);
        return 0;
}

static int on_reader(sd_event_source *source, int fd, uint32_t events, void *data)
{
        TraceJob *job = data;

        if (events & (EPOLLERR | EPOLLHUP) || job_go_on(job) < 0)
                job_free(job);
        return 0;
}

void trace_jobs_init(TraceJobs *jobs, sd_event *event, Server *server)
{
        *jobs = (TraceJobs){.event = event, .server = server};
        list_init(&jobs->jobs);
}

/* What does not fit in the pipe is lost: nobody who is slow is waited for. */
static void job_end(TraceJob *job, const char *event)
{
        char line[100];
        const int n = snprintf(line, sizeof(line), "{\"time\":%" PRIu64 ",\"event\":\"%s\"}\n",
                               clock_realtime_ms() * USEC_PER_MSEC, event);

        if (job_write(job) < 0)
                return;
        trace_take(server_traces(job->all->server), job->trace, &job->lines);
        if (buffer_append(&job->lines, line, (size_t)n) == 0)
                job_write(job);
}

void trace_jobs_end(TraceJobs *jobs, const char *event)
{
        if (!jobs->event)
                return;
        list_foreach (TraceJob, job, &jobs->jobs, link)
                job_end(job, event);
}

void trace_jobs_done(TraceJobs *jobs)
{
        TraceJob *job;

        if (!jobs->event)
                return;
        while ((job = list_first_entry(&jobs->jobs, TraceJob, link)))
                job_free(job);
}

static int job_open(TraceJob *job, int *ret_reader)
{
        int fds[2], r;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        *ret_reader = fds[0];
        job->fd = fds[1];
        if (fcntl(job->fd, F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        r = sd_event_add_io(job->all->event, &job->reader, job->fd, 0, on_reader, job);
        return r < 0 ? r
                     : sd_event_add_io(job->all->event, &job->news, trace_fd(job->trace), EPOLLIN,
                                       on_news, job);
}

int trace_jobs_add(TraceJobs *jobs, const char *client, int *ret_reader)
{
        _cleanup_(job_freep) TraceJob *job = calloc(1, sizeof(*job));
        _cleanup_close_ int reader = -1;
        int r;

        if (!job)
                return -ENOMEM;
        job->all = jobs;
        job->fd = -1;
        list_init(&job->link);
        r = traces_add(server_traces(jobs->server), bytes_from_string(client), &job->trace);
        if (r >= 0)
                r = job_open(job, &reader);
        if (r < 0)
                return r;
        *ret_reader = TAKE_FD(reader);
        list_append(&jobs->jobs, &job->link);
        TAKE_PTR(job);
        return 0;
}
