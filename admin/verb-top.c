/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl top: the traffic and the clients, as they change. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/terminal.h"
#include "admin/top-look.h"
#include "admin/top-screen.h"
#include "admin/top-show.h"
#include "util/macro.h"

/* What stands above the clients, but for the topics. */
#define LINES_ABOVE 16U

/* Of the lines that are left for both, one of so many is for a topic. */
#define TOPICS_SHARE 3U

/* Topics at most. */
#define TOPICS_SHOWN 10U

/* Where no terminal says how many fit. */
#define CLIENTS_SHOWN 20U

typedef struct Order {
        const Command *command;
        uint64_t delay;  /* microseconds */
        unsigned n_left; /* looks; 0: until it is ended */
        TopOrder order;
        bool without_clients;
} Order;

/* -1: go on. */
static int parse_delay(const Command *command, uint64_t *ret_delay)
{
        const char *text = command_value(command, "delay");
        double seconds;
        char *end;

        if (!text)
                return -1;
        seconds = strtod(text, &end);
        if (end == text || *end || !(seconds >= 0.1 && seconds <= 86400))
                return command_usage(command, "--delay is of 0.1 to 86400 seconds");
        *ret_delay = (uint64_t)(seconds * 1e6);
        return -1;
}

static int parse_iterations(const Command *command, unsigned *ret_n)
{
        const char *text = command_value(command, "iterations");
        unsigned long n;
        char *end;

        *ret_n = command_has(command, "once");
        if (!text)
                return -1;
        errno = 0;
        n = strtoul(text, &end, 10);
        if (errno != 0 || *end || text[0] < '0' || text[0] > '9' || n == 0 || n > 1000000000)
                return command_usage(command, "--iterations is a number from 1");
        *ret_n = (unsigned)n;
        return -1;
}

static int parse(const Command *command, Order *ret_order)
{
        const char *name = command_value(command, "sort");
        Order order = {.command = command, .delay = 1000000};
        int status = parse_delay(command, &order.delay);

        if (status < 0)
                status = parse_iterations(command, &order.n_left);
        if (status >= 0)
                return status;
        while (name && order.order < TOP_ORDERS && strcmp(top_order_name(order.order), name) != 0)
                order.order++;
        if (order.order == TOP_ORDERS)
                return command_usage(command, "there is no order %s", name);
        *ret_order = order;
        return -1;
}

static int show(const Order *order, const TopScreen *screen, const TopLook *before,
                const TopLook *after)
{
        _cleanup_free_ char *text = NULL;
        Command command = *order->command;
        size_t size;
        FILE *to = open_memstream(&text, &size);
        int r;

        if (!to)
                return -errno;
        command.width = terminal_width();
        r = command.json ? top_show_json(before, after, to)
                         : top_show_text(&command, before, after, order->order, to);
        if (fclose(to) != 0 && r == 0)
                r = -errno;
        if (r == 0)
                top_screen_draw(screen, text);
        return r;
}

/* How many of each fit. */
static void count_rows(const TopScreen *screen, TopWish *wish)
{
        const unsigned height = screen->is_on ? terminal_height() : 0;
        const unsigned rows = height > LINES_ABOVE ? height - LINES_ABOVE : 2;

        wish->topics = height == 0 ? TOPICS_SHOWN : MIN(MAX(rows / TOPICS_SHARE, 1U), TOPICS_SHOWN);
        wish->most = height == 0 ? CLIENTS_SHOWN : rows - wish->topics;
}

/* False: end. */
static bool obey(Order *order, int key)
{
        if (key == 's')
                order->order = (order->order + 1) % TOP_ORDERS;
        return key != 'q' && key != 'Q';
}

/* The look after the first is shown, and each one after it. */
static int follow(const Broker *broker, Order *order, const TopScreen *screen)
{
        _cleanup_(top_look_done) TopLook last = {};
        int r, status = top_look_take(broker, &(TopWish){.before = &last}, &last);

        while (status == EXIT_DONE && obey(order, top_screen_wait(screen, order->delay))) {
                TopWish wish = {
                        .order = order->order,
                        .without_clients = order->without_clients,
                        .before = &last,
                };
                TopLook look;

                count_rows(screen, &wish);
                status = top_look_take(broker, &wish, &look);
                if (status != EXIT_DONE)
                        break;
                order->without_clients = look.without_clients;
                r = show(order, screen, &last, &look);
                top_look_done(&last);
                last = look;
                if (r < 0)
                        return broker_failed(r);
                if (order->n_left > 0 && --order->n_left == 0)
                        break;
        }
        return status;
}

int verb_top(const Command *command)
{
        _cleanup_(top_screen_done) TopScreen screen = {.signals = -1};
        _cleanup_(broker_done) Broker broker = {};
        Order order = {};
        int r, status;

        status = parse(command, &order);
        if (status >= 0)
                return status;
        status = broker_init(&broker, command);
        if (status != EXIT_DONE)
                return status;
        r = top_screen_init(&screen, !command->json && !command_has(command, "once"));
        if (r < 0)
                return broker_failed(r);
        status = follow(&broker, &order, &screen);
        if (status != EXIT_DONE && screen.is_on) {
                /* What was said of it is gone with the screen. */
                top_screen_done(&screen);
                status = top_look_take(&broker, &(TopWish){.without_clients = true}, &(TopLook){});
        }
        return status;
}
