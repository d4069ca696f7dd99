/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzzer: the tables of a store. The input is a list of records: table, length of the key, key, two
 * bytes of length of the value, value; with the upper bit of the table the checksum of the value is
 * made right first, be it a record or the checksum of the key. Replay takes whatever is there, and
 * after what is damaged was set aside it finds the same again, no damage, and nothing left over.
 */

#include <string.h>

#include "broker/persist-replay.h"
#include "fuzz.h"
#include "util/crc32c.h"

#define CRC sizeof(uint32_t)

static void repair(Bytes key, uint8_t *value, size_t length)
{
        uint32_t crc;

        if (length < CRC)
                return;
        crc = htole32(length == CRC ? crc32c(0, key.data, key.length)
                                    : crc32c(0, value, length - CRC));
        memcpy(value + length - CRC, &crc, CRC);
}

static void put(StoreTxn *txn, RecordReader *input)
{
        uint8_t table = record_get_u8(input), key_length = record_get_u8(input);
        const uint8_t *key = record_take(input, key_length);
        uint16_t length = record_get_u16(input);
        const uint8_t *value = record_take(input, length);
        uint8_t *copy;

        if (record_reader_failed(input) || key_length == 0 ||
            (table & 0x7f) % PERSIST_TABLES == PERSIST_META)
                return;
        copy = malloc(length + (size_t)1);
        must(copy);
        memcpy(copy, value, length);
        if (table & 0x80)
                repair((Bytes){key, key_length}, copy, length);
        must(store_put(txn, (table & 0x7f) % PERSIST_TABLES, (Bytes){key, key_length},
                       (Bytes){copy, length}) == 0);
        free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const StoreOptions options = {persist_tables, PERSIST_TABLES, PERSIST_FORMAT, 0, false};
        RecordReader input = record_reader((Bytes){data, size});
        PersistImage *first, *second;
        Store *store;
        StoreTxn *txn;

        must(store_open_memory(&options, &store) == 0 && store_begin_write(store, &txn) == 0);
        while (record_reader_has_more(&input))
                put(txn, &input);
        must(persist_replay(txn, &first) == 0);
        must(persist_set_aside(txn, first) == 0);
        must(persist_replay(txn, &second) == 0);
        must(second->damaged.count == 0 && second->leftover.count == 0);
        must(second->sessions.count == first->sessions.count);
        must(second->n_messages == first->n_messages);
        must(second->n_retained == first->n_retained);
        persist_image_free(first);
        persist_image_free(second);
        store_abort(txn);
        store_free(store);
        return 0;
}
