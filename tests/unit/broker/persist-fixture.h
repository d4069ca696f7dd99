/* SPDX-License-Identifier: Apache-2.0 */
/* persist-fixture.h: a store in memory with the broker's tables, and its keys as text.
 * Thread: any */
#pragma once

#include <glib.h>
#include <string.h>

#include "broker/persist-key.h"
#include "broker/persist-replay.h"
#include "broker/persist.h"
#include "util/macro.h"

static inline Store *open_store(void)
{
        static const StoreOptions options = {
                .tables = persist_tables, .n_tables = PERSIST_TABLES, .format = PERSIST_FORMAT};
        Store *store;

        g_assert_cmpint(store_open_memory(&options, &store), ==, 0);
        return store;
}

static inline StoreTxn *begin_write(Store *store)
{
        StoreTxn *txn;

        g_assert_cmpint(store_begin_write(store, &txn), ==, 0);
        return txn;
}

static inline void apply_change(Store *store, Change *change)
{
        StoreTxn *txn = begin_write(store);

        g_assert_nonnull(change);
        g_assert_cmpint(change->head.error, ==, 0);
        g_assert_cmpint(change_apply(change, txn), ==, 0);
        g_assert_cmpint(store_commit(txn), ==, 0);
        change_free(change);
}

static inline void print_key(GString *text, unsigned table, Bytes key)
{
        uint64_t message;
        uint32_t session;
        uint16_t packet_id;

        g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", persist_tables[table]);
        if (table == PERSIST_LOG && persist_key_read_message(key, &message) == 0)
                g_string_append_printf(text, ":%" G_GUINT64_FORMAT, message >> PERSIST_WORKER_BITS);
        else if (table == PERSIST_DONE && persist_key_read_done(key, &message, &session) == 0)
                g_string_append_printf(text, ":%" G_GUINT64_FORMAT ":%u",
                                       message >> PERSIST_WORKER_BITS, session);
        else if (persist_key_read_packet(key, &session, &packet_id) == 0)
                g_string_append_printf(text, ":%u:%u", session, packet_id);
}

/* All keys: "log:7 done:7:2 flight:1:3 ...". */
static inline char *print_store(Store *store)
{
        GString *text = g_string_new(NULL);
        StoreTxn *txn;

        g_assert_cmpint(store_begin_read(store, &txn), ==, 0);
        for (unsigned table = PERSIST_LOG; table < PERSIST_TABLES; table++) {
                StoreCursor *cursor;
                Bytes key, value;

                g_assert_cmpint(store_cursor_new(txn, table, &cursor), ==, 0);
                for (int r = store_cursor_seek(cursor, (Bytes){}, &key, &value); r > 0;
                     r = store_cursor_next(cursor, &key, &value))
                        print_key(text, table, key);
                store_cursor_free(cursor);
        }
        store_abort(txn);
        return g_string_free(text, FALSE);
}

#define assert_store(store, expected)                                                              \
        do {                                                                                       \
                g_autofree char *got_ = print_store(store);                                        \
                g_assert_cmpstr(got_, ==, expected);                                               \
        } while (0)

static inline PersistImage *replay(Store *store)
{
        PersistImage *image = NULL;
        StoreTxn *txn;

        g_assert_cmpint(store_begin_read(store, &txn), ==, 0);
        g_assert_cmpint(persist_replay(txn, &image), ==, 0);
        store_abort(txn);
        return image;
}

static inline void tidy(Store *store, const PersistImage *image)
{
        StoreTxn *txn = begin_write(store);

        g_assert_cmpint(persist_set_aside(txn, image), ==, 0);
        g_assert_cmpint(store_commit(txn), ==, 0);
}
