/* SPDX-License-Identifier: Apache-2.0 */

/* The bans that rules ask for. */

#include "control/ban-rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "control/ban-log.h"
#include "util/log.h"

#define PAUSE_USEC     UINT64_C(1000000)
#define PAUSE_ACCURACY (PAUSE_USEC / 10)

/* Taken at a time. */
#define SLICE_MAX 64U
/* Of those that are made at once so many have lines of their own. */
#define LOGGED_MAX 16U

struct BanRules {
        Server *server;
        BanBook *book;
        unsigned duration; /* s; 0: for good */
        sd_event_source *source, *timer;
        bool is_full; /* it was told */
};

static int add_request(const BanRules *rules, BanTable *table, const BanRequest *request)
{
        const unsigned duration = rules->duration;
        char subject[PREFIX_TEXT_MAX], reason[128];
        Ban ban = {
                .kind = BAN_ADDRESS,
                .subject = prefix_format(&request->prefix, subject, sizeof(subject)),
                .until = duration == 0 ? BAN_FOR_GOOD : (uint64_t)time(NULL) + duration,
                .reason = reason,
        };

        snprintf(reason, sizeof(reason), "rule: %u %s within %u seconds", request->limit.count,
                 offence_to_string(request->offence), request->limit.window);
        return ban_table_put(table, &ban);
}

/* All of them, whatever happens: else the loop would turn for them without end. */
static int take_requests(BanRules *rules, BanTable *table)
{
        BanRequest requests[SLICE_MAX];
        size_t n;
        int r = 0;

        while ((n = server_take_ban_requests(rules->server, requests, SLICE_MAX)) > 0)
                for (size_t i = 0; i < n; i++) {
                        const int q = add_request(rules, table, &requests[i]);

                        r = q < 0 ? q : r;
                }
        return r;
}

static void log_all(const BanTable *table)
{
        const size_t n = ban_table_count(table);

        for (size_t i = 0; i < MIN(n, (size_t)LOGGED_MAX); i++) {
                const Ban ban = ban_table_at(table, i);

                ban_log_added(&ban);
        }
        if (n > LOGGED_MAX)
                log_notice("Banned %zu more addresses by rules", n - LOGGED_MAX);
}

static void log_full(BanRules *rules, bool is_full)
{
        if (is_full && !rules->is_full)
                log_warning("There are so many bans that rules make no more until some end");
        rules->is_full = is_full;
}

static int ban_all(BanRules *rules, const BanTable *table)
{
        int r = ban_book_add_all(rules->book, rules->server, table);

        log_full(rules, r == -ENOSPC);
        if (r == -ENOSPC || r == -ENOMEM)
                return r;
        if (r < 0 && r != -EROFS)
                log_warning("The bans cannot be kept for the next start: %s", strerror(-r));
        log_all(table);
        return 0;
}

static int on_waiting(sd_event_source *source, int fd, uint32_t events, void *data)
{
        _cleanup_(ban_table_unrefp) BanTable *table = NULL;
        BanRules *rules = data;
        int r;

        r = ban_table_new(&table);
        if (r == 0)
                r = take_requests(rules, table);
        if (table && ban_table_count(table) > 0)
                r = ban_all(rules, table);
        if (r == -ENOMEM)
                log_warning("There is no memory for bans that rules ask for");
        /* If the timer cannot be set, there is no pause. */
        if (sd_event_source_set_time_relative(rules->timer, PAUSE_USEC) >= 0 &&
            sd_event_source_set_enabled(rules->timer, SD_EVENT_ONESHOT) >= 0)
                sd_event_source_set_enabled(source, SD_EVENT_OFF);
        return 0;
}

static int on_pause_over(sd_event_source *timer, uint64_t usec, void *data)
{
        const BanRules *rules = data;

        sd_event_source_set_enabled(rules->source, SD_EVENT_ON);
        return 0;
}

int ban_rules_new(sd_event *event, Server *server, BanBook *book, BanRules **ret_rules)
{
        _cleanup_(ban_rules_freep) BanRules *rules = calloc(1, sizeof(*rules));
        int r;

        if (!rules)
                return -ENOMEM;
        rules->server = server;
        rules->book = book;
        r = sd_event_add_io(event, &rules->source, server_ban_fd(server), EPOLLIN, on_waiting,
                            rules);
        if (r >= 0)
                r = sd_event_add_time_relative(event, &rules->timer, CLOCK_MONOTONIC, PAUSE_USEC,
                                               PAUSE_ACCURACY, on_pause_over, rules);
        if (r >= 0)
                r = sd_event_source_set_enabled(rules->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret_rules = TAKE_PTR(rules);
        return 0;
}

BanRules *ban_rules_free(BanRules *rules)
{
        if (!rules)
                return NULL;
        sd_event_source_disable_unref(rules->source);
        sd_event_source_disable_unref(rules->timer);
        free(rules);
        return NULL;
}

void ban_rules_set_duration(BanRules *rules, unsigned duration)
{
        rules->duration = duration;
}
