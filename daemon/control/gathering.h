/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Calls of the bus that are answered when all workers have (server/gather.h). Nobody waits for
 * that: the loop goes on. Who has called may be gone by then; his answer is, too.
 *
 * Thread: control
 */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "util/list.h"

typedef struct Gather Gather;
typedef struct Server Server;

/* A zeroed object has none. */
typedef struct Gatherings {
        sd_event *event;
        Server *server;
        List jobs;
        unsigned n;
} Gatherings;

/* Answers the call from what was gathered, whose result is 0. As a handler of a method. */
typedef int (*GatheringAnswer)(sd_bus_message *call, Gather *gather, sd_bus_error *error);

/* Answers come by this loop, from the workers of this server; both outlive it. */
void gatherings_init(Gatherings *gatherings, sd_event *event, Server *server);

/* Whether another one may be asked for by this call: not without end, and not all by one caller.
 * 0, or -errno with the error set. */
int gathering_admit(const Gatherings *gatherings, sd_bus_message *call, sd_bus_error *error);

/* Asks all workers, and lets `then` answer the call. Takes the gathering over, on failure too. 1,
 * or -errno. */
int gathering_start(Gatherings *gatherings, sd_bus_message *call, Gather *gather,
                    GatheringAnswer then);

/* Those that are under way are not answered any more: before the loop and the bus end. */
void gatherings_done(Gatherings *gatherings);
