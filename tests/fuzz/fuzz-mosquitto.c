/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzzer: a mosquitto.db. Whatever can be had of it is taken over into a store in which a broker
 * finds nothing damaged; without --partial a damaged one is refused, where the damage is.
 */

#include "broker/persist-replay.h"
#include "fuzz.h"
#include "transfer/mosquitto-import.h"

#define NOW 1700000000U

static int read_all(MosquittoImport *import, bool partial)
{
        int r;

        while ((r = mosquitto_import_read(import, partial)) > 0)
                ;
        return r;
}

static void check(StoreTxn *txn, const MosquittoCounts *counts)
{
        PersistImage *image;

        must(persist_replay(txn, &image) == 0);
        must(image->damaged.count == 0 && image->leftover.count == 0);
        must(image->sessions.count == counts->sessions);
        must(image->n_retained == counts->retained);
        persist_image_free(image);
}

static void take_over(MosquittoImport *import)
{
        const StoreOptions options = {persist_tables, PERSIST_TABLES, PERSIST_FORMAT, 0, false};
        MosquittoCounts counts;
        StoreDraft *draft;
        Store *store;
        int r;

        must(store_open_memory(&options, &store) == 0);
        must(store_draft_new(store, &options, &draft) == 0);
        while ((r = mosquitto_import_write(import, draft)) > 0)
                must(mosquitto_import_progress(import) <= 1000);
        must(r == 0);
        counts = mosquitto_import_counts(import);
        check(store_draft_txn(draft), &counts);
        store_draft_free(draft);
        store_free(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const MosquittoTimes times = {NOW, NOW - 10};
        MosquittoImport *import;
        uint32_t version;

        if (mosquitto_import_new((Bytes){data, size}, &times, &import, &version) < 0)
                return 0;
        if (read_all(import, false) == 0)
                take_over(import);
        else
                must(mosquitto_import_place(import) < size && mosquitto_import_chunk(import));
        mosquitto_import_free(import);
        must(mosquitto_import_new((Bytes){data, size}, &times, &import, &version) == 0);
        must(read_all(import, true) == 0);
        take_over(import);
        mosquitto_import_free(import);
        return 0;
}
