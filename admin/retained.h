/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The works of hawkerctl retained, beside the list: each ends with an exit status, which stderr
 * explains.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>

#include "admin/broker.h"

/* The payload of one: as it is, or for a terminal with what drives it escaped, or all of it as
 * JSON. */
int retained_show(const Broker *broker, const char *topic, bool json);

/* Takes out what matches, after a question at the terminal unless it is sure. */
int retained_clear(const Broker *broker, const char *filter, bool is_sure);
