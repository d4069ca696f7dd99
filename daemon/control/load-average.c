/* SPDX-License-Identifier: Apache-2.0 */

/* How fast a counter runs, per minute. */
#include <math.h>

#include "control/load-average.h"

#define MSEC_PER_MINUTE 60000.0

static const struct {
        const char *name;
        double minutes;
} spans[LOAD_AVERAGE_N] = {
        {"1min", 1},
        {"5min", 5},
        {"15min", 15},
};

void load_average_update(LoadAverage *load, uint64_t counter, msec_t elapsed)
{
        double minutes = (double)elapsed / MSEC_PER_MINUTE;

        if (elapsed > 0) {
                double rate = (double)(counter - load->last) / minutes;

                for (unsigned i = 0; i < LOAD_AVERAGE_N; i++) {
                        double keep = exp(-minutes / spans[i].minutes);

                        load->per_minute[i] = rate + keep * (load->per_minute[i] - rate);
                }
        }
        load->last = counter;
}

const char *load_average_name(unsigned index)
{
        return spans[index].name;
}
