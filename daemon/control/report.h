/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the broker holds and has done, written to the log on SIGUSR2.
 *
 * Thread: control
 */
#pragma once

#include "server/server.h"

void report_log(const Server *server);
