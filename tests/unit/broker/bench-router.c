/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a subscription and a match cost: so many filters (default: 1,000,000; 20 % with `+`, 10 %
 * with
 * `#`) of 10,000 sessions, then topics at random, a hot set, and all subscriptions out again.
 */

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "broker/message.h"
#include "broker/retained-cursor.h"
#include "broker/route-cache.h"
#include "broker/router.h"
#include "mqtt/topic.h"

#define TEXT_MAX 128
#define SESSIONS 10000U

/* CPU time: the machine may have other work. */
static uint64_t cpu_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static size_t memory_in_use(void)
{
        struct mallinfo2 info = mallinfo2();

        return info.uordblks + info.hblkhd;
}

static uint64_t random_next(uint64_t *state)
{
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        return *state;
}

/* Topic number i: 100 sites, 1000 devices each, and so on as far as the number reaches. */
static Bytes make_topic(uint32_t i, char *text)
{
        int n = snprintf(text, TEXT_MAX, "site%u/device%u/sensor%u/value%u", i % 100,
                         i / 100 % 1000, i / 100000 % 10, i % 7);

        return (Bytes){(const uint8_t *)text, (size_t)n};
}

static TopicFilter make_filter(uint32_t i, char *text)
{
        uint32_t site = i / 10 % 100, device = i / 1000 % 1000;
        TopicFilter filter = {0};

        int n;

        if (i % 10 > 2) {
                filter.filter = make_topic(i, text);
                return filter;
        }
        if (i % 10 == 2)
                n = snprintf(text, TEXT_MAX, "site%u/device%u/sensor%u/%u/#", site, device, i % 7,
                             i);
        else if (i % 10 == 1)
                n = snprintf(text, TEXT_MAX, "site%u/+/device%u/value%u/%u", site, device, i % 7,
                             i);
        else
                n = snprintf(text, TEXT_MAX, "site%u/device%u/+/value%u/%u", site, device, i % 7,
                             i);
        filter.filter = (Bytes){(const uint8_t *)text, (size_t)n};
        filter.has_wildcard = true;
        return filter;
}

static SessionId session_of(uint32_t i)
{
        return session_id_make(0, 1, i % SESSIONS);
}

static int bench_subscribe(Router *router, uint32_t n)
{
        size_t before = memory_in_use();
        uint64_t start = cpu_ns();
        char text[TEXT_MAX];

        for (uint32_t i = 0; i < n; i++) {
                TopicFilter filter = make_filter(i, text);
                int r = router_subscribe(router, session_of(i), &filter, 1, 0);

                if (r < 0)
                        return r;
        }
        printf("subscribe: %.0f ns\n", (double)(cpu_ns() - start) / n);
        printf("memory: %.1f bytes per subscription (%zu)\n",
               (double)(memory_in_use() - before) / (double)router_count(router),
               router_count(router));
        return 0;
}

static int bench_match(RouteCache *cache, const char *name, uint32_t n_topics, uint32_t n)
{
        uint64_t state = 88172645463325252U, takers = 0, start;
        char(*texts)[TEXT_MAX] = calloc(n_topics, TEXT_MAX);
        Bytes *topics = calloc(n_topics, sizeof(Bytes));
        int r = 0;

        if (!texts || !topics)
                r = -ENOMEM;
        for (uint32_t i = 0; r == 0 && i < n_topics; i++)
                topics[i] = make_topic((uint32_t)random_next(&state) % 1000000, texts[i]);
        start = cpu_ns();
        for (uint32_t i = 0; r == 0 && i < n; i++) {
                const Route *route;

                r = route_cache_match(cache, topics[i & (n_topics - 1)], &route);
                if (r == 0)
                        takers += route->n_takers;
        }
        printf("match, %s: %.1f ns (%.2f takers each)\n", name, (double)(cpu_ns() - start) / n,
               (double)takers / n);
        free(texts);
        free(topics);
        return r;
}

