/* SPDX-License-Identifier: Apache-2.0 */

/* Opening a store for hawkerctl store. */

#include "admin/store-open.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "admin/state-folder.h"
#include "transfer/store-content.h"

static int explain(const StoreOrder *order, int error)
{
        if (error == -ENOENT) {
                fprintf(stderr, "hawkerctl: %s: there is no store\n", order->folder);
                return EXIT_FAILED;
        }
        if (error == -EBADMSG) {
                fprintf(stderr,
                        "hawkerctl: %s: the file is damaged. The broker takes what is left of it "
                        "at "
                        "its next start, and so does --partial\n",
                        order->folder);
                return EXIT_FAILED;
        }
        return state_folder_failed(order->folder, error);
}

/* What opening it has found, as the start of a broker would have. */
static void tell(const StoreOrder *order, const Store *store)
{
        StoreFound found = store_found(store);

        if (found.damaged)
                fprintf(stderr,
                        "hawkerctl: %s: the file was damaged: %" PRIu64
                        " records of it are left, the old file is beside the new one\n",
                        order->folder, found.records);
        if (found.lost > 0)
                fprintf(stderr,
                        "hawkerctl: %s: %" PRIu64
                        " batches of the journal were damaged, its files are set aside\n",
                        order->folder, found.lost);
        if (found.alien)
                fprintf(stderr,
                        "hawkerctl: %s: the journal was that of another store, and is set aside\n",
                        order->folder);
}

int store_open_old(const StoreOrder *order, Store **ret_store)
{
        int status = state_folder_enter_old(order->folder), r;

        if (status != EXIT_DONE)
                return status;
        r = store_content_probe(order->folder);
        if (r == 0 || (r == -EBADMSG && order->partial))
                r = store_content_open(order->folder, ret_store);
        if (r < 0)
                return explain(order, r);
        tell(order, *ret_store);
        return EXIT_DONE;
}

int store_close(const StoreOrder *order, Store *store, int status)
{
        int r = store_found(store).clean ? store_mark_clean(store) : 0;

        store_free(store);
        return r < 0 ? state_folder_failed(order->folder, r) : status;
}
