/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A call of the bus that is answered when it is known whether its caller may make it. He may be
 * gone by then: nobody reads the answer.
 *
 * Thread: control
 */
#pragma once

#include <systemd/sd-bus.h>

typedef struct Manager Manager;

typedef struct BusCall {
        sd_bus_message *message; /* a reference */
        sd_bus_message_handler_t then;
        Manager *manager; /* the second argument of then() */
} BusCall;

BusCall bus_call_ref(const BusCall *call);
void bus_call_done(BusCall *call);

/* Lets then() answer; what it returns, or sets as the error, is the answer if it is a failure. As
 * handlers return it. */
int bus_call_run(const BusCall *call);

/* Answers with this error, and a text for people. As handlers return it. */
int bus_call_refuse(const BusCall *call, const char *error, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
