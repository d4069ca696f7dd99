/* SPDX-License-Identifier: Apache-2.0 */

/* The bans in messages of the bus. */

#include "control/ban-bus.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "control/ban-log.h"
#include "control/event-bus.h"
#include "util/log.h"

#define USEC_PER_SEC UINT64_C(1000000)

/* The end of the year 9999, s since 1970: what is later has no date of four digits. */
#define LAST_SECOND UINT64_C(253402300799)

/* Of each kind, in one turn of the loop: who wants all of them lists them. */
#define SIGNALS_MAX 256U

#define INVALID_BAN "org.hawker.Error.InvalidBan"

static uint64_t usec_of(uint64_t until)
{
        return until == BAN_FOR_GOOD ? 0 : until * USEC_PER_SEC;
}

/* --- change --- */

static int read_kind(const char *word, BanKind *ret_kind, sd_bus_error *error)
{
        if (ban_kind_from_string(bytes_from_string(word), ret_kind) == 0)
                return 0;
        return sd_bus_error_setf(error, INVALID_BAN,
                                 "What is banned is an address, a user or a client, not a '%s'",
                                 word);
}

static int read_end(uint64_t seconds, uint64_t *ret_until, sd_bus_error *error)
{
        const uint64_t now = (uint64_t)time(NULL);

        if (seconds > LAST_SECOND - MIN(now, LAST_SECOND))
                return sd_bus_error_set(error, INVALID_BAN,
                                        "That is longer than there are dates: 0 is for good");
        *ret_until = seconds == 0 ? BAN_FOR_GOOD : now + seconds;
        return 0;
}

static int explain_invalid(const Ban *ban, sd_bus_error *error)
{
        if (!ban_reason_is_valid(ban->reason))
                return sd_bus_error_set(
                        error, INVALID_BAN,
                        "The reason is one line of at most 1024 bytes, without control "
                        "characters");
        if (ban->kind == BAN_ADDRESS)
                return sd_bus_error_setf(error, INVALID_BAN,
                                         "'%s' is no address, and no prefix such as 192.0.2.0/24 "
                                         "or 2001:db8::/32 with only zeros behind it",
                                         ban->subject);
        return sd_bus_error_set(error, INVALID_BAN, "A name has 1 to 65535 bytes");
}

/* What has been done holds; whether a restart takes it along. < 0: it does not hold. */
static int judge_keeping(int r)
{
        if (r == -ENOMEM)
                return r;
        if (r < 0 && r != -EROFS)
                log_warning("The bans cannot be kept for the next start: %s", strerror(-r));
        return r == 0;
}

int ban_bus_ban(sd_bus_message *call, void *data, sd_bus_error *error)
{
        Manager *manager = data;
        const char *kind;
        uint64_t seconds;
        Ban ban;
        int r;

        r = sd_bus_message_read(call, "ssst", &kind, &ban.subject, &ban.reason, &seconds);
        if (r >= 0)
                r = read_kind(kind, &ban.kind, error);
        if (r >= 0)
                r = read_end(seconds, &ban.until, error);
        if (r < 0)
                return r;
        r = ban_book_add(&manager->bans, manager->server, &ban);
        if (r == -EINVAL)
                return explain_invalid(&ban, error);
        r = judge_keeping(r);
        if (r < 0)
                return r;
        ban_log_added(&ban);
        return sd_bus_reply_method_return(call, "tb", usec_of(ban.until), r);
}

static int explain_stays(const Manager *manager, BanKind kind, const char *subject,
                         sd_bus_error *error)
{
        return sd_bus_error_setf(error, "org.hawker.Error.BannedByFile",
                                 "%s is banned as %s by %s: delete the line there and reload",
                                 subject, ban_kind_to_string(kind), manager->settings->ban_file);
}

int ban_bus_unban(sd_bus_message *call, void *data, sd_bus_error *error)
{
        Manager *manager = data;
        const char *word, *subject;
        BanKind kind;
        int r;

        r = sd_bus_message_read(call, "ss", &word, &subject);
        if (r >= 0)
                r = read_kind(word, &kind, error);
        if (r < 0)
                return r;
        r = ban_book_remove(&manager->bans, manager->server, kind, subject);
        if (r == -ENOENT)
                return sd_bus_error_setf(error, "org.hawker.Error.NoSuchBan",
                                         "There is no ban of the %s %s", word, subject);
        if (r == -EBUSY)
                return explain_stays(manager, kind, subject, error);
        /* What is kept nowhere does not come back. */
        r = judge_keeping(r == -EROFS ? 0 : r);
        if (r < 0)
                return r;
        ban_log_removed(kind, subject);
        return sd_bus_reply_method_return(call, "b", r);
}

/* --- list --- */

static int append_table(sd_bus_message *reply, const BanTable *table, const char *file)
{
        const uint64_t now = (uint64_t)time(NULL);
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ban_table_count(table); i++) {
                const Ban ban = ban_table_at(table, i);

                if (ban.until > now)
                        r = sd_bus_message_append(reply, "(sstss)", ban_kind_to_string(ban.kind),
                                                  ban.subject, usec_of(ban.until), ban.reason,
                                                  file);
        }
        return r;
}

int ban_bus_list(sd_bus_message *call, void *data, sd_bus_error *error)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const Manager *manager = data;
        const char *file = manager->settings->ban_file;
        int r;

        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(sstss)");
        if (r >= 0)
                r = append_table(reply, manager->bans.listed, file ? file : "");
        if (r >= 0)
                r = append_table(reply, manager->bans.own, "");
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* --- tell --- */

static void tell_removed(Subscribers *to, const BanTable *before, const BanTable *after)
{
        unsigned n = 0;

        for (size_t i = 0; i < ban_table_count(before) && n < SIGNALS_MAX; i++) {
                const Ban ban = ban_table_at(before, i);

                if (ban_table_has_same(after, before, i))
                        continue;
                n++;
                subscribers_tell(to, "BanRemoved", "ss", ban_kind_to_string(ban.kind), ban.subject);
        }
}

static void tell_added(Subscribers *to, const BanTable *before, const BanTable *after)
{
        unsigned n = 0;

        for (size_t i = 0; i < ban_table_count(after) && n < SIGNALS_MAX; i++) {
                const Ban ban = ban_table_at(after, i);

                if (ban_table_has_same(before, after, i))
                        continue;
                n++;
                subscribers_tell(to, "BanAdded", "ssts", ban_kind_to_string(ban.kind), ban.subject,
                                 usec_of(ban.until), ban.reason);
        }
}

void ban_bus_tell(const Manager *manager, BanTable **told)
{
        BanTable *before = *told, *after = server_bans(manager->server);
        Subscribers *to = event_bus_subscribers(manager);

        *told = after;
        if (to && before != after && subscribers_are_there(to)) {
                tell_removed(to, before, after);
                tell_added(to, before, after);
        }
        ban_table_unref(before);
}
