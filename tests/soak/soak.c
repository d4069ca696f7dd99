/* SPDX-License-Identifier: Apache-2.0 */
/* hawker-soak: many connections with traffic, clients that come and go, subscriptions that change;
 * no message may be lost, and the broker's memory must be flat from one cycle to the next. */

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/churn.h"
#include "bench/clock.h"
#include "bench/stat.h"
#include "bench/subscriber.h"
#include "bench/traffic-run.h"
#include "bench/verdict.h"

#define PUBLISHERS      40
#define CHURNERS        100
#define CHANGES_AT_ONCE 50
#define SLICE_NS        (100 * NS_PER_MS)
#define SETTLE_NS       (30 * NS_PER_SECOND)

/* After every cycle the same has happened; what is more than this is a leak. */
#define TOLERANCE_SHARE 0.02
#define TOLERANCE_BYTES (2 * 1024 * 1024)

enum {
        ID_SUBSCRIBE = 60001, /* packet identifiers of the changing subscriptions */
        ID_UNSUBSCRIBE,
};

typedef struct Plan {
        struct sockaddr_in address;
        pid_t pid;
        double minutes;
        unsigned connections;
        unsigned cycles;
} Plan;

/* One leg: all connections, one QoS. */
typedef struct Soak {
        const Plan *plan;
        Loop loop;
        Traffic traffic;
        Churn churn;
        ClientEvents events; /* the subscribers': with the changing subscriptions besides */
        uint64_t changes;    /* subscriptions added and taken away */
        unsigned next;       /* the subscriber that changes next */
} Soak;

static Soak *soak_of(Client *subscriber)
{
        return (Soak *)((char *)subscriber->owner - offsetof(Soak, traffic));
}

static void change_filter(const Client *client, char name[static FLEET_NAME_SIZE])
{
        snprintf(name, FLEET_NAME_SIZE, "change/%u/+/#", client->number);
}

/* The next subscriber takes one more filter, which nothing matches. */
static void change_begin(Soak *soak)
{
        Fleet *fleet = &soak->traffic.subscribers;
        Client *client = &fleet->clients[soak->next++ % fleet->count];
        char filter[FLEET_NAME_SIZE];
        const char *filters = filter;

        if (!soak->traffic.running)
                return;
        change_filter(client, filter);
        if (wire_put_subscribe(&client->out, client->version, ID_SUBSCRIBE, 1, &filters, 1) < 0)
                soak->traffic.error = -ENOMEM;
        client_mark(client);
}

static void change_packet(Client *client, const Packet *packet)
{
        Soak *soak = soak_of(client);
        char filter[FLEET_NAME_SIZE];

        if (packet->type == PACKET_UNSUBACK) {
                soak->changes++;
                change_begin(soak);
                return;
        }
        change_filter(client, filter);
        if (wire_suback(packet, client->version) != 0)
                soak->traffic.error = -EPROTO;
        else if (wire_put_unsubscribe(&client->out, client->version, ID_UNSUBSCRIBE, filter) < 0)
                soak->traffic.error = -ENOMEM;
        client_mark(client);
}

static void soak_packet(Client *client, const Packet *packet)
{
        if (packet->type == PACKET_SUBACK || packet->type == PACKET_UNSUBACK)
                change_packet(client, packet);
        else
                subscriber_events.packet(client, packet);
}

static int soak_init(Soak *soak, const Plan *plan, uint8_t qos)
{
        uint32_t topics = (plan->connections - PUBLISHERS - CHURNERS) / PUBLISHERS;
        const TrafficForm traffic = {
                .address = plan->address,
                .shape = {SHAPE_SPREAD, PUBLISHERS, PUBLISHERS * topics, topics, 1},
                .version = qos == 1 ? VERSION_5 : VERSION_311,
                .qos = qos,
                .payload_size = 200,
                .window = 16,
        };
        const ChurnForm churn = {.address = plan->address, .clients = CHURNERS, .subscribe = true};
        int r;

        soak->plan = plan;
        r = loop_init(&soak->loop);
        if (r == 0)
                r = churn_init(&soak->churn, &soak->loop, &churn);
        if (r == 0)
                r = traffic_open(&soak->traffic, &soak->loop, &traffic);
        return r;
}

static void soak_done(Soak *soak)
{
        traffic_done(&soak->traffic);
        churn_done(&soak->churn);
        loop_done(&soak->loop);
        free(soak);
}

