/* SPDX-License-Identifier: Apache-2.0 */
/* opening.c: what was damaged is set aside, what only the journal has is put into the tables. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "store/backend.h"
#include "store/journal-mark.h"
#include "store/journal-replay.h"
#include "store/lmdb-salvage.h"
#include "store/store.h"
#include "util/crc32c.h"

#define KEY_FORMAT BYTES_LITERAL(".format")

/* The number and its checksum: what it says decides whether anything else is believed. */
typedef struct Format {
        uint32_t number, checksum; /* little-endian */
} Format;

static Format format_of(uint32_t number)
{
        uint32_t stored = htole32(number);

        return (Format){stored, htole32(crc32c(0, &stored, sizeof(stored)))};
}

/* One that is damaged is taken for ours: the broker must start, and the rest can be judged. */
static int check_format(StoreTxn *txn, uint32_t format, bool *ret_is_new)
{
        Format stored, right;
        Bytes value;
        int r = store_get(txn, STORE_META, KEY_FORMAT, &value);

        *ret_is_new = r == 0;
        if (r <= 0)
                return r;
        if (value.length != sizeof(stored))
                return 0;
        memcpy(&stored, value.data, sizeof(stored));
        right = format_of(le32toh(stored.number));
        return stored.checksum == right.checksum && le32toh(stored.number) > format
                       ? -EPROTONOSUPPORT
                       : 0;
}

/* What only the journal has. */
static int replay(Store *store, const JournalMark *mark)
{
        JournalReplay replay;
        int r = journal_replay(store, mark, &replay);

        if (r < 0)
                return r;
        store->found.replayed = replay.records;
        store->found.lost = replay.lost;
        store->found.alien = replay.is_alien;
        store->mark.number = replay.number;
        return getrandom(&store->mark.journal, sizeof(store->mark.journal), 0) < 0 ? -errno : 0;
}

/* A format that is too new has a journal that nobody understands: it is looked at first. */
static int make_whole(Store *store, uint32_t format, bool *ret_is_new)
{
        _cleanup_(store_abortp) StoreTxn *txn = NULL;
        JournalMark mark;
        int r = store_begin_read(store, &txn);

        if (r == 0)
                r = check_format(txn, format, ret_is_new);
        if (r < 0 || !store->folder.path)
                return r;
        r = journal_mark_read(txn, &mark);
        txn = store_abort(txn);
        return r < 0 && r != -EBADMSG ? r : replay(store, r > 0 ? &mark : NULL);
}

/* From now on it is not clean, until it is marked. */
static int begin_use(Store *store, uint32_t format, bool is_new)
{
        _cleanup_(store_abortp) StoreTxn *txn = NULL;
        const Format stored = format_of(format);
        int r = store_begin_write(store, &txn);

        if (r == 0)
                r = store_delete(txn, STORE_META, STORE_KEY_CLEAN);
        if (r < 0)
                return r;
        store->found.clean = (is_new || r > 0) && store->found.replayed == 0;
        r = store_put(txn, STORE_META, KEY_FORMAT,
                      (Bytes){(const uint8_t *)&stored, sizeof(stored)});
        if (r == 0 && store->folder.path)
                r = journal_mark_write(txn, &store->mark);
        return r < 0 ? r : store_commit(TAKE_PTR(txn));
}

static int finish_open(Store *store, const StoreOptions *options, Store **ret_store)
{
        bool is_new = false;
        int r;

        pthread_mutex_init(&store->whole, NULL);
        r = make_whole(store, options->format, &is_new);
        if (r == 0)
                r = begin_use(store, options->format, is_new);
        if (r == 0 && store->folder.path)
                r = journal_clear(&store->folder);
        if (r < 0) {
                store_free(store);
                return r;
        }
        *ret_store = store;
        return 0;
}

static int try_open(const char *path, const StoreOptions *options, Store **ret_store)
{
        StoreFolder folder = {};
        StoreFound found = {};
        Store *store;
        int r = store_folder_open(&folder, path, options->allow_network);

        if (r < 0)
                return r;
        r = lmdb_probe(&folder, options);
        found.damaged = r == -EBADMSG;
        if (found.damaged)
                r = lmdb_salvage(&folder, options, &found.records);
        if (r == 0)
                r = lmdb_new(options, &folder, &store);
        if (r < 0) {
                store_folder_close(&folder);
                return r;
        }
        store->found = found;
        return finish_open(store, options, ret_store);
}

/* What must be written to open it has its room in there. False: there is none. */
static bool give_reserve(const char *path)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

        return fd >= 0 && unlinkat(fd, STORE_FILE_RESERVE, 0) == 0;
}

int store_open(const char *path, const StoreOptions *options, Store **ret_store)
{
        int r = try_open(path, options, ret_store);

        return r == -ENOSPC && give_reserve(path) ? try_open(path, options, ret_store) : r;
}

int store_open_memory(const StoreOptions *options, Store **ret_store)
{
        Store *store;
        int r = memory_new(options, &store);

        return r < 0 ? r : finish_open(store, options, ret_store);
}
