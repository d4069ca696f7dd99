/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl store compact, and store backup. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/broker.h"
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

/* How long a broker may take for a backup, µs. */
#define BACKUP_TIMEOUT (UINT64_C(24) * 3600 * 1000 * 1000)

/* By the broker that runs: it writes to the file that was opened here. */
static int ask_broker(const StoreOrder *order, int fd)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_(broker_done) Broker broker;
        int r, status = broker_init(&broker, order->command);

        if (status != EXIT_DONE)
                return status;
        r = broker_new_call(&broker, BROKER_MANAGER, "Backup", &call);
        if (r >= 0)
                r = sd_bus_message_append(call, "h", fd);
        return r < 0 ? broker_failed(r) : broker_call(&broker, call, BACKUP_TIMEOUT, &reply);
}

static int copy_at_rest(const StoreOrder *order, int fd)
{
        Store *store;
        int status = store_open_old(order, &store);

        return status == EXIT_DONE ? copy(order, store, fd) : status;
}

/* The file is made by who asks, the folder may be another's. */
int store_work_backup(const StoreOrder *order)
{
        _cleanup_close_ int fd =
                open(order->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0600);
        int status;

        if (fd < 0) {
                fprintf(stderr, "hawkerctl: %s: %s\n", order->file, strerror(errno));
                return errno == EACCES ? EXIT_NO_RIGHT : EXIT_FAILED;
        }
        status = order->is_of_service && broker_is_running(order->command)
                         ? ask_broker(order, fd)
                         : copy_at_rest(order, fd);
        if (status != EXIT_DONE)
                (void)unlink(order->file);
        return status;
}
