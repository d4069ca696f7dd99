/* SPDX-License-Identifier: Apache-2.0 */
/* hawker-bench: runs one row of the table against a broker on loopback, checks every message and
 * reports the broker's CPU per message as JSON lines. */

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/row.h"

enum {
        EXIT_FAULT = 1, /* messages lost, doubled, reordered, or the protocol broken */
        EXIT_USAGE = 2,
        EXIT_TROUBLE = 3, /* ours: no connection, no memory, no such process */
};

static const char usage[] =
        "Usage: hawker-bench --port PORT --pid PID --row NAME [--seconds S] [--scale F]\n"
        "       hawker-bench --list\n"
        "\n"
        "  --port PORT    the broker listens on 127.0.0.1:PORT\n"
        "  --pid PID      the broker's process, whose CPU and memory are read\n"
        "  --row NAME     what to run\n"
        "  --seconds S    how long the timed rows measure (default 1.5)\n"
        "  --scale F      multiplies the counts of the counted rows (default 1)\n"
        "  --exchange PATH\n"
        "                 for rows of a reload: before each SIGHUP, this and PATH.next change "
        "places\n"
        "  --notify-fd N  the socket that the broker notifies; without it no time of a reload\n"
        "  --folder DIR   on the disk of the broker's store, for the row that compares with it\n"
        "  --list         the names of the rows\n";

typedef struct Arguments {
        Bench bench;
        const Row *row;
} Arguments;

/* Returns 0, 1 when all is done (--list), or -EINVAL. */
static int arguments_parse(int argc, char **argv, Arguments *ret)
{
        static const struct option options[] = {
                {"port", required_argument, NULL, 'p'},
                {"pid", required_argument, NULL, 'i'},
                {"row", required_argument, NULL, 'r'},
                {"seconds", required_argument, NULL, 's'},
                {"scale", required_argument, NULL, 'f'},
                {"exchange", required_argument, NULL, 'x'},
                {"notify-fd", required_argument, NULL, 'n'},
                {"folder", required_argument, NULL, 'd'},
                {"list", no_argument, NULL, 'l'},
                {},
        };
        Bench *bench = &ret->bench;
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (c == 'l')
                        row_list();
                else if (c == 'p')
                        bench->address.sin_port = htons((uint16_t)atoi(optarg));
                else if (c == 'i')
                        bench->pid = atoi(optarg);
                else if (c == 'r')
                        ret->row = row_find(optarg);
                else if (c == 's')
                        bench->seconds = atof(optarg);
                else if (c == 'f')
                        bench->scale = atof(optarg);
                else if (c == 'x')
                        bench->reload.exchange = optarg;
                else if (c == 'd')
                        bench->folder = optarg;
                else if (c == 'n')
                        bench->reload.notify_fd = atoi(optarg);
                else
                        return -EINVAL;
                if (c == 'l')
                        return 1;
        }
        if (!ret->row || bench->pid <= 0 || bench->address.sin_port == 0)
                return -EINVAL;
        return bench->seconds > 0 && bench->scale > 0 ? 0 : -EINVAL;
}

/* As many descriptors as the hard limit allows. */
static void raise_limits(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
        Arguments arguments = {
                .bench =
                        {
                                .address =
                                        {
                                                .sin_family = AF_INET,
                                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                        },
                                .seconds = 1.5,
                                .scale = 1,
                                .reload = {.notify_fd = -1},
                        },
        };
        int r;

        r = arguments_parse(argc, argv, &arguments);
        if (r != 0) {
                if (r < 0)
                        fputs(usage, stderr);
                return r < 0 ? EXIT_USAGE : 0;
        }
        raise_limits();
        r = arguments.row->run(&arguments.bench, arguments.row);
        if (r == 0)
                return 0;
        fprintf(stderr, "hawker-bench: %s: %s\n", arguments.row->name, strerror(-r));
        return r == -EPROTO || r == -ETIMEDOUT ? EXIT_FAULT : EXIT_TROUBLE;
}
