/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Points of time, in microseconds since 1970, as people and programs read them.
 *
 * Thread: any
 */
#pragma once

#include <stdint.h>

uint64_t moment_now(void);

/* To stdout: the number; the time of day with milliseconds, and two spaces; date and time. In the
 * zone of who reads it. */
void moment_print_usec(uint64_t usec);
void moment_print_time(uint64_t usec);
void moment_print_date(uint64_t usec);
