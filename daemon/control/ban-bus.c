/* SPDX-License-Identifier: Apache-2.0 */

/* The bans in messages of the bus. */

#include "control/ban-bus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/ban-log.h"
#include "control/event-bus.h"
#include "server/session-pages.h"
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

/* Of the admin's list first, then of the broker's own; in each by kind and subject, so that a page
 * begins where the last one ended, whatever has come and gone. */
typedef struct Row {
        bool is_own;
        Ban ban; /* views */
} Row;

static const char *const sources[] = {"file", "own"};

static int compare_rows(const void *a, const void *b)
{
        const Row *x = a, *y = b;

        if (x->is_own != y->is_own)
                return x->is_own - y->is_own;
        if (x->ban.kind != y->ban.kind)
                return x->ban.kind < y->ban.kind ? -1 : 1;
        return strcmp(x->ban.subject, y->ban.subject);
}

static bool skip_word(const char **text, const char *word)
{
        const size_t n = strlen(word);

        if (strncmp(*text, word, n) != 0 || (*text)[n] != ' ')
                return false;
        *text += n + 1;
        return true;
}

/* "own user eve": a row, as an earlier page has named it. */
static bool read_row(const char *text, Row *ret_row)
{
        Row row = {};

        row.is_own = skip_word(&text, sources[1]);
        if (!row.is_own && !skip_word(&text, sources[0]))
                return false;
        for (unsigned kind = 0; kind < BAN_KINDS_N; kind++)
                if (skip_word(&text, ban_kind_to_string((BanKind)kind))) {
                        row.ban.kind = (BanKind)kind;
                        row.ban.subject = text;
                        *ret_row = row;
                        return true;
                }
        return false;
}

/* Those that hold and come behind after (NULL: all). */
static size_t collect(const BanTable *table, bool is_own, const Row *after, Row *rows)
{
        const uint64_t now = (uint64_t)time(NULL);
        size_t n = 0;

        for (size_t i = 0; i < ban_table_count(table); i++) {
                const Row row = {is_own, ban_table_at(table, i)};

                if (row.ban.until > now && (!after || compare_rows(&row, after) > 0))
                        rows[n++] = row;
        }
        return n;
}

static int append_row(sd_bus_message *reply, const Row *row, const char *file)
{
        const Ban *ban = &row->ban;

        return sd_bus_message_append(reply, "(sstss)", ban_kind_to_string(ban->kind), ban->subject,
                                     usec_of(ban->until), ban->reason, row->is_own ? "" : file);
}

static int append_next(sd_bus_message *reply, const Row *last)
{
        _cleanup_free_ char *next = NULL;

        if (!last)
                return sd_bus_message_append(reply, "s", "");
        if (asprintf(&next, "%s %s %s", sources[last->is_own], ban_kind_to_string(last->ban.kind),
                     last->ban.subject) < 0)
                return -ENOMEM;
        return sd_bus_message_append(reply, "s", next);
}

static int append_page(sd_bus_message *reply, const Row *rows, size_t n, size_t max,
                       const char *file)
{
        size_t i = 0, bytes = 0;
        int r = sd_bus_message_open_container(reply, 'a', "(sstss)");

        for (; r >= 0 && i < n && i < max && bytes <= PAGE_BYTES; i++) {
                bytes += strlen(rows[i].ban.subject) + strlen(rows[i].ban.reason);
                r = append_row(reply, &rows[i], file);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : append_next(reply, i < n ? &rows[i - 1] : NULL);
}

static int answer_list(sd_bus_message *call, const Manager *manager, const Row *after, uint32_t max)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const BanTable *listed = manager->bans.listed, *own = manager->bans.own;
        const char *file = manager->settings->ban_file;
        _cleanup_free_ Row *rows =
                calloc(ban_table_count(listed) + ban_table_count(own) + 1, sizeof(*rows));
        size_t n;
        int r;

        if (!rows)
                return -ENOMEM;
        n = collect(listed, false, after, rows);
        n += collect(own, true, after, rows + n);
        qsort(rows, n, sizeof(*rows), compare_rows);
        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = append_page(reply, rows, n, max == 0 ? PAGE_ROWS_MAX : MIN(max, PAGE_ROWS_MAX),
                                file ? file : "");
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

int ban_bus_list(sd_bus_message *call, void *data, sd_bus_error *error)
{
        const char *after;
        uint32_t max;
        Row row;
        int r;

        r = sd_bus_message_read(call, "su", &after, &max);
        if (r < 0)
                return r;
        if (after[0] && !read_row(after, &row))
                return sd_bus_error_set(error, INVALID_BAN,
                                        "A page begins after what an earlier one has named as the "
                                        "next, or after nothing");
        return answer_list(call, data, after[0] ? &row : NULL, max);
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
