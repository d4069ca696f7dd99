/* SPDX-License-Identifier: Apache-2.0 */
/* journal-segment.c: one file of zeros that is written over. */
#include "store/journal-segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/journal-batch.h"
#include "util/macro.h"

#define PREFIX "journal-"

/* A new file goes to the disk in pieces, so that the flushes of others need not wait for all. */
#define FILL_STEP ((size_t)1024 * 1024)

/* Of another size a file was made for one large batch, or was not finished. */
#define OLD_MIN ((off_t)256 * 1024)
#define OLD_MAX ((off_t)8 * 1024 * 1024)

void journal_segment_name(unsigned slot, char name[static JOURNAL_NAME_SIZE])
{
        snprintf(name, JOURNAL_NAME_SIZE, PREFIX "%u", slot);
}

bool journal_segment_has_name(const char *name, unsigned *ret_slot)
{
        char again[JOURNAL_NAME_SIZE];
        unsigned slot;

        if (sscanf(name, PREFIX "%u", &slot) != 1)
                return false;
        journal_segment_name(slot, again);
        if (strcmp(name, again) != 0)
                return false;
        *ret_slot = slot;
        return true;
}

/* What is no want of room is a failure of the disk: nobody knows what is on it. */
static int disk_error(int error)
{
        return error == ENOSPC || error == EDQUOT ? -ENOSPC : -EIO;
}

static int write_all(int fd, Bytes bytes, uint64_t at)
{
        while (bytes.length > 0) {
                ssize_t n = pwrite(fd, bytes.data, bytes.length, (off_t)at);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? disk_error(errno) : -ENOSPC;
                bytes.data += n;
                bytes.length -= (size_t)n;
                at += (uint64_t)n;
        }
        return 0;
}

static int fill(int fd, uint64_t size)
{
        _cleanup_free_ uint8_t *zeros = calloc(1, FILL_STEP);
        int r = zeros ? 0 : -ENOMEM;

        for (uint64_t at = 0; at < size && r == 0; at += FILL_STEP) {
                r = write_all(fd, (Bytes){zeros, MIN(size - at, FILL_STEP)}, at);
                if (r == 0 && fdatasync(fd) < 0)
                        r = disk_error(errno);
        }
        return r;
}

/* Want of descriptors is as want of memory: it passes. */
static int open_error(int error)
{
        switch (error) {
        case EDQUOT:
                return -ENOSPC;
        case EMFILE:
        case ENFILE:
                return -ENOMEM;
        default:
                return -error;
        }
}

static int make_file(const StoreFolder *folder, const char *name, uint64_t size, int *ret_fd)
{
        _cleanup_close_ int fd =
                openat(folder->fd, name,
                       O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
        int r;

        if (fd < 0)
                return open_error(errno);
        r = fchmod(fd, 0600) < 0 ? -errno : fill(fd, size);
        if (r == 0 && (fsync(fd) < 0 || fsync(folder->fd) < 0))
                r = disk_error(errno);
        if (r < 0) {
                unlinkat(folder->fd, name, 0);
                return r;
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int journal_segment_new(const StoreFolder *folder, unsigned slot, uint64_t size,
                        JournalSegment **ret_segment)
{
        JournalSegment *segment = calloc(1, sizeof(*segment));
        char name[JOURNAL_NAME_SIZE];
        int r;

        if (!segment)
                return -ENOMEM;
        segment->slot = slot;
        segment->size = size;
        journal_segment_name(slot, name);
        r = make_file(folder, name, size, &segment->fd);
        if (r < 0) {
                free(segment);
                return r;
        }
        *ret_segment = segment;
        return 0;
}

static int open_old(const StoreFolder *folder, unsigned slot, uint64_t *ret_size)
{
        char name[JOURNAL_NAME_SIZE];
        struct stat stat;
        int fd;

        journal_segment_name(slot, name);
        fd = openat(folder->fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &stat) < 0 || !S_ISREG(stat.st_mode) || stat.st_size < OLD_MIN ||
            stat.st_size > OLD_MAX) {
                close(fd);
                return -EINVAL;
        }
        *ret_size = (uint64_t)stat.st_size;
        return fd;
}

int journal_segment_clear(const StoreFolder *folder, unsigned slot)
{
        uint64_t size = 0;
        _cleanup_close_ int fd = open_old(folder, slot, &size);

        return fd < 0 ? fd : fill(fd, size);
}

int journal_segment_open(const StoreFolder *folder, unsigned slot, JournalSegment **ret_segment)
{
        JournalSegment *segment = calloc(1, sizeof(*segment));

        if (!segment)
                return -ENOMEM;
        segment->slot = slot;
        segment->is_old = true;
        segment->fd = open_old(folder, slot, &segment->size);
        if (segment->fd < 0) {
                int r = segment->fd;

                free(segment);
                return r;
        }
        *ret_segment = segment;
        return 0;
}

/* A page of which a part is written is read before, unless it is in memory. */
void journal_segment_reuse(JournalSegment *segment)
{
        segment->used = 0;
        (void)posix_fadvise(segment->fd, 0, (off_t)segment->size, POSIX_FADV_WILLNEED);
}

JournalSegment *journal_segment_free(JournalSegment *segment)
{
        if (segment)
                close(segment->fd);
        free(segment);
        return NULL;
}

void journal_segment_remove(JournalSegment *segment, const StoreFolder *folder)
{
        char name[JOURNAL_NAME_SIZE];

        journal_segment_name(segment->slot, name);
        unlinkat(folder->fd, name, 0);
        journal_segment_free(segment);
}

/* What was written in vain may be whole: it must not be taken for something that was done. */
static void take_back(const JournalSegment *segment)
{
        static const uint8_t zeros[JOURNAL_HEADER];

        (void)write_all(segment->fd, (Bytes){zeros, sizeof(zeros)}, segment->used);
}

int journal_segment_write(JournalSegment *segment, Bytes bytes)
{
        int r = write_all(segment->fd, bytes, segment->used);

        if (r == 0 && fdatasync(segment->fd) < 0)
                r = disk_error(errno);
        if (r == 0)
                segment->used += bytes.length;
        else if (r == -ENOSPC)
                take_back(segment);
        return r;
}
