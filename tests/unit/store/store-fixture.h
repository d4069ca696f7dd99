/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A store to try things on, of either kind, in a folder of its own.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include <glib.h>
#include <glib/gstdio.h>

#include "store/folder.h"
#include "store/store.h"

enum { TABLE_META, TABLE_LOG, TABLE_OTHER, N_TABLES };

static const char *const table_names[] = {"meta", "log", "other"};

typedef struct Fixture {
        StoreOptions options;
        char *folder; /* NULL: in memory */
        Store *store;
} Fixture;

static inline char *fixture_file(const Fixture *fixture, const char *name)
{
        return g_build_filename(fixture->folder, name, NULL);
}

static inline void fixture_remove(Fixture *fixture)
{
        g_autoptr(GDir) dir = g_dir_open(fixture->folder, 0, NULL);
        const char *name;

        while (dir && (name = g_dir_read_name(dir))) {
                g_autofree char *file = fixture_file(fixture, name);

                g_unlink(file);
        }
        g_rmdir(fixture->folder);
}

static inline void fixture_init(Fixture *fixture, bool on_disk)
{
        *fixture = (Fixture){
                .options = {.tables = table_names,
                            .n_tables = N_TABLES,
                            .format = 1,
                            .max_size = 64 * 1024 * 1024,
                            .allow_network = true},
        };
        if (on_disk) {
                fixture->folder = g_dir_make_tmp("hawker-store-XXXXXX", NULL);
                g_assert_nonnull(fixture->folder);
                g_assert_cmpint(store_open(fixture->folder, &fixture->options, &fixture->store), ==,
                                0);
        } else {
                g_assert_cmpint(store_open_memory(&fixture->options, &fixture->store), ==, 0);
        }
}

/* As after a kill, unless it was marked. */
static inline int fixture_reopen(Fixture *fixture)
{
        fixture->store = store_free(fixture->store);
        return store_open(fixture->folder, &fixture->options, &fixture->store);
}

static inline void fixture_done(Fixture *fixture)
{
        fixture->store = store_free(fixture->store);
        if (fixture->folder)
                fixture_remove(fixture);
        g_free(fixture->folder);
}

static inline Bytes text(const char *string)
{
        return bytes_from_string(string);
}

static inline void put_one(Store *store, unsigned table, const char *key, const char *value)
{
        StoreTxn *txn;

        g_assert_cmpint(store_begin_write(store, &txn), ==, 0);
        g_assert_cmpint(store_put(txn, table, text(key), text(value)), ==, 0);
        g_assert_cmpint(store_commit(txn), ==, 0);
}

/* A copy, or NULL. */
static inline char *get_one(Store *store, unsigned table, const char *key)
{
        StoreTxn *txn;
        Bytes value;
        char *copy = NULL;
        int r;

        g_assert_cmpint(store_begin_read(store, &txn), ==, 0);
        r = store_get(txn, table, text(key), &value);
        g_assert_cmpint(r, >=, 0);
        if (r > 0)
                copy = g_strndup((const char *)value.data, value.length);
        store_abort(txn);
        return copy;
}

static inline void dump_table(StoreTxn *txn, unsigned table, GString *string)
{
        StoreCursor *cursor;
        Bytes key = {}, value;
        int r = store_cursor_new(txn, table, &cursor);

        g_assert_cmpint(r, ==, 0);
        for (r = store_cursor_seek(cursor, key, &key, &value); r > 0;
             r = store_cursor_next(cursor, &key, &value)) {
                g_autofree char *sum = g_compute_checksum_for_data(
                        G_CHECKSUM_MD5, value.length > 0 ? value.data : (const guchar *)"",
                        value.length);

                g_string_append_printf(string, "%u %.*s %zu %s\n", table, (int)key.length,
                                       (const char *)key.data, value.length, sum);
        }
        g_assert_cmpint(r, ==, 0);
        store_cursor_free(cursor);
}

/* What is in the tables, but for the store's own. Keys are text. */
static inline char *fixture_dump(const Fixture *fixture)
{
        GString *string = g_string_new(NULL);
        StoreTxn *txn;

        g_assert_cmpint(store_begin_read(fixture->store, &txn), ==, 0);
        for (unsigned i = TABLE_LOG; i < N_TABLES; i++)
                dump_table(txn, i, string);
        store_abort(txn);
        return g_string_free(string, FALSE);
}
