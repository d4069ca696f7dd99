/* SPDX-License-Identifier: Apache-2.0 */

/* The image as the next process finds it. */

#include "server/park-image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

struct ParkImage {
        void *data;
        size_t size;
};

int park_image_create(void)
{
        int fd = memfd_create("hawker-state", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        return fd < 0 ? -errno : fd;
}

int park_image_seal(int fd)
{
        return fcntl(fd, F_ADD_SEALS, SEALS) < 0 ? -errno : 0;
}

/* What could still shrink could end us while we read it. */
static bool is_sealed(int fd)
{
        int seals = fcntl(fd, F_GET_SEALS);

        return seals >= 0 && (seals & SEALS) == SEALS;
}

int park_image_open(int fd, ParkImage **ret_image)
{
        _cleanup_(park_image_freep) ParkImage *image = calloc(1, sizeof(*image));
        struct stat status;
        Bytes bytes;
        int r;

        if (!image)
                return -ENOMEM;
        if (fstat(fd, &status) < 0)
                return -errno;
        if (!is_sealed(fd) || status.st_size <= 0)
                return -EBADMSG;
        image->data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (image->data == MAP_FAILED) {
                image->data = NULL;
                return -errno;
        }
        image->size = (size_t)status.st_size;
        bytes = park_image_bytes(image);
        r = record_image_open(&bytes);
        if (r < 0)
                return r;
        *ret_image = TAKE_PTR(image);
        return 0;
}

ParkImage *park_image_free(ParkImage *image)
{
        if (!image)
                return NULL;
        if (image->data)
                munmap(image->data, image->size);
        free(image);
        return NULL;
}

Bytes park_image_bytes(const ParkImage *image)
{
        return (Bytes){image->data, image->size};
}

/* The next record of one of the two types up to that of the key, which stands near the beginning.
 */
static bool next_note(Bytes *bytes, Record *ret_record)
{
        while (record_next(bytes, ret_record) > 0)
                if (ret_record->type == PARK_PAUSED_RECORD || ret_record->type == PARK_KEY_RECORD)
                        return true;
        return false;
}

int park_image_ticket_key(const ParkImage *image, TlsTicketKey *ret_key)
{
        Bytes bytes = park_image_bytes(image);
        Record record;

        if (record_image_open(&bytes) < 0)
                return -ENOENT;
        while (next_note(&bytes, &record))
                if (record.type == PARK_KEY_RECORD &&
                    record.payload.length >= sizeof(ret_key->bytes)) {
                        memcpy(ret_key->bytes, record.payload.data, sizeof(ret_key->bytes));
                        return 0;
                }
        return -ENOENT;
}

bool park_image_is_paused(const ParkImage *image, const char *listener)
{
        Bytes bytes = park_image_bytes(image);
        Record record;

        if (record_image_open(&bytes) < 0)
                return false;
        while (next_note(&bytes, &record) && record.type != PARK_KEY_RECORD)
                if (bytes_equal(record.payload, bytes_from_string(listener)))
                        return true;
        return false;
}
