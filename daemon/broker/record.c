/* SPDX-License-Identifier: Apache-2.0 */
/* record.c: the frame of records, and the head of an image of them. */
#include "broker/record.h"

#include <errno.h>

#include "util/crc32c.h"

#define MAGIC        "HAWKER\r\n"
#define MAGIC_LENGTH 8U
#define HEAD_LENGTH  (MAGIC_LENGTH + 3 * sizeof(uint32_t))

/* Around the payload. */
#define FRAME_HEAD 8U
#define FRAME_TAIL sizeof(uint32_t)

static uint8_t *store_u32(uint8_t *to, uint32_t value)
{
        value = htole32(value);
        memcpy(to, &value, sizeof(value));
        return to + sizeof(value);
}

int record_image_begin(Buffer *buffer)
{
        uint8_t head[HEAD_LENGTH], *to = head + MAGIC_LENGTH;

        memcpy(head, MAGIC, MAGIC_LENGTH);
        to = store_u32(to, RECORD_FORMAT);
        to = store_u32(to, RECORD_FORMAT_READABLE);
        store_u32(to, crc32c(0, head, (size_t)(to - head)));
        return buffer_append(buffer, head, sizeof(head));
}

int record_image_open(Bytes *image)
{
        RecordReader reader = record_reader(*image);
        const uint8_t *magic = record_take(&reader, MAGIC_LENGTH);
        uint32_t format = record_get_u32(&reader), readable = record_get_u32(&reader);
        uint32_t crc = record_get_u32(&reader);

        if (record_reader_failed(&reader) || memcmp(magic, MAGIC, MAGIC_LENGTH) != 0 ||
            crc != crc32c(0, magic, HEAD_LENGTH - sizeof(crc)) || readable > format)
                return -EBADMSG;
        if (readable > RECORD_FORMAT)
                return -EPROTONOSUPPORT;
        *image = (Bytes){reader.at, reader.left};
        return 0;
}

/* --- writing --- */

RecordWriter record_begin(Buffer *buffer, uint16_t type, uint8_t version, uint8_t flags)
{
        RecordWriter writer = {buffer, buffer_length(buffer), 0};

        record_put_u32(&writer, 0); /* record_end() knows the length */
        record_put_u16(&writer, type);
        record_put_u8(&writer, version);
        record_put_u8(&writer, flags);
        return writer;
}

void record_put(RecordWriter *writer, const void *data, size_t n)
{
        if (writer->error < 0)
                return;
        writer->error = buffer_append(writer->buffer, data, n);
}

size_t record_length(const RecordWriter *writer)
{
        size_t length = buffer_length(writer->buffer) - writer->start;

        return length > FRAME_HEAD ? length - FRAME_HEAD : 0;
}

int record_end(RecordWriter *writer)
{
        size_t length = record_length(writer);
        uint8_t *record;

        if (writer->error == 0 && length > UINT32_MAX)
                writer->error = -E2BIG;
        if (writer->error == 0) {
                record = buffer_head(writer->buffer) + writer->start;
                store_u32(record, (uint32_t)length);
                record_put_u32(writer, crc32c(0, record, FRAME_HEAD + length));
        }
        if (writer->error < 0)
                writer->buffer->end = writer->buffer->start + (uint32_t)writer->start;
        return writer->error;
}

/* --- reading --- */

int record_next(Bytes *image, Record *ret_record)
{
        RecordReader reader = record_reader(*image);
        Record record;
        uint32_t length, crc;
        const uint8_t *payload;

        if (image->length == 0)
                return 0;
        length = record_get_u32(&reader);
        record.type = record_get_u16(&reader);
        record.version = record_get_u8(&reader);
        record.flags = record_get_u8(&reader);
        payload = record_take(&reader, length);
        record.payload = (Bytes){payload, length};
        crc = record_get_u32(&reader);
        if (record_reader_failed(&reader) ||
            crc != crc32c(0, image->data, FRAME_HEAD + (size_t)length))
                return -EBADMSG;
        *image = (Bytes){reader.at, reader.left};
        *ret_record = record;
        return 1;
}

int record_unknown(const Record *record)
{
        return record->flags & RECORD_OPTIONAL ? 0 : -EPROTONOSUPPORT;
}
