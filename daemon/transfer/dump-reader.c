/* SPDX-License-Identifier: Apache-2.0 */
/* dump-reader.c: a line is an object, an object is a record. */
#include "transfer/dump-reader.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "transfer/dump-fields.h"
#include "transfer/dump-values.h"

/* What a line holds besides the longest payload is short. */
#define LINE_MAX_LENGTH ((size_t)1 << 30)

struct DumpReader {
        FILE *from;
        char *line;
        size_t line_room;
        uint64_t n_lines, n_records;
        bool is_ended;
        Buffer takers, value;
        PersistKey key;
        DumpValues values; /* of this line */
};

int dump_reader_new(FILE *from, DumpReader **ret_reader)
{
        DumpReader *reader = calloc(1, sizeof(*reader));

        if (!reader)
                return -ENOMEM;
        reader->from = from;
        *ret_reader = reader;
        return 0;
}

static void forget_line(DumpReader *reader)
{
        dump_values_clear(&reader->values);
        buffer_clear(&reader->takers);
        buffer_clear(&reader->value);
}

DumpReader *dump_reader_free(DumpReader *reader)
{
        if (!reader)
                return NULL;
        dump_values_done(&reader->values);
        free(reader->line);
        buffer_done(&reader->takers);
        buffer_done(&reader->value);
        free(reader);
        return NULL;
}

uint64_t dump_reader_line(const DumpReader *reader)
{
        return reader->n_lines;
}

const char *dump_reader_fault(const DumpReader *reader)
{
        return reader->values.fault;
}

static int fail(DumpReader *reader, const char *fault)
{
        return dump_values_fail(&reader->values, fault);
}

/* --- what is more than a field --- */

static int get_author(DumpReader *reader, const json_t *json, MessageAuthor *author,
                      bool *ret_is_named)
{
        bool is_named =
                json_object_get(json, DUMP_USERNAME) || json_object_get(json, DUMP_USERNAME_BASE64);
        int r = dump_values_fields(&reader->values, dump_author_fields, json, author);

        if (r == 0 && is_named)
                r = dump_values_text(&reader->values, json, DUMP_USERNAME, DUMP_USERNAME_BASE64,
                                     &author->username);
        *ret_is_named = is_named;
        return r;
}

static int get_identifiers(DumpReader *reader, const json_t *json, PersistTaker *taker)
{
        static const DumpField identifier = {.type = DUMP_U32};
        size_t n = json_array_size(json);
        uint8_t *block = dump_values_block(&reader->values, n * sizeof(uint32_t));
        int r;

        if (!block)
                return -ENOMEM;
        if (n > UINT16_MAX)
                return fail(reader, "too many subscription identifiers");
        for (size_t i = 0; i < n; i++) {
                uint64_t number;
                uint32_t stored;

                r = dump_values_number(&reader->values, &identifier, json_array_get(json, i),
                                       &number);
                if (r < 0)
                        return r;
                stored = htole32((uint32_t)number);
                memcpy(block + i * sizeof(stored), &stored, sizeof(stored));
        }
        taker->identifiers = block;
        taker->n_identifiers = (uint16_t)n;
        return 0;
}

static int get_takers(DumpReader *reader, const json_t *json, PersistMessage *message)
{
        RecordWriter writer = {.buffer = &reader->takers};
        Bytes takers;
        int r = 0;

        if (!json_is_array(json))
                return fail(reader, "the takers are missing");
        for (size_t i = 0; i < json_array_size(json) && r == 0; i++) {
                const json_t *object = json_array_get(json, i);
                PersistTaker taker = {};

                r = dump_values_fields(&reader->values, dump_taker_fields, object, &taker);
                if (r == 0)
                        r = get_identifiers(reader, json_object_get(object, DUMP_IDENTIFIERS),
                                            &taker);
                if (r == 0)
                        persist_taker_put(&writer, &taker);
        }
        takers = buffer_bytes(&reader->takers);
        message->takers = record_reader(takers);
        return r < 0 ? r : writer.error;
}

static int get_message(DumpReader *reader, const json_t *json, StoreRecord *record)
{
        const json_t *author = json_object_get(json, DUMP_AUTHOR);
        PersistMessage *message = &record->message;
        bool is_named;
        int r = 0;

        if (author) {
                r = get_author(reader, author, &message->author, &is_named);
                message->flags |= PERSIST_MESSAGE_AUTHOR;
                message->flags |= r == 0 && is_named ? PERSIST_MESSAGE_NAMED : 0;
        }
        if (r == 0 && record->table == PERSIST_LOG)
                r = get_takers(reader, json_object_get(json, DUMP_TAKERS), message);
        return r;
}

static int get_will(DumpReader *reader, const json_t *json, StoreRecord *record)
{
        const json_t *of = json_object_get(json, DUMP_AUTHOR);
        MessageAuthor author = {};
        MessageParts parts = {};
        bool is_named;
        int r = dump_values_fields(&reader->values, dump_will_fields, json, &parts);

        if (r == 0 && of) {
                r = get_author(reader, of, &author, &is_named);
                parts.author = &author;
        }
        if (r == 0 && parts.qos > 2)
                r = fail(reader, "no such number can be");
        if (r == 0)
                r = message_new(&parts, &record->session.will);
        return r == -E2BIG ? fail(reader, "the will is too long") : r;
}

