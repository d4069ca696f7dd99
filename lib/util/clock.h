/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h: milliseconds that never jump, seconds of the calendar.
 * Thread: any */
#pragma once

#include <stdint.h>

typedef uint64_t msec_t;

#define MSEC_INFINITY UINT64_MAX
#define MSEC_PER_SEC  1000
#define USEC_PER_MSEC UINT64_C(1000)

/* Milliseconds since boot, the time in suspend included: what expiries and keep alive count. */
msec_t clock_boottime(void);

/* The same clock in microseconds. */
uint64_t clock_boottime_usec(void);

/* Nanoseconds, for how long something takes. */
uint64_t clock_monotonic_ns(void);

/* Seconds since the epoch: only for what people read and what must outlive a boot. */
uint64_t clock_realtime(void);
/* The same in milliseconds. */
uint64_t clock_realtime_ms(void);

/* a + b, but MSEC_INFINITY when either is or when it would overflow. */
static inline msec_t msec_add(msec_t a, msec_t b)
{
        return a > MSEC_INFINITY - b ? MSEC_INFINITY : a + b;
}
