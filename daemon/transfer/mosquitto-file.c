/* SPDX-License-Identifier: Apache-2.0 */
/* mosquitto-file.c: the frame of the chunks. */
#include "transfer/mosquitto-file.h"

#include <errno.h>
#include <string.h>

#include "mqtt/reader.h"
#include "util/macro.h"

#define MAGIC          BYTES_LITERAL("\0\xB5\0mosquitto db")
#define CHECKSUM_SIZE  4U
#define VERSION_OLDEST 3U
#define VERSION_NEWEST 6U
#define NUMBER_SIZE    8U

/* The structure of the configuration ends behind ten bytes, at a multiple of its alignment. */
#define CONFIG_PACKED 12U

typedef struct Head {
        size_t size; /* its own */
        uint32_t type, length;
} Head;

static int read_head(const MosquittoFile *file, size_t at, Head *ret_head)
{
        Reader reader = reader_of(
                (Bytes){file->bytes.data + at, file->bytes.length - MIN(at, file->bytes.length)});
        Head head = {};
        uint16_t type;
        int r;

        if (file->layout.version < 5) {
                head.size = sizeof(type) + sizeof(head.length);
                r = reader_u16(&reader, &type);
                if (r == 0)
                        head.type = type;
        } else {
                head.size = sizeof(head.type) + sizeof(head.length);
                r = reader_u32(&reader, &head.type);
        }
        if (r != 0 || reader_u32(&reader, &head.length) != 0)
                return -EBADMSG;
        *ret_head = head;
        return 0;
}

/* Whether another chunk may begin there, or the file ends. */
static bool is_boundary(const MosquittoFile *file, size_t at)
{
        Head head;

        if (at == file->bytes.length)
                return true;
        return at < file->bytes.length && read_head(file, at, &head) == 0 &&
               head.type >= MOSQUITTO_CONFIG && head.type < MOSQUITTO_CHUNK_TYPES;
}

/* Up to version 4 nobody has ever read the lengths. Where one is not what the fields add up to, the
 * fields are right if another chunk follows. */
static int read_at(const MosquittoFile *file, size_t at, MosquittoChunk *chunk, size_t *ret_end)
{
        size_t used = 0, left;
        Bytes body;
        Head head;

        if (read_head(file, at, &head) < 0)
                return -EBADMSG;
        left = file->bytes.length - at - head.size;
        body = (Bytes){file->bytes.data + at + head.size, left};
        if (file->layout.version >= 5) {
                if (head.length > left)
                        return -EBADMSG;
                body.length = head.length;
        }
        *chunk = (MosquittoChunk){.type = head.type, .offset = at};
        if (mosquitto_chunk_read(&file->layout, body, head.length, chunk, &used) < 0)
                return -EBADMSG;
        if (used != head.length && !is_boundary(file, at + head.size + used))
                return -EBADMSG;
        *ret_end = at + head.size + used;
        return 0;
}

/* Up to 2.0 the numbers of messages are a counter, then times, below a number of the broker. */
static unsigned magnitude(uint64_t number)
{
        return number >> 32 == 0 ? 0 : number >> 54 == 0 ? 1 : 2;
}

static bool is_reversed(uint64_t number)
{
        return magnitude(__builtin_bswap64(number)) < magnitude(number);
}

/* The first chunk tells what machine it was. One whose first chunk is another, or is damaged, is
 * read as if it were like this one's. */
static int look_at_config(MosquittoFile *file)
{
        MosquittoChunk chunk;
        size_t end;
        Head head;

        if (read_head(file, file->at, &head) < 0 || head.type != MOSQUITTO_CONFIG ||
            read_at(file, file->at, &chunk, &end) < 0)
                return 0;
        if (chunk.config.number_size != NUMBER_SIZE)
                return -EPROTONOSUPPORT;
        file->layout.is_big_endian = is_reversed(chunk.config.last_message);
        file->layout.is_packed = file->layout.version >= 5 && head.length == CONFIG_PACKED;
        return 0;
}

int mosquitto_file_open(Bytes bytes, MosquittoFile *ret_file)
{
        MosquittoFile file = {.bytes = bytes};
        Reader reader = reader_of(bytes);
        Bytes magic, checksum;
        int r;

        if (reader_bytes(&reader, MAGIC.length, &magic) != 0 || !bytes_equal(magic, MAGIC) ||
            reader_bytes(&reader, CHECKSUM_SIZE, &checksum) != 0 ||
            reader_u32(&reader, &file.layout.version) != 0)
                return -EBADMSG;
        file.at = bytes.length - reader_left(&reader);
        if (file.layout.version < VERSION_OLDEST || file.layout.version > VERSION_NEWEST)
                r = -EPROTONOSUPPORT;
        else
                r = look_at_config(&file);
        *ret_file = file;
        return r;
}

int mosquitto_file_next(MosquittoFile *file, MosquittoChunk *ret_chunk)
{
        MosquittoChunk chunk;
        size_t end;
        int r;

        if (file->at == file->bytes.length)
                return 0;
        r = read_at(file, file->at, &chunk, &end);
        if (r < 0)
                return r;
        file->at = end;
        *ret_chunk = chunk;
        return 1;
}

bool mosquitto_file_skip(MosquittoFile *file)
{
        size_t end;
        Head head;

        if (read_head(file, file->at, &head) < 0)
                return false;
        end = file->at + head.size;
        if (head.length > file->bytes.length - end || !is_boundary(file, end + head.length))
                return false;
        file->at = end + head.length;
        return true;
}

MosquittoChunk mosquitto_file_again(const MosquittoFile *file, size_t offset)
{
        MosquittoChunk chunk = {};
        size_t end;

        (void)read_at(file, offset, &chunk, &end);
        return chunk;
}

unsigned mosquitto_file_type(const MosquittoFile *file)
{
        Head head;

        return read_head(file, file->at, &head) < 0 ? 0 : head.type;
}
