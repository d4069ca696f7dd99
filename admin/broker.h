/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The broker as it is on the bus: hawkerctl speaks with it only so, and what it can, busctl can.
 *
 * Thread: any
 */
#pragma once

#include <stdint.h>
#include <systemd/sd-bus.h>

#include "admin/command.h"

#define BROKER_PATH    "/org/hawker/Broker1"
#define BROKER_MANAGER "org.hawker.Broker1.Manager"

typedef struct Broker {
        sd_bus *bus;
        char name[256];
        const Command *command;
} Broker;

/* Connects to the bus that the command names. EXIT_DONE, or another status, which stderr explains.
 */
int broker_init(Broker *broker, const Command *command);
void broker_done(Broker *broker);

/* Whether there is one to ask: says nothing. */
bool broker_is_running(const Command *command);

/* A call of a method of its main object; nothing is started by it. 0 or -errno. */
int broker_new_call(const Broker *broker, const char *interface, const char *method,
                    sd_bus_message **ret_call);

/* The same, of another object. */
int broker_new_call_at(const Broker *broker, const char *path, const char *interface,
                       const char *method, sd_bus_message **ret_call);

/* Sends the call and waits for timeout microseconds, as sd_bus_call() does. If polkit wants a
 * password for it, that is asked for on the terminal, if there is one. */
int broker_send(const Broker *broker, sd_bus_message *call, uint64_t timeout, sd_bus_error *error,
                sd_bus_message **ret_reply);

/* The same. EXIT_DONE, or another status, which stderr explains. */
int broker_call(const Broker *broker, sd_bus_message *call, uint64_t timeout,
                sd_bus_message **ret_reply);

/* Says on stderr that there is none, and how to start it. EXIT_NOT_RUNNING. */
int broker_explain_absent(const Broker *broker);

/* Says on stderr what came of a call that failed with r. The status to end with. */
int broker_explain(const Broker *broker, const sd_bus_error *error, int r);

/* Says that something here went wrong (-errno). EXIT_FAILED. */
int broker_failed(int error);
