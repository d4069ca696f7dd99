/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the table: what each measures, and how it is run. */
/* Thread: immutable */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench/reload.h"
#include "bench/shape.h"
#include "bench/tls.h"

/* One run of the generator. */
typedef struct Bench {
        struct sockaddr_in address;
        pid_t pid;      /* the broker's */
        double seconds; /* what the timed rows measure, after a quarter of it to warm up */
        double scale;   /* of the counted rows */
        ReloadForm reload;
        const char *folder; /* on the disk of the broker's store; NULL: not known */
} Bench;

typedef struct Row Row;

struct Row {
        const char *name;
        /* Connects, measures, reports figures on stdout. Returns 0, -errno, or -EPROTO when
         * messages were lost, doubled or reordered. */
        int (*run)(const Bench *bench, const Row *row);
        Shape shape;
        uint8_t version;
        uint8_t qos;
        uint32_t payload_size;
        uint32_t window;
        uint32_t rate;
        uint32_t count; /* of what a counted row does: cycles, messages, connections */
        TlsMode tls;
        bool durable;   /* sessions last, and the broker keeps them on the disk */
        bool in_frames; /* of WebSocket */
};

/* NULL when there is none of this name. */
const Row *row_find(const char *name);

/* The names, one a line, on stdout. */
void row_list(void);

/* `count` scaled, but at least one. */
uint32_t bench_scaled(const Bench *bench, uint32_t count);

int row_traffic(const Bench *bench, const Row *row);
int row_connect(const Bench *bench, const Row *row);
int row_offline(const Bench *bench, const Row *row);
int row_retained(const Bench *bench, const Row *row);
int row_idle(const Bench *bench, const Row *row);
int row_restart(const Bench *bench, const Row *row);
int row_reload(const Bench *bench, const Row *row);
int row_filters(const Bench *bench, const Row *row);
int row_flush(const Bench *bench, const Row *row);
int row_guest(const Bench *bench, const Row *row);
