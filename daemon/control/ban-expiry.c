/* SPDX-License-Identifier: Apache-2.0 */

/* Bans whose time is over go by themselves. */

#include "control/ban-expiry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util/log.h"

#define USEC_PER_SEC UINT64_C(1000000)

/* Many that end one after the other go together: each time the file is written. */
#define ACCURACY   (10 * USEC_PER_SEC)
#define PAUSE_SECS 10U

struct BanExpiry {
        Server *server;
        BanBook *book;
        BanTable *seen; /* a reference: what the timer was set for */
        uint64_t not_before;
        sd_event_source *post, *timer;
};

/* BAN_FOR_GOOD: none ends. */
static uint64_t first_end(const BanTable *table)
{
        uint64_t first = BAN_FOR_GOOD;

        for (size_t i = 0; i < ban_table_count(table); i++)
                first = MIN(first, ban_table_at(table, i).until);
        return first;
}

static int arm(const BanExpiry *expiry, uint64_t end)
{
        int r;

        if (end == BAN_FOR_GOOD)
                return sd_event_source_set_enabled(expiry->timer, SD_EVENT_OFF);
        r = sd_event_source_set_time(expiry->timer, MAX(end, expiry->not_before) * USEC_PER_SEC);
        return r < 0 ? r : sd_event_source_set_enabled(expiry->timer, SD_EVENT_ONESHOT);
}

/* Whoever has changed the table. */
static int on_post(sd_event_source *source, void *data)
{
        BanExpiry *expiry = data;
        BanTable *now = server_bans(expiry->server);
        BanTable *before = expiry->seen;
        int r = 0;

        expiry->seen = now;
        if (now != before)
                r = arm(expiry, first_end(now));
        if (r < 0)
                log_warning("Bans that end stay in the list: %s", strerror(-r));
        ban_table_unref(before);
        return 0;
}

static int on_time(sd_event_source *source, uint64_t usec, void *data)
{
        BanExpiry *expiry = data;
        int r = ban_book_tidy(expiry->book, expiry->server);

        if (r < 0 && r != -EROFS)
                log_warning("Cannot take bans that are over off the list: %s", strerror(-r));
        expiry->not_before = (uint64_t)time(NULL) + PAUSE_SECS;
        return 0;
}

int ban_expiry_new(sd_event *event, Server *server, BanBook *book, BanExpiry **ret_expiry)
{
        _cleanup_(ban_expiry_freep) BanExpiry *expiry = calloc(1, sizeof(*expiry));
        int r;

        if (!expiry)
                return -ENOMEM;
        expiry->server = server;
        expiry->book = book;
        expiry->seen = server_bans(server);
        r = sd_event_add_post(event, &expiry->post, on_post, expiry);
        if (r >= 0)
                r = sd_event_add_time(event, &expiry->timer, CLOCK_REALTIME, 0, ACCURACY, on_time,
                                      expiry);
        if (r >= 0)
                r = arm(expiry, first_end(expiry->seen));
        if (r < 0)
                return r;
        *ret_expiry = TAKE_PTR(expiry);
        return 0;
}

BanExpiry *ban_expiry_free(BanExpiry *expiry)
{
        if (!expiry)
                return NULL;
        sd_event_source_disable_unref(expiry->post);
        sd_event_source_disable_unref(expiry->timer);
        ban_table_unref(expiry->seen);
        free(expiry);
        return NULL;
}
