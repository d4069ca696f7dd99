/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How long messages take, as MessageLatency of the bus has it: classes with an upper bound each.
 *
 * Thread: any
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <systemd/sd-bus.h>

#define LATENCY_CLASSES_MAX 32U

typedef struct Latency {
        uint64_t bounds[LATENCY_CLASSES_MAX]; /* microseconds; UINT64_MAX: there is none */
        uint64_t counts[LATENCY_CLASSES_MAX]; /* of all that took so long or less */
        size_t n;
} Latency;

/* The variant that comes next. 0 or -errno. */
int latency_read(Latency *latency, sd_bus_message *message);

/* Within how many microseconds the share (0.99) of all since `before` (NULL: ever) was done: the
 * bound of its class. 0: there was none. */
uint64_t latency_within(const Latency *before, const Latency *after, double share);

/* "half within 100 us, 99 % within 2.5 ms"; nothing if there was none, which is answered by 0. */
int latency_print(const Latency *before, const Latency *after, FILE *to);
