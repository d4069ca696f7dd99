/* SPDX-License-Identifier: Apache-2.0 */
/* Many clients that are connected and subscribed together, a bounded number at a time. */
/* Thread: the loop's */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/client.h"
#include "bench/loop.h"

#define FLEET_NAME_SIZE 96

/* Writes the `index`th filter of client `number`. */
typedef void (*FleetFilter)(void *data, unsigned number, unsigned index,
                            char name[static FLEET_NAME_SIZE]);

typedef struct FleetForm {
        const struct sockaddr_in *address;
        const char *prefix; /* client identifiers are PREFIX-NUMBER */
        uint8_t version;
        bool durable;     /* Clean Start 0 and a session that does not expire */
        uint8_t qos;      /* of the subscriptions */
        unsigned filters; /* per client, may be 0 */
        FleetFilter filter;
        void *data; /* for filter */
} FleetForm;

typedef struct Fleet {
        FleetForm form;
        Loop *loop;
        Client *clients;
        unsigned count;
        unsigned begun;
        unsigned ready;
        int error;
} Fleet;

/* Makes `count` closed clients. Returns 0 or -ENOMEM. */
int fleet_init(Fleet *fleet, Loop *loop, unsigned count, const FleetForm *form);

/* Closes all. */
void fleet_done(Fleet *fleet);

/* Runs the loop until all are connected and have SUBACK for all their filters. Returns 0, -errno,
 * -ETIMEDOUT after 60 s without progress, -EPROTO when the broker refused. Afterwards the clients
 * wait for fleet_hand_over(). */
int fleet_open(Fleet *fleet);

/* From now on the clients' events and `owner` are these. */
void fleet_hand_over(Fleet *fleet, const ClientEvents *events, void *owner);

/* The identifier of a client. */
void fleet_client_id(const Fleet *fleet, unsigned number, char name[static FLEET_NAME_SIZE]);
