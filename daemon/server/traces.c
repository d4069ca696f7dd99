/* SPDX-License-Identifier: Apache-2.0 */

/* Who watches the packets of which client. */

#include "server/traces.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "util/clock.h"

struct Trace {
        uint8_t *client;
        size_t length;
        int fd; /* an eventfd */
        Buffer lines;
        uint64_t lost; /* behind these lines */
};

struct Traces {
        atomic_uint n;
        pthread_mutex_t lock;
        Trace *items[TRACES_MAX]; /* n of them, in no order */
};

int traces_new(Traces **ret_traces)
{
        Traces *traces = calloc(1, sizeof(*traces));

        if (!traces)
                return -ENOMEM;
        pthread_mutex_init(&traces->lock, NULL);
        *ret_traces = traces;
        return 0;
}

static Trace *trace_free(Trace *trace)
{
        if (!trace)
                return NULL;
        if (trace->fd >= 0)
                close(trace->fd);
        buffer_done(&trace->lines);
        free(trace->client);
        free(trace);
        return NULL;
}

DEFINE_CLEANUP(Trace, trace_free)

Traces *traces_free(Traces *traces)
{
        if (!traces)
                return NULL;
        for (unsigned i = 0; i < atomic_load(&traces->n); i++)
                trace_free(traces->items[i]);
        pthread_mutex_destroy(&traces->lock);
        free(traces);
        return NULL;
}

static int trace_new(Bytes client, Trace **ret_trace)
{
        _cleanup_(trace_freep) Trace *trace = calloc(1, sizeof(*trace));

        if (!trace)
                return -ENOMEM;
        trace->fd = -1;
        if (bytes_duplicate(client, &trace->client) < 0)
                return -ENOMEM;
        trace->length = client.length;
        trace->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (trace->fd < 0)
                return -errno;
        *ret_trace = TAKE_PTR(trace);
        return 0;
}

int traces_add(Traces *traces, Bytes client, Trace **ret_trace)
{
        _cleanup_(trace_freep) Trace *trace = NULL;
        unsigned n;
        int r;

        r = trace_new(client, &trace);
        if (r < 0)
                return r;
        pthread_mutex_lock(&traces->lock);
        n = atomic_load_explicit(&traces->n, memory_order_relaxed);
        if (n == TRACES_MAX) {
                r = -EMFILE;
        } else {
                *ret_trace = trace;
                traces->items[n] = TAKE_PTR(trace);
                atomic_store_explicit(&traces->n, n + 1, memory_order_relaxed);
        }
        pthread_mutex_unlock(&traces->lock);
        return r;
}

Trace *traces_remove(Traces *traces, Trace *trace)
{
        unsigned n;

        if (!trace)
                return NULL;
        pthread_mutex_lock(&traces->lock);
        n = atomic_load_explicit(&traces->n, memory_order_relaxed) - 1;
        for (unsigned i = 0; i < n; i++)
                if (traces->items[i] == trace)
                        traces->items[i] = traces->items[n];
        atomic_store_explicit(&traces->n, n, memory_order_relaxed);
        pthread_mutex_unlock(&traces->lock);
        return trace_free(trace);
}

/* --- workers --- */

bool traces_are_there(const Traces *traces)
{
        return atomic_load_explicit(&traces->n, memory_order_relaxed) > 0;
}

/* The next one of the client from *i on, while the lock is held. */
static Trace *next_of(const Traces *traces, Bytes client, unsigned *i)
{
        while (*i < atomic_load_explicit(&traces->n, memory_order_relaxed)) {
                Trace *trace = traces->items[(*i)++];

                if (bytes_equal((Bytes){trace->client, trace->length}, client))
                        return trace;
        }
        return NULL;
}

bool traces_have(Traces *traces, Bytes client)
{
        unsigned i = 0;
        bool found;

        if (!traces_are_there(traces))
                return false;
        pthread_mutex_lock(&traces->lock);
        found = next_of(traces, client, &i);
        pthread_mutex_unlock(&traces->lock);
        return found;
}

/* What was lost belongs between the lines: none goes in while that has to be told. */
static void append(Trace *trace, Bytes line)
{
        const size_t before = buffer_length(&trace->lines);

        if (trace->lost > 0 || before >= TRACE_BYTES_MAX || !line.data ||
            buffer_append(&trace->lines, line.data, line.length) < 0)
                trace->lost++;
        if (before == 0)
                eventfd_write(trace->fd, 1);
}

void traces_write(Traces *traces, Bytes client, Bytes line)
{
        unsigned i = 0;
        Trace *trace;

        pthread_mutex_lock(&traces->lock);
        while ((trace = next_of(traces, client, &i)))
                append(trace, line);
        pthread_mutex_unlock(&traces->lock);
}

void traces_note_lost(Traces *traces, Bytes client)
{
        traces_write(traces, client, (Bytes){});
}

/* --- readers --- */

int trace_fd(const Trace *trace)
{
        return trace->fd;
}

/* Without memory the next time tells it. */
static void tell_lost(Trace *trace)
{
        char line[100];
        const int n = snprintf(line, sizeof(line), "{\"time\":%" PRIu64 ",\"lost\":%" PRIu64 "}\n",
                               clock_realtime_ms() * 1000, trace->lost);

        if (buffer_append(&trace->lines, line, (size_t)n) == 0)
                trace->lost = 0;
}

void trace_take(Traces *traces, Trace *trace, Buffer *to)
{
        eventfd_t count;

        pthread_mutex_lock(&traces->lock);
        eventfd_read(trace->fd, &count);
        if (trace->lost > 0)
                tell_lost(trace);
        buffer_done(to);
        *to = trace->lines;
        trace->lines = (Buffer){};
        pthread_mutex_unlock(&traces->lock);
}
