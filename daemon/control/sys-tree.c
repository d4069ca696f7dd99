/* SPDX-License-Identifier: Apache-2.0 */

/* The values of `$SYS/broker/…` as texts. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/load-average.h"
#include "control/sys-tree.h"

#define PREFIX "$SYS/broker/"

/* What the rows below read: the counters, and what is derived from them. */
typedef struct SysFigures {
        ServerCounters counters;
        uint64_t stored;
        uint64_t stored_bytes;
        uint64_t plain_subscriptions;
        uint64_t clients_maximum;
        uint64_t memory;
        uint64_t memory_maximum;
} SysFigures;

typedef struct FigureRow {
        const char *name; /* below PREFIX */
        size_t offset;    /* of a uint64_t in SysFigures */
} FigureRow;

#define COUNTER(field) offsetof(SysFigures, counters.field)
#define FIGURE(field)  offsetof(SysFigures, field)

static const FigureRow figure_rows[] = {
        {"bytes/received", COUNTER(bytes_received)},
        {"bytes/sent", COUNTER(bytes_sent)},
        {"clients/active", COUNTER(clients_connected)},
        {"clients/connected", COUNTER(clients_connected)},
        {"clients/disconnected", COUNTER(sessions_away)},
        {"clients/expired", COUNTER(sessions_expired)},
        {"clients/inactive", COUNTER(sessions_away)},
        {"clients/maximum", FIGURE(clients_maximum)},
        {"clients/total", COUNTER(sessions)},
        {"connections/socket/count", COUNTER(sockets_open)},
        {"heap/current", FIGURE(memory)},
        {"heap/maximum", FIGURE(memory_maximum)},
        {"limits/connections", COUNTER(user_connections_refused)},
        {"limits/holds", COUNTER(holds)},
        {"limits/messages", COUNTER(messages_above_rate)},
        {"limits/pauses", COUNTER(pauses)},
        {"limits/retained", COUNTER(retained_refused)},
        {"limits/subscriptions", COUNTER(subscriptions_refused)},
        {"limits/takeovers", COUNTER(takeovers_refused)},
        {"messages/received", COUNTER(messages_received)},
        {"messages/sent", COUNTER(messages_sent)},
        {"messages/stored", FIGURE(stored)},
        {"packet/out/bytes", COUNTER(output_bytes)},
        {"packet/out/count", COUNTER(output_packets)},
        {"publish/bytes/received", COUNTER(publish_bytes_received)},
        {"publish/bytes/sent", COUNTER(publish_bytes_sent)},
        {"publish/messages/dropped", COUNTER(publish_dropped)},
        {"publish/messages/received", COUNTER(publish_received)},
        {"publish/messages/sent", COUNTER(publish_sent)},
        {"retained messages/count", COUNTER(retained)},
        {"shared_subscriptions/count", COUNTER(shared_subscriptions)},
        {"store/checkpoints", COUNTER(checkpoints)},
        {"store/commits", COUNTER(store_commits)},
        {"store/commits/bytes", COUNTER(store_bytes)},
        {"store/commits/changes", COUNTER(store_changes)},
        {"store/commits/refused", COUNTER(store_refused)},
        {"store/messages/bytes", FIGURE(stored_bytes)},
        {"store/messages/count", FIGURE(stored)},
        {"subscriptions/count", FIGURE(plain_subscriptions)},
};

static const FigureRow load_rows[] = {
        {"load/bytes/received", COUNTER(bytes_received)},
        {"load/bytes/sent", COUNTER(bytes_sent)},
        {"load/connections", COUNTER(connections)},
        {"load/messages/received", COUNTER(messages_received)},
        {"load/messages/sent", COUNTER(messages_sent)},
        {"load/publish/dropped", COUNTER(publish_dropped)},
        {"load/publish/received", COUNTER(publish_received)},
        {"load/publish/sent", COUNTER(publish_sent)},
        {"load/sockets", COUNTER(sockets_accepted)},
};

enum {
        VALUE_VERSION,
        VALUE_UPTIME,
        VALUE_FIGURES,
        VALUE_LOADS = VALUE_FIGURES + ARRAY_SIZE(figure_rows),
        VALUE_N = VALUE_LOADS + ARRAY_SIZE(load_rows) * LOAD_AVERAGE_N,
};

typedef struct SysValue {
        char topic[64];
        char text[32];
        bool changed;
} SysValue;

struct SysTree {
        msec_t started, updated;
        SysFigures figures;
        LoadAverage loads[ARRAY_SIZE(load_rows)];
        size_t position; /* of sys_tree_next() */
        SysValue values[VALUE_N];
};

