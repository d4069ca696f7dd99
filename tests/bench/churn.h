/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that connect, perhaps subscribe and unsubscribe, disconnect, and begin again. */
/* Thread: the loop's */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/client.h"
#include "bench/loop.h"

typedef struct ChurnForm {
        struct sockaddr_in address;
        unsigned clients; /* at once */
        bool subscribe;   /* one filter each time */
        uint64_t limit;   /* cycles; 0: until churn_stop() */
} ChurnForm;

typedef struct Churn {
        ChurnForm form;
        Loop *loop;
        Client *clients;
        uint64_t begun;
        uint64_t done; /* cycles whose connection the broker has closed after DISCONNECT */
        bool running;
        int error;
} Churn;

/* Returns 0 or -ENOMEM. */
int churn_init(Churn *churn, Loop *loop, const ChurnForm *form);
void churn_done(Churn *churn);

/* Begins the first cycle of each client; the loop does the rest, `error` says whether it can. */
void churn_start(Churn *churn);

/* No new cycles. */
void churn_stop(Churn *churn);

/* Runs the loop until `done` cycles or until nothing has moved for 30 s.
 * Returns 0, -errno, -ETIMEDOUT. */
int churn_run(Churn *churn, uint64_t done);
