/* SPDX-License-Identifier: Apache-2.0 */

/* Calls of the bus that are answered when all workers have. */

#include "control/gathering.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/gather.h"
#include "server/server.h"

/* At a time: of all callers, and of one. */
#define ALL_MAX 64U
#define ONE_MAX 16U

typedef struct Job {
        List link;
        Gatherings *all;
        sd_bus_message *call;
        Gather *gather;
        GatheringAnswer then;
        sd_event_source *source;
} Job;

static void job_free(Job *job)
{
        if (list_is_linked(&job->link))
                job->all->n--;
        list_remove(&job->link);
        sd_event_source_disable_unref(job->source);
        sd_bus_message_unref(job->call);
        gather_free(job->gather);
        free(job);
}

static int on_answered(sd_event_source *source, int fd, uint32_t events, void *data)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        Job *job = data;
        int r;

        r = gather_result(job->gather);
        if (r == 0)
                r = job->then(job->call, job->gather, &error);
        if (r < 0 || sd_bus_error_is_set(&error))
                sd_bus_reply_method_errno(job->call, r, &error);
        job_free(job);
        return 0;
}

void gatherings_init(Gatherings *gatherings, sd_event *event, Server *server)
{
        *gatherings = (Gatherings){.event = event, .server = server};
        list_init(&gatherings->jobs);
}

int gathering_admit(const Gatherings *gatherings, sd_bus_message *call, sd_bus_error *error)
{
        const char *sender = sd_bus_message_get_sender(call);
        unsigned n = 0;

        if (sender)
                list_foreach (Job, job, &gatherings->jobs, link) {
                        const char *other = sd_bus_message_get_sender(job->call);

                        n += other && strcmp(other, sender) == 0;
                }
        if (gatherings->n < ALL_MAX && n < ONE_MAX)
                return 0;
        return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                "Too many questions at a time: wait for the answers");
}

int gathering_start(Gatherings *gatherings, sd_bus_message *call, Gather *gather,
                    GatheringAnswer then)
{
        Job *job = calloc(1, sizeof(*job));
        int r;

        if (!job) {
                gather_free(gather);
                return -ENOMEM;
        }
        job->all = gatherings;
        job->call = sd_bus_message_ref(call);
        job->gather = gather;
        job->then = then;
        r = sd_event_add_io(gatherings->event, &job->source, gather_fd(gather), EPOLLIN,
                            on_answered, job);
        if (r < 0) {
                job_free(job);
                return r;
        }
        list_append(&job->all->jobs, &job->link);
        job->all->n++;
        server_gather(gatherings->server, gather);
        return 1;
}

void gatherings_done(Gatherings *gatherings)
{
        Job *job;

        while ((job = list_first_entry(&gatherings->jobs, Job, link)))
                job_free(job);
}
