/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whether the broker is alive, which each of its workers has to say in time; and whether it can do
 * all that clients may want.
 *
 * Thread: control
 */
#pragma once

#include "control/manager.h"

/* Workers have so long to answer, microseconds: less than visitors wait. */
#define HTTP_HEALTH_TIME UINT64_C(1000000)
#define HTTP_WHY_MAX     256U

typedef struct HttpHealth HttpHealth;
typedef struct HttpCheck HttpCheck;

/* why NULL: all have answered; else borrowed. Who is called frees the check. */
typedef void (*HttpHealthDone)(void *job, const char *why);

/* 0 or -ENOMEM; event and server outlive it. */
int http_health_new(sd_event *event, Server *server, HttpHealthDone done, HttpHealth **ret_health);
/* There is no check any more. */
HttpHealth *http_health_free(HttpHealth *health);

/* Asks all workers, and calls done() for the job. 0 or -errno. */
int http_check_new(HttpHealth *health, void *job, HttpCheck **ret_check);
HttpCheck *http_check_free(HttpCheck *check);
DEFINE_CLEANUP(HttpCheck, http_check_free)

/* False: why not. */
bool http_is_ready(const Manager *manager, char why[static HTTP_WHY_MAX]);
