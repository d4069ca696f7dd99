/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which client may have been meant by an identifier that nobody has.
 *
 * Thread: any
 */
#pragma once

#include "admin/broker.h"

/* To stderr: the command with those that are connected and have nearly this identifier, or where to
 * look. */
void client_near_print(const Broker *broker, const char *verb, const char *wanted);
