/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Traces of clients (server/traces.h), each on its way into a pipe, until its reader closes that. A
 * reader who is slow is not waited for.
 *
 * Thread: control
 */
#pragma once

#include <systemd/sd-event.h>

#include "util/list.h"

typedef struct Server Server;

/* Those that are under way. A zeroed object has none. */
typedef struct TraceJobs {
        sd_event *event;
        Server *server;
        List jobs;
} TraceJobs;

void trace_jobs_init(TraceJobs *jobs, sd_event *event, Server *server);
/* The server has no worker any more: what their readers have not yet, and as the last line the
 * event why there is no more, goes out as far as it can at once. */
void trace_jobs_end(TraceJobs *jobs, const char *event);
/* Their readers see the end. Before the loop and the server end. */
void trace_jobs_done(TraceJobs *jobs);

/* A trace of the client of this identifier, from its next CONNECT on. It ends when the end of the
 * pipe that the caller gets, and all copies of it, are closed; a read of it waits. 0; -EMFILE:
 * there are too many; -errno. */
int trace_jobs_add(TraceJobs *jobs, const char *client, int *ret_reader);
