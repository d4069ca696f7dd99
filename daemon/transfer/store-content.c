/* SPDX-License-Identifier: Apache-2.0 */
/* store-content.c: all tables alike. */
#include "transfer/store-content.h"

#include <errno.h>

#include "broker/persist-format.h"
#include "store/store-file.h"

static const StoreOptions options = {
        .tables = persist_tables,
        .n_tables = PERSIST_TABLES,
        .format = PERSIST_FORMAT,
        .allow_network = true,
};

int store_content_open(const char *path, Store **ret_store)
{
        return store_open(path, &options, ret_store);
}

int store_content_probe(const char *path)
{
        return store_probe(path, &options);
}

static int has_records(StoreTxn *txn, unsigned table)
{
        _cleanup_(store_cursor_freep) StoreCursor *cursor = NULL;
        Bytes key, value;
        int r = store_cursor_new(txn, table, &cursor);

        return r < 0 ? r : store_cursor_seek(cursor, (Bytes){}, &key, &value);
}

static int has_any(Store *store)
{
        _cleanup_(store_abortp) StoreTxn *txn = NULL;
        int r = store_begin_read(store, &txn);

        for (unsigned table = PERSIST_META + 1; table < PERSIST_TABLES && r == 0; table++)
                r = has_records(txn, table);
        return r;
}

int store_content_draft(Store *store, StoreDraft **ret_draft)
{
        int r = has_any(store);

        if (r > 0)
                return -ENOTEMPTY;
        return r < 0 ? r : store_draft_new(store, &options, ret_draft);
}
