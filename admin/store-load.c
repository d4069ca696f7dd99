/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl store load. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "admin/progress.h"
#include "admin/state-folder.h"
#include "admin/store-work.h"
#include "transfer/dump-reader.h"
#include "transfer/store-content.h"

typedef struct Load {
        const StoreOrder *order;
        FILE *from;
        off_t size; /* 0: nobody knows */
        DumpReader *reader;
        Progress progress;
        uint64_t n_records;
} Load;

static int open_dump(Load *load)
{
        const char *path = load->order->file;
        struct stat stat;

        load->from = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
        if (!load->from || fstat(fileno(load->from), &stat) < 0) {
                fprintf(stderr, "hawkerctl: %s: %s\n", path, strerror(errno));
                return errno == EACCES ? EXIT_NO_RIGHT : EXIT_FAILED;
        }
        load->size = S_ISREG(stat.st_mode) ? stat.st_size : 0;
        return EXIT_DONE;
}

static void show_progress(Load *load)
{
        if (load->n_records % 1024 == 0 && load->size > 0)
                progress_show(&load->progress, (unsigned)(ftello(load->from) * 1000 / load->size));
}

/* A key is there once. */
static int put(StoreDraft *draft, unsigned table, Bytes key, Bytes value)
{
        Bytes old;
        int r = store_get(store_draft_txn(draft), table, key, &old);

        return r < 0 ? r : r > 0 ? -EEXIST : store_draft_put(draft, table, key, value);
}

static int fill(Load *load, Store *store)
{
        _cleanup_(store_draft_freep) StoreDraft *draft = NULL;
        Bytes key, value;
        unsigned table;
        int r = store_content_draft(store, &draft);

        if (r < 0)
                return r;
        while ((r = dump_reader_next(load->reader, &table, &key, &value)) > 0) {
                r = put(draft, table, key, value);
                if (r < 0)
                        return r;
                load->n_records++;
                show_progress(load);
        }
        return r < 0 ? r : store_draft_take(draft);
}

static int explain(const Load *load, int error)
{
        const char *fault = dump_reader_fault(load->reader);

        if (fault || error == -EEXIST) {
                fprintf(stderr, "hawkerctl: %s: line %" PRIu64 ": %s: nothing was loaded\n",
                        load->order->file, dump_reader_line(load->reader),
                        fault ? fault : "this record was there before");
                return EXIT_FAILED;
        }
        return state_folder_failed(load->order->folder, error);
}

static int load_all(Load *load)
{
        _cleanup_(store_freep) Store *store = NULL;
        int r = store_content_open(load->order->folder, &store);

        if (r == 0)
                r = fill(load, store);
        progress_done(&load->progress);
        if (r < 0)
                return explain(load, r);
        printf("%" PRIu64 " records of %s are in %s now\n", load->n_records, load->order->file,
               load->order->folder);
        return EXIT_DONE;
}

int store_work_load(const StoreOrder *order)
{
        Load load = {.order = order};
        int status = open_dump(&load), r;

        if (status == EXIT_DONE) {
                r = dump_reader_new(load.from, &load.reader);
                status = r < 0 ? state_folder_failed(order->folder, r)
                               : state_folder_enter(order->folder);
        }
        progress_init(&load.progress, "load");
        if (status == EXIT_DONE)
                status = load_all(&load);
        dump_reader_free(load.reader);
        if (load.from && load.from != stdin)
                fclose(load.from);
        return status;
}
