/* SPDX-License-Identifier: Apache-2.0 */

/* A text that nobody else may see. */

#include "admin/secret.h"

#include <string.h>
#include <unistd.h>

#include "util/macro.h"

#define CHUNK 4096U

void secret_done(Secret *secret)
{
        if (secret->data)
                explicit_bzero(secret->data, secret->allocated);
        free(secret->data);
        *secret = (Secret){};
}

/* Not by realloc(), which leaves the old place as it was. */
static int grow(Secret *secret, size_t needed)
{
        Secret larger = {.length = secret->length, .allocated = MAX(needed * 2, CHUNK)};

        larger.data = malloc(larger.allocated);
        if (!larger.data)
                return -ENOMEM;
        if (secret->length > 0)
                memcpy(larger.data, secret->data, secret->length);
        secret_done(secret);
        *secret = larger;
        return 0;
}

int secret_append(Secret *secret, Bytes bytes)
{
        int r;

        if (secret->allocated - secret->length < bytes.length) {
                r = grow(secret, secret->length + bytes.length);
                if (r < 0)
                        return r;
        }
        if (bytes.length > 0)
                memcpy(secret->data + secret->length, bytes.data, bytes.length);
        secret->length += bytes.length;
        return 0;
}

/* How many bytes it read, 0 at the end, or -errno. */
static ssize_t read_some(int fd, uint8_t *to, size_t size)
{
        ssize_t n;

        do
                n = read(fd, to, size);
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : n;
}

/* Byte by byte: what follows the line belongs to whoever reads next. */
static int read_line(int fd, size_t max, Secret *line)
{
        uint8_t byte;
        ssize_t n;
        int r = 0;

        while (r == 0) {
                n = read_some(fd, &byte, 1);
                if (n < 0)
                        return (int)n;
                if (n == 0)
                        return line->length > 0 ? 0 : -ENODATA;
                if (byte == '\n')
                        return 0;
                r = line->length < max ? secret_append(line, (Bytes){&byte, 1}) : -EMSGSIZE;
        }
        return r;
}

int secret_read_line(int fd, size_t max, Secret *ret_line)
{
        _cleanup_(secret_done) Secret line = {};
        int r = read_line(fd, max, &line);

        if (r < 0)
                return r;
        *ret_line = line;
        line = (Secret){};
        return 0;
}

static int read_all(int fd, size_t max, Secret *text)
{
        uint8_t chunk[CHUNK];
        ssize_t n;
        int r = 0;

        while (r == 0 && (n = read_some(fd, chunk, sizeof(chunk))) != 0) {
                if (n < 0)
                        r = (int)n;
                else if ((size_t)n > max - text->length)
                        r = -EFBIG;
                else
                        r = secret_append(text, (Bytes){chunk, (size_t)n});
        }
        explicit_bzero(chunk, sizeof(chunk));
        return r;
}

int secret_read_all(int fd, size_t max, Secret *ret_text)
{
        _cleanup_(secret_done) Secret text = {};
        int r = read_all(fd, max, &text);

        if (r < 0)
                return r;
        *ret_text = text;
        text = (Secret){};
        return 0;
}
