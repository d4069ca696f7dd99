/* SPDX-License-Identifier: Apache-2.0 */
/* The broker's CPU and the wall clock between two moments. */
/* Thread: any */
#pragma once

#include <stdint.h>
#include <sys/types.h>

typedef struct Measure {
        pid_t pid;
        uint64_t cpu;     /* ns */
        uint64_t elapsed; /* ns */
        uint64_t cpu_before;
        uint64_t time_before;
} Measure;

/* Returns 0 or -ESRCH. */
int measure_begin(Measure *measure, pid_t pid);

/* Takes both from now. Returns 0 or -ESRCH. */
int measure_end(Measure *measure);

/* As measure_end(), but lets the broker finish what it still does for this (the last
 * acknowledgements) before its CPU is read; `elapsed` ends now. */
int measure_end_settled(Measure *measure);
