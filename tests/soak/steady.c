/* SPDX-License-Identifier: Apache-2.0 */
/* hawker-steady: connections with traffic at one QoS, until standard input ends. No connection may
 * end meanwhile, no message may be lost, doubled or reordered, whatever becomes of the broker. */

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/clock.h"
#include "bench/traffic-run.h"
#include "bench/verdict.h"

#define PUBLISHERS 40
#define SLICE_NS   (20 * NS_PER_MS)

typedef struct Plan {
        struct sockaddr_in address;
        unsigned connections;
        uint8_t qos;
} Plan;

static bool is_over(void)
{
        struct pollfd input = {.fd = 0, .events = POLLIN};

        return poll(&input, 1, 0) != 0;
}

static int run(Traffic *traffic)
{
        int r = 0;

        traffic_start(traffic);
        puts("ready");
        fflush(stdout);
        while (r == 0 && !is_over())
                r = traffic_run(traffic, clock_now() + SLICE_NS);
        if (r == 0)
                r = traffic_stop(traffic);
        verdict_print("steady", traffic, r);
        printf("QoS %u: %" PRIu64 " messages\n", traffic->form.qos, traffic->ledger.delivered);
        return r;
}

static int plan_run(const Plan *plan)
{
        const uint32_t topics = (plan->connections - PUBLISHERS) / PUBLISHERS;
        const TrafficForm form = {
                .address = plan->address,
                .shape = {SHAPE_SPREAD, PUBLISHERS, PUBLISHERS * topics, topics, 1},
                .version = plan->qos == 1 ? VERSION_5 : VERSION_311,
                .qos = plan->qos,
                .payload_size = 200,
                .window = 16,
        };
        Traffic *traffic = calloc(1, sizeof(*traffic));
        Loop loop;
        int r;

        if (!traffic)
                return -ENOMEM;
        r = loop_init(&loop);
        if (r == 0) {
                r = traffic_open(traffic, &loop, &form);
                if (r == 0) {
                        r = run(traffic);
                        traffic_done(traffic);
                }
                loop_done(&loop);
        }
        free(traffic);
        return r;
}

static int plan_parse(int argc, char **argv, Plan *plan)
{
        static const struct option options[] = {
                {"port", required_argument, NULL, 'p'},
                {"connections", required_argument, NULL, 'c'},
                {"qos", required_argument, NULL, 'q'},
                {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (c == 'p')
                        plan->address.sin_port = htons((uint16_t)atoi(optarg));
                else if (c == 'c')
                        plan->connections = (unsigned)atoi(optarg);
                else if (c == 'q')
                        plan->qos = (uint8_t)atoi(optarg);
                else
                        return -EINVAL;
        }
        if (plan->address.sin_port == 0 || plan->qos > 2 || plan->connections < 2 * PUBLISHERS)
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
                .connections = 5000,
                .qos = 1,
        };
        int r;

        if (plan_parse(argc, argv, &plan) < 0) {
                fputs("Usage: hawker-steady --port PORT [--connections N] [--qos N]\n"
                      "The broker listens on 127.0.0.1:PORT; 80 connections at least.\n",
                      stderr);
                return 2;
        }
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
                limit.rlim_cur = limit.rlim_max;
                setrlimit(RLIMIT_NOFILE, &limit);
        }
        r = plan_run(&plan);
        if (r < 0)
                fprintf(stderr, "hawker-steady: %s\n", strerror(-r));
        return r < 0;
}