static int soak_run(Soak *soak, uint64_t span)
{
        uint64_t end = clock_now() + span, churned;
        int r = 0;

        soak->events = subscriber_events;
        soak->events.packet = soak_packet;
        fleet_hand_over(&soak->traffic.subscribers, &soak->events, &soak->traffic);
        traffic_start(&soak->traffic);
        churn_start(&soak->churn);
        for (unsigned i = 0; i < CHANGES_AT_ONCE; i++)
                change_begin(soak);
        while (r == 0 && clock_now() < end) {
                r = traffic_run(&soak->traffic, clock_now() + SLICE_NS);
                if (r == 0)
                        r = soak->churn.error;
        }
        churn_stop(&soak->churn);
        churned = soak->churn.done;
        if (r == 0)
                r = traffic_stop(&soak->traffic);
        verdict_print("soak", &soak->traffic, r);
        printf("  %" PRIu64 " messages, %" PRIu64 " connects, %" PRIu64 " subscriptions changed\n",
               soak->traffic.ledger.delivered, churned, soak->changes);
        if (r == 0 && (churned == 0 || soak->changes == 0 || soak->traffic.ledger.delivered == 0))
                r = -EPROTO;
        return r;
}

static int leg_run(const Plan *plan, uint8_t qos)
{
        uint64_t span, rss = 0, begin = clock_now();
        Soak *soak = calloc(1, sizeof(*soak));
        int r;

        if (!soak)
                return -ENOMEM;
        span = (uint64_t)(plan->minutes * 60 * NS_PER_SECOND / (3 * plan->cycles));
        r = soak_init(soak, plan, qos);
        if (r == 0) {
                printf(" QoS %u: %u connections in %.1f s\n", qos, plan->connections,
                       (double)(clock_now() - begin) / NS_PER_SECOND);
                r = soak_run(soak, span);
        }
        if (r == 0)
                r = stat_rss(plan->pid, &rss);
        printf("  %.1f MiB while connected\n", (double)rss / (1024 * 1024));
        fflush(stdout);
        soak_done(soak);
        return r;
}

/* All three QoS with all connections made anew; then what the quiet broker's memory is. */
static int cycle_run(const Plan *plan, uint64_t *ret_rss)
{
        int r = 0;

        for (uint8_t qos = 0; qos <= 2 && r == 0; qos++)
                r = leg_run(plan, qos);
        if (r == 0)
                r = stat_settle(plan->pid, SETTLE_NS);
        if (r == 0)
                r = stat_rss(plan->pid, ret_rss);
        return r;
}

static int plan_run(const Plan *plan)
{
        uint64_t first = 0, rss = 0, limit;
        int r;

        r = stat_rss(plan->pid, &rss);
        printf("before: %.1f MiB\n", (double)rss / (1024 * 1024));
        for (unsigned i = 0; i < plan->cycles && r == 0; i++) {
                printf("cycle %u of %u\n", i + 1, plan->cycles);
                r = cycle_run(plan, &rss);
                if (r == 0)
                        printf(" quiet: %.1f MiB\n", (double)rss / (1024 * 1024));
                if (i == 0)
                        first = rss;
        }
        if (r < 0)
                return r;
        limit = first + (uint64_t)((double)first * TOLERANCE_SHARE) + TOLERANCE_BYTES;
        if (rss > limit) {
                printf("memory is not flat: %" PRIu64 " bytes after the first cycle, %" PRIu64
                       " after the last\n",
                       first, rss);
                return -EOVERFLOW;
        }
        puts("memory is flat, no message was lost, doubled or reordered");
        return 0;
}

static int plan_parse(int argc, char **argv, Plan *plan)
{
        static const struct option options[] = {
                {"port", required_argument, NULL, 'p'},
                {"pid", required_argument, NULL, 'i'},
                {"minutes", required_argument, NULL, 'm'},
                {"connections", required_argument, NULL, 'c'},
                {"cycles", required_argument, NULL, 'y'},
                {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (c == 'p')
                        plan->address.sin_port = htons((uint16_t)atoi(optarg));
                else if (c == 'i')
                        plan->pid = atoi(optarg);
                else if (c == 'm')
                        plan->minutes = atof(optarg);
                else if (c == 'c')
                        plan->connections = (unsigned)atoi(optarg);
                else if (c == 'y')
                        plan->cycles = (unsigned)atoi(optarg);
                else
                        return -EINVAL;
        }
        if (plan->pid <= 0 || plan->address.sin_port == 0 || plan->cycles < 2 ||
            plan->minutes <= 0 || plan->connections < 2 * PUBLISHERS + CHURNERS)
                return -EINVAL;
        return 0;
}

int main(int argc, char **argv)
{
        struct rlimit limit;
        Plan plan = {
                .address =
                        {
                                .sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                        },
                .minutes = 4,
                .connections = 15000,
                .cycles = 2,
        };
        int r;

        if (plan_parse(argc, argv, &plan) < 0) {
                fputs("Usage: hawker-soak --port PORT --pid PID [--minutes N] [--connections N]"
                      " [--cycles N]\n"
                      "The broker listens on 127.0.0.1:PORT; 180 connections at least, two cycles"
                      " at least.\n",
                      stderr);
                return 2;
        }
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
                limit.rlim_cur = limit.rlim_max;
                setrlimit(RLIMIT_NOFILE, &limit);
        }
        r = plan_run(&plan);
        if (r < 0)
                fprintf(stderr, "hawker-soak: %s\n", strerror(-r));
        return r < 0;
}
