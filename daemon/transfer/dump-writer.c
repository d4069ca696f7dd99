/* SPDX-License-Identifier: Apache-2.0 */
/* dump-writer.c: table by table, field by field. */
#include "transfer/dump-writer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "transfer/dump-fields.h"
#include "transfer/store-record.h"
#include "util/clock.h"
#include "util/json-out.h"
#include "util/utf8.h"

#define RECORDS_AT_ONCE 1024U

struct DumpWriter {
        StoreTxn *txn;
        FILE *to;
        size_t kind; /* what is written at present */
        StoreCursor *cursor;
        uint64_t records, damaged;
};

/* --- fields --- */

static uint64_t number_of(const DumpField *field, const uint8_t *at)
{
        uint64_t value = 0;

        switch (field->type) {
        case DUMP_BITS:
                return (*at & field->mask) / (field->mask & -field->mask);
        case DUMP_BOOL:
                return *(const bool *)at;
        case DUMP_U8:
                return *at;
        case DUMP_U16:
                return *(const uint16_t *)(const void *)at;
        case DUMP_U32:
        case DUMP_SECONDS:
                return *(const uint32_t *)(const void *)at;
        default:
                memcpy(&value, at, sizeof(value));
                return value;
        }
}

static bool is_flag(const DumpField *field)
{
        return field->type == DUMP_BOOL ||
               (field->type == DUMP_BITS && (field->mask & (field->mask - 1)) == 0);
}

static bool is_null(const DumpField *field, uint64_t number)
{
        return (field->type == DUMP_SECONDS && number == UINT32_MAX) ||
               (field->type == DUMP_TIME && number == UINT64_MAX);
}

static void write_text(JsonOut *json, const char *name, const char *base64_name, Bytes text)
{
        bool is_text = utf8_is_valid(text.data, text.length);

        json_out_name(json, is_text ? name : base64_name);
        if (is_text)
                json_out_text(json, text);
        else
                json_out_base64(json, text);
}

static void write_bytes(JsonOut *json, const DumpField *field, Bytes bytes)
{
        if (field->is_optional && bytes.length == 0)
                return;
        if (field->type == DUMP_TEXT) {
                write_text(json, field->name, field->base64_name, bytes);
                return;
        }
        json_out_name(json, field->name);
        json_out_base64(json, bytes);
}

static void write_number(JsonOut *json, const DumpField *field, uint64_t number)
{
        if (field->is_optional && number == 0)
                return;
        json_out_name(json, field->name);
        if (is_null(field, number))
                fputs("null", json->to);
        else if (is_flag(field))
                fputs(number ? "true" : "false", json->to);
        else
                fprintf(json->to, "%" PRIu64, number);
}

static void write_fields(JsonOut *json, const DumpField *fields, const void *of)
{
        for (; fields->name; fields++) {
                const uint8_t *at = (const uint8_t *)of + fields->offset;

                if (fields->type == DUMP_TEXT || fields->type == DUMP_BASE64)
                        write_bytes(json, fields, *(const Bytes *)(const void *)at);
                else
                        write_number(json, fields, number_of(fields, at));
        }
}

/* --- what is more than a field --- */

static void write_author(JsonOut *json, const MessageAuthor *author, bool is_named)
{
        json_out_name(json, DUMP_AUTHOR);
        json_out_begin(json);
        if (is_named)
                write_text(json, DUMP_USERNAME, DUMP_USERNAME_BASE64, author->username);
        write_fields(json, dump_author_fields, author);
        json_out_end(json);
}

static void write_taker(JsonOut *json, const PersistTaker *taker)
{
        json_out_begin(json);
        write_fields(json, dump_taker_fields, taker);
        if (taker->n_identifiers > 0)
                json_out_name(json, DUMP_IDENTIFIERS);
        for (unsigned i = 0; i < taker->n_identifiers; i++) {
                uint32_t identifier;

                memcpy(&identifier, taker->identifiers + i * sizeof(identifier),
                       sizeof(identifier));
                fprintf(json->to, "%c%" PRIu32, i == 0 ? '[' : ',', le32toh(identifier));
        }
        if (taker->n_identifiers > 0)
                fputc(']', json->to);
        json_out_end(json);
}

static void write_takers(JsonOut *json, RecordReader takers)
{
        const char *between = "";
        PersistTaker taker;

        json_out_name(json, DUMP_TAKERS);
        fputc('[', json->to);
        while (persist_taker_next(&takers, &taker) > 0) {
                fputs(between, json->to);
                write_taker(json, &taker);
                between = ",";
        }
        fputc(']', json->to);
}

