/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the table. */

#include <stdio.h>
#include <string.h>

#include "bench/letter.h"
#include "bench/row.h"
#include "bench/wire.h"

#define PAIRS(n)                                                                                   \
        {                                                                                          \
                SHAPE_PAIRS, (n), (n), 1, 1                                                        \
        }
#define FANOUT(n)                                                                                  \
        {                                                                                          \
                SHAPE_FANOUT, 1, (n), 1, 1                                                         \
        }
#define FANIN(n)                                                                                   \
        {                                                                                          \
                SHAPE_FANIN, (n), 1, 1, 1                                                          \
        }
#define SHARED(n)                                                                                  \
        {                                                                                          \
                SHAPE_SHARED, (n), (n), 1, 1                                                       \
        }
/* Of ten pairs. */
#define FILTERS(f)                                                                                 \
        {                                                                                          \
                SHAPE_FILTERS, 10, 10, (f) / 10, (f)                                               \
        }
#define QUEUE(n, t)                                                                                \
        {                                                                                          \
                SHAPE_QUEUE, 1, (n), (t), 1                                                        \
        }

#define V311 VERSION_311
#define V5   VERSION_5

#define IN_FRAMES .in_frames = true

/* clang-format off */
static const Row rows[] = {
        /* name             run           shape            version qos size   window rate   count */
        {"p2p-16",          row_traffic,  PAIRS(10),       V311,   0,  16,    64,    0,     0},
        {"p2p",             row_traffic,  PAIRS(10),       V311,   0,  256,   64,    0,     0},
        {"p2p-64k",         row_traffic,  PAIRS(10),       V311,   0,  65536, 64,    0,     0},
        {"p2p-one",         row_traffic,  PAIRS(10),       V311,   0,  256,   1,     0,     0},
        {"p2p-qos1",        row_traffic,  PAIRS(10),       V311,   1,  256,   64,    0,     0},
        {"p2p-qos1-v5",     row_traffic,  PAIRS(10),       V5,     1,  256,   64,    0,     0},
        {"p2p-qos2",        row_traffic,  PAIRS(10),       V311,   2,  256,   64,    0,     0},
        {"fanout-100",      row_traffic,  FANOUT(100),     V311,   0,  256,   64,    0,     0},
        {"fanout-100-qos1", row_traffic,  FANOUT(100),     V311,   1,  256,   64,    0,     0},
        {"fanout-1000",     row_traffic,  FANOUT(1000),    V311,   0,  256,   64,    0,     0},
        {"fanin-100",       row_traffic,  FANIN(100),      V311,   0,  256,   64,    0,     0},
        {"shared-10",       row_traffic,  SHARED(10),      V311,   0,  256,   64,    0,     0},
        {"wildcards",       row_traffic,  FILTERS(10000),  V311,   0,  256,   64,    0,     0},
        {"open-10k",        row_traffic,  PAIRS(10),       V311,   0,  256,   32768, 10000, 0},
        {"open-10k-qos1",   row_traffic,  PAIRS(10),       V311,   1,  256,   32768, 10000, 0},
        {"open-50k",        row_traffic,  PAIRS(10),       V311,   0,  256,   32768, 50000, 0},
        {"connect",         row_connect,  {},              V311,   0,  0,     10,    0,     5000},
        {"offline",         row_offline,  QUEUE(1, 1),     V311,   1,  256,   64,    0,     100000},
        {"retained",        row_retained, QUEUE(0, 50000), V311,   1,  64,    64,    0,     50000},
        {"idle",            row_idle,     PAIRS(1),        V311,   0,  0,     0,     0,     10000},
        {"filters",         row_filters,  FILTERS(10000),  V311,   0,  0,     0,     0,     0},

        {"tls-connect",         row_connect, {},          V311, 0, 0,   10, 0, 2000, TLS_FULL},
        {"tls-connect-resumed", row_connect, {},          V311, 0, 0,   10, 0, 2000, TLS_RESUMED},
        {"tls-connect-rsa",     row_connect, {},          V311, 0, 0,   10, 0, 500,  TLS_FULL},
        {"tls-p2p",             row_traffic, PAIRS(10),   V311, 0, 256, 64, 0, 0,    TLS_FULL},
        {"tls-fanout-100",      row_traffic, FANOUT(100), V311, 0, 256, 64, 0, 0,    TLS_FULL},
        {"tls-idle",            row_idle,    PAIRS(1),    V311, 0, 0,   0,  0, 2000, TLS_FULL},

        {"websocket-p2p-16",     row_traffic, PAIRS(10),   V311, 0, 16,    64, 0, 0, IN_FRAMES},
        {"websocket-p2p",        row_traffic, PAIRS(10),   V311, 0, 256,   64, 0, 0, IN_FRAMES},
        {"websocket-p2p-64k",    row_traffic, PAIRS(10),   V311, 0, 65536, 64, 0, 0, IN_FRAMES},
        {"websocket-p2p-one",    row_traffic, PAIRS(10),   V311, 0, 256,   1,  0, 0, IN_FRAMES},
        {"websocket-p2p-qos1",   row_traffic, PAIRS(10),   V311, 1, 256,   64, 0, 0, IN_FRAMES},
        {"websocket-fanout-100", row_traffic, FANOUT(100), V311, 0, 256,   64, 0, 0, IN_FRAMES},
        {"websocket-idle",       row_idle,    PAIRS(1),    V311, 0, 0,     0,  0, 2000, IN_FRAMES},
        {"tls-websocket-p2p",    row_traffic, PAIRS(10),   V311, 0, 256,   64, 0, 0, TLS_FULL,
         IN_FRAMES},
        {"tls-websocket-fanout-100", row_traffic, FANOUT(100), V311, 0, 256, 64, 0, 0, TLS_FULL,
         IN_FRAMES},

        {"reload",     row_reload, PAIRS(10), V311, 0, 256, 32768, 10000, 5000, TLS_NONE},
        {"tls-reload", row_reload, PAIRS(10), V311, 0, 256, 32768, 10000, 5000, TLS_FULL},
        {"restart",    row_restart, PAIRS(10), V311, 1, 256, 32768, 10000, 10000, TLS_NONE},

        {"durable-qos1",    row_traffic, PAIRS(10),   V311, 1, 256, 64, 0, 0,      TLS_NONE, true},
        {"durable-qos2",    row_traffic, PAIRS(10),   V311, 2, 256, 64, 0, 0,      TLS_NONE, true},
        {"durable-flush",   row_flush,   QUEUE(1, 1), V311, 1, 256, 1,  0, 500,    TLS_NONE, true},
        {"durable-guest",   row_guest,   QUEUE(1, 1), V311, 1, 256, 1,  0, 200,    TLS_NONE, true},
        {"durable-offline", row_offline, QUEUE(1, 1), V311, 1, 256, 64, 0, 100000, TLS_NONE, true},
};
/* clang-format on */

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

const Row *row_find(const char *name)
{
        for (size_t i = 0; i < N_ROWS; i++)
                if (strcmp(rows[i].name, name) == 0)
                        return &rows[i];
        return NULL;
}

void row_list(void)
{
        for (size_t i = 0; i < N_ROWS; i++)
                puts(rows[i].name);
}

uint32_t bench_scaled(const Bench *bench, uint32_t count)
{
        double scaled = count * bench->scale;

        return scaled < 1 ? 1 : (uint32_t)scaled;
}
