/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzzer: the lines of a dump. What is taken of them is whole records; written as a dump again they
 * are taken as they were.
 */

#include "fuzz.h"
#include "transfer/dump-reader.h"
#include "transfer/dump-writer.h"

static const StoreOptions options = {persist_tables, PERSIST_TABLES, PERSIST_FORMAT, 0, false};

/* 0: it was a whole dump. */
static int load(const void *data, size_t size, StoreTxn *txn, uint64_t *ret_n)
{
        FILE *file = fmemopen((void *)(uintptr_t)data, size, "r");
        DumpReader *reader;
        unsigned table;
        Bytes key, value;
        int r;

        *ret_n = 0;
        must(file && dump_reader_new(file, &reader) == 0);
        while ((r = dump_reader_next(reader, &table, &key, &value)) > 0) {
                StoreRecord record;

                must(store_record_read(table, key, value, &record) == 0);
                store_record_done(&record);
                must(store_put(txn, table, key, value) == 0);
                ++*ret_n;
        }
        must(r == 0 || dump_reader_fault(reader));
        dump_reader_free(reader);
        fclose(file);
        return r;
}

static uint64_t dump(StoreTxn *txn, char **ret_text, size_t *ret_size)
{
        FILE *file = open_memstream(ret_text, ret_size);
        DumpWriter *writer;
        uint64_t n;
        int r;

        must(file && dump_writer_new(txn, file, &writer) == 0);
        while ((r = dump_writer_step(writer)) > 0)
                ;
        must(r == 0 && dump_writer_damaged(writer) == 0);
        n = dump_writer_records(writer);
        dump_writer_free(writer);
        fclose(file);
        return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint64_t n, n_dumped, n_again;
        char *first, *second;
        size_t first_size, second_size;
        Store *store, *other;
        StoreTxn *txn, *other_txn;

        if (size == 0)
                return 0;
        must(store_open_memory(&options, &store) == 0 && store_begin_write(store, &txn) == 0);
        must(store_open_memory(&options, &other) == 0 && store_begin_write(other, &other_txn) == 0);
        load(data, size, txn, &n);
        n_dumped = dump(txn, &first, &first_size);
        must(n_dumped <= n);
        must(load(first, first_size, other_txn, &n_again) == 0 && n_again == n_dumped);
        must(dump(other_txn, &second, &second_size) == n_dumped && second_size == first_size);
        must(memcmp(strchr(first, '\n'), strchr(second, '\n'),
                    first_size - (size_t)(strchr(first, '\n') - first)) == 0);
        free(first);
        free(second);
        store_abort(txn);
        store_abort(other_txn);
        store_free(store);
        store_free(other);
        return 0;
}
