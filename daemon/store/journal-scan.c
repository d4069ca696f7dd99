/* SPDX-License-Identifier: Apache-2.0 */
/* journal-scan.c: from sector to sector, and over what is a batch in one step. */
#include "store/journal-scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/journal-segment.h"

_unused_ static inline void closedirp(DIR **dir)
{
        if (*dir)
                closedir(*dir);
}

/* --- files --- */

static int add_slot(JournalScan *scan, unsigned slot)
{
        unsigned *slots = realloc(scan->slots, (scan->n_slots + 1) * sizeof(*slots));

        if (!slots)
                return -ENOMEM;
        slots[scan->n_slots++] = slot;
        scan->slots = slots;
        return 0;
}

static int find_slots(const StoreFolder *folder, JournalScan *scan)
{
        _cleanup_(closedirp) DIR *dir = NULL;
        int fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;

        dir = fd < 0 ? NULL : fdopendir(fd);
        if (!dir) {
                r = -errno;
                closep(&fd);
                return r;
        }
        for (const struct dirent *entry; r == 0 && (entry = readdir(dir));) {
                unsigned slot;

                if (journal_segment_has_name(entry->d_name, &slot))
                        r = add_slot(scan, slot);
        }
        return r;
}

static int open_slot(const StoreFolder *folder, unsigned slot)
{
        char name[JOURNAL_NAME_SIZE];
        int fd;

        journal_segment_name(slot, name);
        fd = openat(folder->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
        return fd < 0 ? -errno : fd;
}

/* A part that the disk does not give back stays zero. */
static void read_all(int fd, uint8_t *to, size_t size, uint64_t from)
{
        memset(to, 0, size);
        for (size_t at = 0; at < size;) {
                ssize_t n = pread(fd, to + at, size - at, (off_t)(from + at));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n == 0)
                        return;
                at += n > 0 ? (size_t)n : JOURNAL_SECTOR - at % JOURNAL_SECTOR;
        }
}

/* --- batches --- */

static int add_place(JournalScan *scan, const JournalPlace *place)
{
        if (scan->n_places == scan->capacity) {
                size_t capacity = scan->capacity > 0 ? scan->capacity * 2 : 256;
                JournalPlace *places = realloc(scan->places, capacity * sizeof(*places));

                if (!places)
                        return -ENOMEM;
                scan->places = places;
                scan->capacity = capacity;
        }
        scan->places[scan->n_places++] = *place;
        return 0;
}

static int scan_bytes(JournalScan *scan, unsigned slot, Bytes file)
{
        for (size_t at = 0; at < file.length;) {
                JournalBatch batch;
                size_t size;
                int r = journal_batch_read((Bytes){file.data + at, file.length - at}, &batch,
                                           &size);

                if (r < 0) {
                        at += JOURNAL_SECTOR;
                        continue;
                }
                r = add_place(scan, &(JournalPlace){batch.journal, batch.number, batch.settled, at,
                                                    size, slot});
                if (r < 0)
                        return r;
                at += size;
        }
        return 0;
}

static int scan_slot(JournalScan *scan, const StoreFolder *folder, unsigned slot)
{
        _cleanup_free_ uint8_t *bytes = NULL;
        _cleanup_close_ int fd = open_slot(folder, slot);
        struct stat stat;

        if (fd < 0)
                return fd;
        if (fstat(fd, &stat) < 0)
                return -errno;
        if (!S_ISREG(stat.st_mode) || stat.st_size == 0)
                return 0;
        bytes = malloc((size_t)stat.st_size);
        if (!bytes)
                return -ENOMEM;
        read_all(fd, bytes, (size_t)stat.st_size, 0);
        return scan_bytes(scan, slot, (Bytes){bytes, (size_t)stat.st_size});
}

static int compare(const void *a, const void *b)
{
        const JournalPlace *x = a, *y = b;

        return x->number < y->number ? -1 : x->number > y->number;
}

int journal_scan_slots(const StoreFolder *folder, JournalScan *ret_scan)
{
        _cleanup_(journal_scan_donep) JournalScan scan = {};
        int r = find_slots(folder, &scan);

        if (r < 0)
                return r;
        *ret_scan = scan;
        scan = (JournalScan){};
        return 0;
}

int journal_scan(const StoreFolder *folder, JournalScan *ret_scan)
{
        _cleanup_(journal_scan_donep) JournalScan scan = {};
        int r = journal_scan_slots(folder, &scan);

        for (size_t i = 0; i < scan.n_slots && r == 0; i++)
                r = scan_slot(&scan, folder, scan.slots[i]);
        if (r < 0)
                return r;
        if (scan.n_places > 0)
                qsort(scan.places, scan.n_places, sizeof(*scan.places), compare);
        *ret_scan = scan;
        scan = (JournalScan){};
        return 0;
}

void journal_scan_done(JournalScan *scan)
{
        free(scan->slots);
        free(scan->places);
        *scan = (JournalScan){};
}

int journal_place_read(const StoreFolder *folder, const JournalPlace *place,
                       JournalBatch *ret_batch, uint8_t **ret_memory)
{
        _cleanup_free_ uint8_t *bytes = malloc(place->size);
        _cleanup_close_ int fd = open_slot(folder, place->slot);
        size_t size;
        int r;

        if (!bytes)
                return -ENOMEM;
        if (fd < 0)
                return fd;
        read_all(fd, bytes, place->size, place->at);
        r = journal_batch_read((Bytes){bytes, place->size}, ret_batch, &size);
        if (r == 0)
                *ret_memory = TAKE_PTR(bytes);
        return r;
}
