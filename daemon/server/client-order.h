/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What an administrator orders about one client, as a question to all workers (gather.h): only the
 * one that owns the client identifier has something to do.
 *
 * Thread: control; the work: worker
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "server/gather.h"

typedef struct ClientOrder {
        const char *client; /* its identifier */
        const char *text;   /* for the Reason String and the log; "": none */
        uint8_t reason;     /* of the DISCONNECT, for MQTT 5 */
        bool without_will;  /* which is then not published */

        /* The owner's: */
        bool was_there;
        uint64_t change; /* that has it, for the disk; 0: none */
} ClientOrder;

/* With a copy of the order, which is the type's question. 0, -ENOMEM or -errno. */
int client_order_new(const GatherType *type, const ClientOrder *order, unsigned n_workers,
                     Gather **ret_gather);
/* For the type. */
void client_order_free(void *order);

/* Whether the client is this worker's. */
bool client_order_concerns(const ClientOrder *order, const Shard *shard);

/* When all have answered, with 0. */
bool client_order_was_there(const Gather *gather);