static int get_rest(DumpReader *reader, const json_t *json, StoreRecord *record)
{
        const json_t *will = json_object_get(json, DUMP_WILL);

        if (record->table == PERSIST_SESSION && will)
                return get_will(reader, will, record);
        return record->table == PERSIST_LOG || record->table == PERSIST_RETAINED
                       ? get_message(reader, json, record)
                       : 0;
}

/* --- lines --- */

/* What a broker would not take is not loaded. */
static int encode(DumpReader *reader, const StoreRecord *record)
{
        StoreRecord again;
        int r = store_record_write(record, &reader->value, &reader->key);

        if (r == -E2BIG)
                return fail(reader, "it is too long");
        if (r == 0 && store_record_is_own(record->table, persist_key_bytes(&reader->key)))
                r = -EBADMSG;
        if (r == 0)
                r = store_record_read(record->table, persist_key_bytes(&reader->key),
                                      buffer_bytes(&reader->value), &again);
        if (r == -EBADMSG || r == -EPROTONOSUPPORT)
                return fail(reader, "no broker has such a record");
        if (r == 0)
                store_record_done(&again);
        return r;
}

static int take_record(DumpReader *reader, const DumpKind *kind, const json_t *json)
{
        StoreRecord record = {.table = kind->table};
        int r = dump_values_fields(&reader->values, kind->fields, json, &record);

        if (r == 0)
                r = get_rest(reader, json, &record);
        if (r == 0)
                r = encode(reader, &record);
        store_record_done(&record);
        reader->n_records++;
        return r;
}

static int take_head(DumpReader *reader, const char *kind, const json_t *json)
{
        const json_t *version = json_object_get(json, DUMP_FORMAT);

        if (!kind || strcmp(kind, DUMP_KIND_STORE) != 0 || !json_is_integer(version))
                return fail(reader, "this is no dump of a store");
        if (json_integer_value(version) <= DUMP_VERSION)
                return 0;
        reader->values.fault = "a newer hawkerctl wrote this dump";
        return -EPROTONOSUPPORT;
}

static int take_end(DumpReader *reader, const json_t *json)
{
        const json_t *records = json_object_get(json, DUMP_RECORDS);

        if (!json_is_integer(records) || (uint64_t)json_integer_value(records) != reader->n_records)
                return fail(reader, "lines are missing before it");
        reader->is_ended = true;
        return 0;
}

static const DumpKind *find_kind(const char *name)
{
        for (size_t i = 0; i < n_dump_kinds; i++)
                if (strcmp(dump_kinds[i].name, name) == 0)
                        return &dump_kinds[i];
        return NULL;
}

/* 1: a record; 0: something else. */
static int take_line(DumpReader *reader, const json_t *json, unsigned *ret_table)
{
        const char *name = json_string_value(json_object_get(json, DUMP_KIND));
        const DumpKind *kind;
        int r;

        if (reader->n_lines == 1)
                return take_head(reader, name, json);
        if (!name)
                return fail(reader, "this is no object with a kind");
        if (strcmp(name, DUMP_KIND_END) == 0)
                return take_end(reader, json);
        kind = find_kind(name);
        if (!kind)
                return fail(reader, "there is no such kind");
        r = take_record(reader, kind, json);
        *ret_table = kind->table;
        return r < 0 ? r : 1;
}

/* 1; 0: there is none. */
static int read_line(DumpReader *reader, json_t **ret_json)
{
        json_error_t error;
        ssize_t n;

        errno = 0;
        n = getline(&reader->line, &reader->line_room, reader->from);
        if (n < 0)
                return errno == ENOMEM ? -ENOMEM : ferror(reader->from) ? -EIO : 0;
        reader->n_lines++;
        if ((size_t)n > LINE_MAX_LENGTH)
                return fail(reader, "it is too long");
        *ret_json = json_loadb(reader->line, (size_t)n, JSON_REJECT_DUPLICATES, &error);
        if (*ret_json)
                return 1;
        return json_error_code(&error) == json_error_out_of_memory
                       ? -ENOMEM
                       : fail(reader, "this is not JSON, or not all of it");
}

int dump_reader_next(DumpReader *reader, unsigned *ret_table, Bytes *ret_key, Bytes *ret_value)
{
        int r;

        do {
                json_t *json = NULL;

                forget_line(reader);
                r = read_line(reader, &json);
                if (r == 0)
                        return reader->is_ended
                                       ? 0
                                       : fail(reader, "the dump ends here: it is cut short");
                if (r > 0)
                        r = reader->is_ended ? fail(reader, "there is more behind the end")
                                             : take_line(reader, json, ret_table);
                json_decref(json);
        } while (r == 0);
        if (r < 0)
                return r;
        *ret_key = persist_key_bytes(&reader->key);
        *ret_value = buffer_bytes(&reader->value);
        return 1;
}