static void write_will(JsonOut *json, const Message *will)
{
        MessageParts parts = {
                .topic = message_topic(will),
                .properties = message_properties(will),
                .payload = message_payload(will),
                .expires = will->expires,
                .qos = will->qos,
                .retain = will->retain,
        };
        MessageAuthor author;

        json_out_name(json, DUMP_WILL);
        json_out_begin(json);
        write_fields(json, dump_will_fields, &parts);
        if (message_author(will, &author))
                write_author(json, &author, author.username.data != NULL);
        json_out_end(json);
}

static void write_rest(JsonOut *json, const StoreRecord *record)
{
        if (record->table == PERSIST_SESSION && record->session.will)
                write_will(json, record->session.will);
        if (record->table != PERSIST_LOG && record->table != PERSIST_RETAINED)
                return;
        if (record->message.flags & PERSIST_MESSAGE_AUTHOR)
                write_author(json, &record->message.author,
                             record->message.flags & PERSIST_MESSAGE_NAMED);
        if (record->table == PERSIST_LOG)
                write_takers(json, record->message.takers);
}

/* --- lines --- */

static void write_line(DumpWriter *writer, const DumpKind *kind, const StoreRecord *record)
{
        JsonOut json = {.to = writer->to};

        json_out_begin(&json);
        json_out_name(&json, DUMP_KIND);
        json_out_text(&json, bytes_from_string(kind->name));
        write_fields(&json, kind->fields, record);
        write_rest(&json, record);
        json_out_end(&json);
        fputc('\n', writer->to);
        writer->records++;
}

/* As the broker would set it aside. */
static void write_damaged(DumpWriter *writer, unsigned table, Bytes key, Bytes value)
{
        PersistKey aside = persist_key_damaged(table, key);
        StoreRecord record = {.table = PERSIST_DAMAGED};

        record.raw.key = persist_key_bytes(&aside);
        record.raw.value = value;
        write_line(writer, &dump_kinds[n_dump_kinds - 1], &record);
        writer->damaged++;
}

static int write_record(DumpWriter *writer, Bytes key, Bytes value)
{
        const DumpKind *kind = &dump_kinds[writer->kind];
        StoreRecord record;
        int r;

        if (store_record_is_own(kind->table, key))
                return 0;
        r = store_record_read(kind->table, key, value, &record);
        if (r == -EBADMSG || r == -EPROTONOSUPPORT) {
                write_damaged(writer, kind->table, key, value);
                return 0;
        }
        if (r < 0)
                return r;
        write_line(writer, kind, &record);
        store_record_done(&record);
        return 0;
}

int dump_writer_new(StoreTxn *txn, FILE *to, DumpWriter **ret_writer)
{
        DumpWriter *writer = calloc(1, sizeof(*writer));

        if (!writer)
                return -ENOMEM;
        writer->txn = txn;
        writer->to = to;
        fprintf(to,
                "{\"" DUMP_KIND "\":\"" DUMP_KIND_STORE "\",\"" DUMP_FORMAT
                "\":%u,\"store\":%u,\"hawker\":\"" VERSION "\",\"time\":%" PRIu64 "}\n",
                DUMP_VERSION, PERSIST_FORMAT, clock_realtime());
        *ret_writer = writer;
        return 0;
}

DumpWriter *dump_writer_free(DumpWriter *writer)
{
        if (writer)
                store_cursor_free(writer->cursor);
        free(writer);
        return NULL;
}

static int next_record(DumpWriter *writer, Bytes *ret_key, Bytes *ret_value)
{
        int r = 0;

        if (writer->cursor)
                return store_cursor_next(writer->cursor, ret_key, ret_value);
        r = store_cursor_new(writer->txn, dump_kinds[writer->kind].table, &writer->cursor);
        return r < 0 ? r : store_cursor_seek(writer->cursor, (Bytes){}, ret_key, ret_value);
}

static int write_end(DumpWriter *writer)
{
        fprintf(writer->to,
                "{\"" DUMP_KIND "\":\"" DUMP_KIND_END "\",\"" DUMP_RECORDS "\":%" PRIu64 "}\n",
                writer->records);
        return fflush(writer->to) != 0 || ferror(writer->to) ? -EIO : 0;
}

int dump_writer_step(DumpWriter *writer)
{
        Bytes key, value;
        int r;

        for (unsigned i = 0; i < RECORDS_AT_ONCE; i++) {
                r = next_record(writer, &key, &value);
                if (r > 0)
                        r = write_record(writer, key, value);
                else if (r == 0) {
                        writer->cursor = store_cursor_free(writer->cursor);
                        if (++writer->kind == n_dump_kinds)
                                return write_end(writer);
                }
                if (r < 0)
                        return r;
        }
        return ferror(writer->to) ? -EIO : 1;
}

uint64_t dump_writer_records(const DumpWriter *writer)
{
        return writer->records;
}

uint64_t dump_writer_damaged(const DumpWriter *writer)
{
        return writer->damaged;
}