static uint64_t figure_of(const SysFigures *figures, const FigureRow *row)
{
        uint64_t value;

        memcpy(&value, (const char *)figures + row->offset, sizeof(value));
        return value;
}

static _printf_(2, 3) void value_set(SysValue *value, const char *format, ...)
{
        char text[sizeof(value->text)];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        if (strcmp(text, value->text) == 0)
                return;
        memcpy(value->text, text, sizeof(text));
        value->changed = true;
}

static _printf_(2, 3) void value_name(SysValue *value, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(value->topic, sizeof(value->topic), format, arguments);
        va_end(arguments);
}

static void tree_name_values(SysTree *tree)
{
        value_name(&tree->values[VALUE_VERSION], PREFIX "version");
        value_name(&tree->values[VALUE_UPTIME], PREFIX "uptime");
        for (size_t i = 0; i < ARRAY_SIZE(figure_rows); i++)
                value_name(&tree->values[VALUE_FIGURES + i], PREFIX "%s", figure_rows[i].name);
        for (size_t i = 0; i < ARRAY_SIZE(load_rows) * LOAD_AVERAGE_N; i++)
                value_name(&tree->values[VALUE_LOADS + i], PREFIX "%s/%s",
                           load_rows[i / LOAD_AVERAGE_N].name,
                           load_average_name(i % LOAD_AVERAGE_N));
}

int sys_tree_new(msec_t now, SysTree **ret_tree)
{
        SysTree *tree;

        tree = calloc(1, sizeof(*tree));
        if (!tree)
                return -ENOMEM;
        tree->started = tree->updated = now;
        tree_name_values(tree);
        value_set(&tree->values[VALUE_VERSION], "hawker version %s", VERSION);
        *ret_tree = tree;
        return 0;
}

SysTree *sys_tree_free(SysTree *tree)
{
        free(tree);
        return NULL;
}

static void tree_derive(SysTree *tree, const SysSample *sample)
{
        const ServerCounters *counters = &sample->counters;

        tree->figures = (SysFigures){
                .counters = *counters,
                .stored = counters->retained + counters->messages_queued,
                .stored_bytes = counters->retained_bytes + counters->messages_queued_bytes,
                /* Two pictures of two moments: never below zero. */
                .plain_subscriptions = counters->subscriptions -
                                       MIN(counters->subscriptions, counters->shared_subscriptions),
                .clients_maximum = MAX(tree->figures.clients_maximum, counters->sessions),
                .memory = sample->memory,
                .memory_maximum = MAX(tree->figures.memory_maximum, sample->memory),
        };
}

void sys_tree_update(SysTree *tree, const SysSample *sample)
{
        tree->position = 0;
        tree_derive(tree, sample);
        value_set(&tree->values[VALUE_UPTIME], "%" PRIu64 " seconds",
                  (sample->now - tree->started) / MSEC_PER_SEC);
        for (size_t i = 0; i < ARRAY_SIZE(figure_rows); i++)
                value_set(&tree->values[VALUE_FIGURES + i], "%" PRIu64,
                          figure_of(&tree->figures, &figure_rows[i]));

        for (size_t i = 0; i < ARRAY_SIZE(load_rows); i++) {
                SysValue *values = &tree->values[VALUE_LOADS + i * LOAD_AVERAGE_N];

                load_average_update(&tree->loads[i], figure_of(&tree->figures, &load_rows[i]),
                                    sample->now - tree->updated);
                for (size_t k = 0; k < LOAD_AVERAGE_N; k++)
                        value_set(&values[k], "%.2f", tree->loads[i].per_minute[k]);
        }
        tree->updated = sample->now;
}

bool sys_tree_next(SysTree *tree, const char **ret_topic, const char **ret_text)
{
        for (; tree->position < VALUE_N; tree->position++) {
                SysValue *value = &tree->values[tree->position];

                if (!value->changed)
                        continue;
                value->changed = false;
                *ret_topic = value->topic;
                *ret_text = value->text;
                return true;
        }
        return false;
}

int sys_tree_give(const SysTree *tree, int (*take)(const char *topic, uint64_t value, void *data),
                  void *data)
{
        int r = take(tree->values[VALUE_UPTIME].topic,
                     (tree->updated - tree->started) / MSEC_PER_SEC, data);

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(figure_rows); i++)
                r = take(tree->values[VALUE_FIGURES + i].topic,
                         figure_of(&tree->figures, &figure_rows[i]), data);
        return r;
}
