/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One look at the broker: its figures, and those of its clients that come first in some order.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin/broker.h"
#include "admin/latency.h"
#include "admin/top-counts.h"

typedef enum TopFigure {
        TOP_MESSAGES_RECEIVED, /* up to TOP_RATES - 1: they only grow */
        TOP_MESSAGES_SENT,
        TOP_MESSAGES_DROPPED,
        TOP_BYTES_RECEIVED,
        TOP_BYTES_SENT,
        TOP_RATES,
        TOP_CLIENTS = TOP_RATES,
        TOP_SESSIONS,
        TOP_SUBSCRIPTIONS,
        TOP_QUEUED,
        TOP_RETAINED,
        TOP_MEMORY,
        TOP_FIGURES,
} TopFigure;

/* The property that it is. */
const char *top_figure_name(TopFigure figure);

typedef enum TopOrder {
        TOP_BY_MESSAGES, /* per second, both ways */
        TOP_BY_TRAFFIC,  /* bytes per second, both ways */
        TOP_BY_QUEUED,
        TOP_BY_BYTES,
        TOP_BY_INFLIGHT,
        TOP_BY_SUBSCRIPTIONS,
        TOP_BY_CLIENT,
        TOP_ORDERS,
} TopOrder;

/* As --sort has it. */
const char *top_order_name(TopOrder order);

typedef struct TopClient {
        char *client, *user, *address, *listener;
        uint64_t subscriptions, inflight, queued, queued_bytes;
        TopTraffic traffic; /* since the look before */
} TopClient;

typedef struct TopTopic {
        char *topic;
        double messages, bytes; /* per second, as the broker has counted */
} TopTopic;

typedef struct TopLook {
        uint64_t when; /* microseconds of the monotonic clock */
        uint64_t figures[TOP_FIGURES];
        Latency latency;
        TopClient *clients; /* the first of them, in order */
        size_t n_clients;
        TopCounts counts; /* of all clients */
        TopTopic *topics; /* the busiest, in order */
        size_t n_topics;
        bool without_clients; /* who asks may not see them, nor topics */
} TopLook;

/* What to look for. */
typedef struct TopWish {
        TopOrder order;
        size_t most;           /* clients to show, */
        size_t topics;         /* and topics */
        bool without_clients;  /* neither is asked for */
        const TopLook *before; /* the look before */
} TopWish;

void top_look_done(TopLook *look);

/* EXIT_DONE, or another status, which stderr explains. */
int top_look_take(const Broker *broker, const TopWish *wish, TopLook *ret_look);

/* How much a figure that only grows has grown in a second between the two. */
double top_look_rate(const TopLook *before, const TopLook *after, TopFigure figure);

/* What so much between the two is in a second. */
double top_look_per_second(const TopLook *before, const TopLook *after, uint64_t n);
