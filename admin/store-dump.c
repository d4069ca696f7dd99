/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl store dump. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin/state-folder.h"
#include "admin/store-open.h"
#include "transfer/dump-writer.h"

static int write_all(const StoreOrder *order, DumpWriter *writer)
{
        int r;

        errno = 0;
        while ((r = dump_writer_step(writer)) > 0)
                ;
        if (r < 0 && ferror(stdout)) {
                fprintf(stderr, "hawkerctl: store: cannot write the dump: %s\n",
                        strerror(errno ? errno : EIO));
                return EXIT_FAILED;
        }
        if (r < 0)
                return state_folder_failed(order->folder, r);
        if (dump_writer_damaged(writer) == 0)
                return EXIT_DONE;
        fprintf(stderr,
                "hawkerctl: %s: %" PRIu64
                " records do not add up: they are in the dump as they are\n",
                order->folder, dump_writer_damaged(writer));
        return order->partial ? EXIT_DONE : EXIT_FAILED;
}

static int dump_all(const StoreOrder *order, Store *store)
{
        _cleanup_(store_abortp) StoreTxn *txn = NULL;
        _cleanup_(dump_writer_freep) DumpWriter *writer = NULL;
        int r = store_begin_read(store, &txn);

        if (r == 0)
                r = dump_writer_new(txn, stdout, &writer);
        return r < 0 ? state_folder_failed(order->folder, r) : write_all(order, writer);
}

int store_work_dump(const StoreOrder *order)
{
        Store *store;
        int status = store_open_old(order, &store);

        return status == EXIT_DONE ? store_close(order, store, dump_all(order, store)) : status;
}
