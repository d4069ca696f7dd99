/* SPDX-License-Identifier: Apache-2.0 */

/*
 * pages: asks a broker on the system bus for all pages of what it lists, a few times over, and
 * writes for each list how many rows it has and how long a page takes, from the call to the answer.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>

#define ROUNDS    5U
#define PAGES_MAX 1000U

typedef struct PageList {
        const char *method;
        const char *row;
        const char *types; /* of its arguments before the last two, which are empty or 0 */
} PageList;

static const PageList lists[] = {
        {"ListClients", "(ssssstttttttt)", "ssss"},
        {"ListSessions", "(sbtttttt)", "sst"},
        {"ListSubscriptions", "(sssbuubbu)", "sss"},
};

typedef struct Times {
        double ms[PAGES_MAX];
        size_t n;
} Times;

static double now_ms(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int append(sd_bus_message *call, const PageList *list, const char *after)
{
        int r = 0;

        for (const char *type = list->types; r >= 0 && *type; type++)
                r = *type == 's' ? sd_bus_message_append(call, "s", "")
                                 : sd_bus_message_append(call, "t", UINT64_C(0));
        return r < 0 ? r : sd_bus_message_append(call, "su", after, 0);
}

static int ask(sd_bus *bus, const PageList *list, const char *after, sd_bus_message **ret_reply)
{
        sd_bus_message *call = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &call, "org.hawker.Broker1", "/org/hawker/Broker1",
                                           "org.hawker.Broker1.Manager", list->method);
        if (r >= 0)
                r = append(call, list, after);
        if (r >= 0)
                r = sd_bus_call(bus, call, 0, NULL, ret_reply);
        sd_bus_message_unref(call);
        return r;
}

/* How many rows; -errno. *next is freed and set anew. */
static int read_page(sd_bus_message *reply, const PageList *list, char **next)
{
        const char *text;
        int n = 0, r;

        r = sd_bus_message_enter_container(reply, 'a', list->row);
        for (; r >= 0 && (r = sd_bus_message_at_end(reply, false)) == 0; n++)
                r = sd_bus_message_skip(reply, list->row);
        if (r >= 0)
                r = sd_bus_message_exit_container(reply);
        if (r >= 0)
                r = sd_bus_message_read(reply, "s", &text);
        if (r < 0)
                return r;
        free(*next);
        *next = strdup(text);
        return *next ? n : -ENOMEM;
}

/* All of it once: how many rows, or -errno. */
static int walk(sd_bus *bus, const PageList *list, Times *times)
{
        char *next = strdup("");
        int n = 0, r = next ? 0 : -ENOMEM;

        do {
                sd_bus_message *reply = NULL;
                double begin = now_ms();

                if (r >= 0)
                        r = ask(bus, list, next, &reply);
                if (r >= 0 && times->n < PAGES_MAX)
                        times->ms[times->n++] = now_ms() - begin;
                if (r >= 0)
                        r = read_page(reply, list, &next);
                n += r;
                sd_bus_message_unref(reply);
        } while (r >= 0 && next[0]);
        free(next);
        return r < 0 ? r : n;
}

static int compare(const void *a, const void *b)
{
        const double *one = a, *other = b;

        return (*one > *other) - (*one < *other);
}

static int measure(sd_bus *bus, const PageList *list)
{
        static Times times;
        int n = 0;

        times.n = 0;
        for (unsigned i = 0; i < ROUNDS; i++) {
                n = walk(bus, list, &times);
                if (n < 0)
                        return n;
        }
        qsort(times.ms, times.n, sizeof(times.ms[0]), compare);
        printf("%s %d rows, %zu pages: median %.1f ms, 99%% %.1f ms, most %.1f ms\n", list->method,
               n, times.n, times.ms[times.n / 2], times.ms[times.n * 99 / 100],
               times.ms[times.n - 1]);
        return 0;
}

int main(void)
{
        sd_bus *bus = NULL;
        int r = sd_bus_open_system(&bus);

        for (size_t i = 0; r >= 0 && i < sizeof(lists) / sizeof(lists[0]); i++)
                r = measure(bus, &lists[i]);
        if (r < 0)
                fprintf(stderr, "pages: %s\n", strerror(-r));
        sd_bus_flush_close_unref(bus);
        return r < 0;
}
