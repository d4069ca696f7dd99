/* SPDX-License-Identifier: Apache-2.0 */
/* draft.c: a store in a store's folder. */
#include "store/draft.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/backend.h"

#define FOLDER "draft"

/* What is put in one transaction. */
#define COMMIT_BYTES ((uint64_t)32 * 1024 * 1024)

struct StoreDraft {
        Store *of, *store; /* one in memory: the same */
        StoreTxn *txn;
        uint64_t put; /* in this transaction */
};

/* It holds files only. */
static int remove_folder(int above)
{
        int fd = openat(above, FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        struct dirent *entry;
        DIR *folder;

        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        folder = fdopendir(fd);
        if (!folder) {
                close(fd);
                return -ENOMEM;
        }
        while ((entry = readdir(folder)))
                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                        (void)unlinkat(fd, entry->d_name, 0);
        closedir(folder);
        return unlinkat(above, FOLDER, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static int open_draft(StoreDraft *draft, const StoreOptions *options)
{
        const StoreFolder *folder = &draft->of->folder;
        _cleanup_free_ char *path = NULL;
        int r;

        if (asprintf(&path, "%s/" FOLDER, folder->path) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        r = remove_folder(folder->fd);
        return r < 0 ? r : store_open(path, options, &draft->store);
}

int store_draft_new(Store *store, const StoreOptions *options, StoreDraft **ret_draft)
{
        StoreDraft *draft = calloc(1, sizeof(*draft));
        int r = 0;

        if (!draft)
                return -ENOMEM;
        draft->of = store;
        if (store->folder.path)
                r = open_draft(draft, options);
        else
                draft->store = store;
        if (r == 0)
                r = store_begin_write(draft->store, &draft->txn);
        if (r < 0) {
                store_draft_free(draft);
                return r;
        }
        *ret_draft = draft;
        return 0;
}

StoreDraft *store_draft_free(StoreDraft *draft)
{
        if (!draft)
                return NULL;
        store_abort(draft->txn);
        if (draft->of->folder.path) {
                store_free(draft->store);
                (void)remove_folder(draft->of->folder.fd);
        }
        free(draft);
        return NULL;
}

int store_draft_put(StoreDraft *draft, unsigned table, Bytes key, Bytes value)
{
        int r = 0;

        if (draft->put > COMMIT_BYTES && draft->store != draft->of) {
                r = store_commit(TAKE_PTR(draft->txn));
                if (r == 0)
                        r = store_begin_write(draft->store, &draft->txn);
                draft->put = 0;
        }
        if (r == 0)
                r = store_append(draft->txn, table, key, value);
        draft->put += key.length + value.length;
        return r;
}

StoreTxn *store_draft_txn(const StoreDraft *draft)
{
        return draft->txn;
}

static int swap(const StoreDraft *draft)
{
        int above = draft->of->folder.fd;

        if (renameat(above, FOLDER "/" STORE_FILE_DATA, above, STORE_FILE_DATA) < 0 ||
            fsync(above) < 0)
                return -errno;
        return 0;
}

int store_draft_take(StoreDraft *draft)
{
        int r = store_commit(TAKE_PTR(draft->txn));

        if (r == 0)
                r = store_mark_clean(draft->store);
        if (draft->store == draft->of)
                return r;
        draft->store = store_free(draft->store);
        return r < 0 ? r : swap(draft);
}
