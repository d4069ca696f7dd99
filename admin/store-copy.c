/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl store compact, and store backup. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/state-folder.h"
#include "admin/store-open.h"
#include "store/store-file.h"
#include "util/macro.h"

/* It is in order before it is copied, so the copy is too. */
static int compact(const StoreOrder *order, Store *store)
{
        StoreUsage usage;
        int r = store_found(store).clean ? store_mark_clean(store) : 0;

        if (r == 0)
                r = store_usage(store, &usage);
        if (r == 0)
                r = store_compact(store);
        store_free(store);
        if (r < 0)
                return state_folder_failed(order->folder, r);
        printf("%s: %" PRIu64 " KiB of %" PRIu64 " KiB were in use\n", order->folder,
               usage.used / 1024, usage.size / 1024);
        return EXIT_DONE;
}

int store_work_compact(const StoreOrder *order)
{
        Store *store;
        int status = store_open_old(order, &store);

        return status == EXIT_DONE ? compact(order, store) : status;
}

static int copy(const StoreOrder *order, Store *store, int fd)
{
        int r = store_found(store).clean ? store_mark_clean(store) : 0;

        if (r == 0)
                r = store_backup(store, fd, true);
        store_free(store);
        return r < 0 ? state_folder_failed(order->folder, r) : EXIT_DONE;
}

/* The file is made by who asks, the folder may be another's. */
int store_work_backup(const StoreOrder *order)
{
        _cleanup_close_ int fd =
                open(order->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0600);
        Store *store;
        int status;

        if (fd < 0) {
                fprintf(stderr, "hawkerctl: %s: %s\n", order->file, strerror(errno));
                return errno == EACCES ? EXIT_NO_RIGHT : EXIT_FAILED;
        }
        status = store_open_old(order, &store);
        if (status == EXIT_DONE)
                status = copy(order, store, fd);
        if (status != EXIT_DONE)
                (void)unlink(order->file);
        return status;
}
