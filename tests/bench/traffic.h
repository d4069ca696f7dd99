/* SPDX-License-Identifier: Apache-2.0 */
/* What the publishers and the subscribers of a run share: form, ledger, letters, connections. */
/* Thread: the loop's */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/fleet.h"
#include "bench/histogram.h"
#include "bench/ledger.h"
#include "bench/letter.h"
#include "bench/loop.h"
#include "bench/shape.h"

typedef struct TrafficForm {
        struct sockaddr_in address;
        Shape shape;
        uint8_t version;
        uint8_t qos;
        bool retain;
        bool durable; /* the subscribers' sessions outlive their connections */
        uint32_t payload_size;
        uint32_t window;        /* messages of one publisher that may be open; a power of two */
        uint32_t rate;          /* messages a second of all publishers together; 0: closed loop */
        uint64_t limit;         /* messages in all; 0: until traffic_stop() */
        uint32_t ledger_window; /* 0: as window; more when deliveries come much later than acks */
} TrafficForm;

/* Open to its owner, who embeds it. */
typedef struct Traffic {
        TrafficForm form;
        Loop *loop;
        Ledger ledger;
        Fleet publishers;
        Fleet subscribers;
        Letter *letters; /* [publisher][topic] */
        bool running;
        uint64_t start;        /* ns: when message 0 is due */
        uint64_t paced;        /* open loop: messages whose publishers have been woken */
        uint64_t latency_from; /* latencies of messages intended before this do not count */
        uint64_t acknowledged;
        Histogram latency;
        int error; /* the first trouble of a connection or packet */
} Traffic;

/* Makes it, with all clients closed. Returns 0 or -ENOMEM. */
int traffic_init(Traffic *traffic, Loop *loop, const TrafficForm *form);
void traffic_done(Traffic *traffic);

/* Notes the first trouble: it ends the run. */
void traffic_fail(Traffic *traffic, int error);
