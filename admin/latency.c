/* SPDX-License-Identifier: Apache-2.0 */

/* How long messages take. */
#include "admin/latency.h"

int latency_read(Latency *latency, sd_bus_message *message)
{
        uint64_t bound, count;
        int r;

        *latency = (Latency){};
        r = sd_bus_message_enter_container(message, 'v', "a(tt)");
        if (r >= 0)
                r = sd_bus_message_enter_container(message, 'a', "(tt)");
        while (r >= 0 && (r = sd_bus_message_read(message, "(tt)", &bound, &count)) > 0) {
                if (latency->n == LATENCY_CLASSES_MAX)
                        continue;
                latency->bounds[latency->n] = bound;
                latency->counts[latency->n++] = count;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(message);
        return r < 0 ? r : sd_bus_message_exit_container(message);
}

/* Another broker than before has begun anew. */
static uint64_t count_of(const Latency *before, const Latency *after, size_t i)
{
        if (!before || i >= before->n ||
            before->counts[before->n - 1] > after->counts[after->n - 1])
                return after->counts[i];
        return after->counts[i] - before->counts[i];
}

uint64_t latency_within(const Latency *before, const Latency *after, double share)
{
        const size_t n = after->n;
        const uint64_t all = n > 0 ? count_of(before, after, n - 1) : 0;

        for (size_t i = 0; all > 0 && i < n; i++)
                if ((double)count_of(before, after, i) >= share * (double)all)
                        return after->bounds[i];
        return 0;
}

static void print_time(uint64_t usec, FILE *to)
{
        if (usec == UINT64_MAX)
                fputs("more", to);
        else if (usec < 1000)
                fprintf(to, "%u us", (unsigned)usec);
        else if (usec < 1000000)
                fprintf(to, "%g ms", (double)usec / 1e3);
        else
                fprintf(to, "%g s", (double)usec / 1e6);
}

int latency_print(const Latency *before, const Latency *after, FILE *to)
{
        const uint64_t half = latency_within(before, after, 0.5);

        if (half == 0)
                return 0;
        fputs("half within ", to);
        print_time(half, to);
        fputs(", 99 % within ", to);
        print_time(latency_within(before, after, 0.99), to);
        return 1;
}
