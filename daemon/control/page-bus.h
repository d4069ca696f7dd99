/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Pages of rows about sessions (server/session-pages.h) in messages of the bus.
 *
 * Thread: control
 */
#pragma once

#include <systemd/sd-bus.h>

#include "control/fact-table.h"
#include "server/session-pages.h"

/* Appends a row, as page_add() got it. < 0: -errno. */
typedef int (*PageAppend)(sd_bus_message *reply, const void *row);

/* Answers the call with the rows, each of this type, and where the next page begins. As a handler
 * of a method. */
int page_bus_answer(sd_bus_message *call, Gather *gather, const char *row_type, PageAppend append);

/* Answers the call with all facts of its only row. 1; 0: there is no row, nothing was answered; or
 * -errno. */
int page_bus_answer_one(sd_bus_message *call, Gather *gather, const Fact *table, size_t n);

/* Whether the text, whose name is that of an argument, is as long as MQTT could carry. 0, or -errno
 * with the error set. */
int page_bus_check_length(const char *name, const char *text, sd_bus_error *error);