static void bench_unsubscribe(Router *router, uint32_t n)
{
        uint64_t start = cpu_ns();
        char text[TEXT_MAX];

        for (uint32_t i = 0; i < n; i++) {
                TopicFilter filter = make_filter(i, text);

                router_unsubscribe(router, session_of(i), &filter);
        }
        printf("unsubscribe: %.0f ns (%zu left)\n", (double)(cpu_ns() - start) / n,
               router_count(router));
}

static int bench_router(uint32_t n)
{
        _cleanup_(router_freep) Router *router = NULL;
        _cleanup_(route_cache_freep) RouteCache *cache = NULL;
        int r;

        r = router_new(2, &router);
        if (r == 0)
                r = route_cache_new(router, 0, false, &cache);
        if (r == 0)
                r = bench_subscribe(router, n);
        if (r == 0)
                r = bench_match(cache, "524288 random topics", 1 << 19, 1000000);
        if (r == 0)
                r = bench_match(cache, "4096 topics", 1 << 12, 10000000);
        if (r == 0)
                r = bench_match(cache, "16 topics", 1 << 4, 50000000);
        if (r == 0)
                bench_unsubscribe(router, n);
        return r;
}

static int bench_one_topic(uint32_t n)
{
        _cleanup_(router_freep) Router *router = NULL;
        TopicFilter filter = {.filter = BYTES_LITERAL("news/today")};
        uint64_t start = cpu_ns();
        int r;

        r = router_new(2, &router);
        for (uint32_t i = 0; r == 0 && i < n; i++)
                r = router_subscribe(router, session_id_make(i % 2, 1, i), &filter, 1, 0);
        printf("%u subscribers of one topic: in %.0f ns", n, (double)(cpu_ns() - start) / n);
        start = cpu_ns();
        for (uint32_t i = 0; r == 0 && i < n; i++)
                router_unsubscribe(router, session_id_make(i % 2, 1, i), &filter);
        printf(", out %.0f ns\n", (double)(cpu_ns() - start) / n);
        return r;
}

static int bench_retained(uint32_t n)
{
        _cleanup_(retained_freep) Retained *retained = NULL;
        size_t before = memory_in_use(), met = 0;
        static const uint8_t payload[64];
        RetainedCursor *cursor;
        bool end = false;
        uint64_t start;
        int r;

        r = retained_new(&retained);
        start = cpu_ns();
        for (uint32_t i = 0; r == 0 && i < n; i++) {
                char text[TEXT_MAX];
                MessageParts parts = {.topic = make_topic(i, text),
                                      .payload = {payload, sizeof(payload)},
                                      .expires = MESSAGE_NEVER_EXPIRES};
                Message *message;

                r = message_new(&parts, &message);
                if (r < 0)
                        break;
                r = retained_set(retained, message);
                message_unref(message);
        }
        printf("retained: set %.0f ns, %.0f bytes each (%zu)\n", (double)(cpu_ns() - start) / n,
               (double)(memory_in_use() - before) / (double)retained_count(retained),
               retained_count(retained));
        if (r < 0 || retained_cursor_new(retained, BYTES_LITERAL("#"), &cursor) < 0)
                return -ENOMEM;
        start = cpu_ns();
        while (!end) {
                Message *messages[64];
                size_t n_met = retained_cursor_next(cursor, 0, messages, 64, &end);

                for (size_t i = 0; i < n_met; i++)
                        message_unref(messages[i]);
                met += n_met;
        }
        printf("retained: `#` meets %zu, %.0f ns each\n", met, (double)(cpu_ns() - start) / met);
        retained_cursor_free(cursor);
        return 0;
}

int main(int argc, char **argv)
{
        uint32_t n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000;
        int r;

        r = bench_router(n);
        if (r == 0)
                r = bench_one_topic(100000);
        if (r == 0)
                r = bench_retained(n);
        if (r < 0)
                fprintf(stderr, "out of memory\n");
        return r < 0;
}
