/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The process that has the name of the broker after the one that somebody has spoken with.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "admin/broker.h"

typedef struct Successor {
        const Broker *broker;
        char before[256]; /* the unique name of the one that leaves */
        sd_event *event;
        sd_bus_slot *owners, *gone;
        bool has_left;
        bool has_come;
        bool has_no_bus;
} Successor;

/* From now on it is watched for who has the name after the process that sent the message; it may be
 * there already. The bus is attached to the loop. 0 or -errno. */
int successor_init(Successor *successor, const Broker *broker, sd_bus_message *from,
                   sd_event *event);
/* Runs the loop until there is one, and the bus can be used on. EXIT_DONE; EXIT_FAILED, without a
 * word: the bus has ended; what others have the loop end with, which closes the bus; or -errno. */
int successor_await(Successor *successor);
/* The bus is detached. */
void successor_done(Successor *successor);
