/* SPDX-License-Identifier: Apache-2.0 */
/* tail.c: fallocate() behind the end of a file, and what a full disk says to that. */
#include "store/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "util/macro.h"

/* A record of more bytes has hardly anything in its last page that it does not need. */
#define LARGE ((uint64_t)16 * 1024)

void store_tail_init(StoreTail *tail, const StoreFolder *folder, uint64_t step)
{
        *tail = (StoreTail){.fd = openat(folder->fd, STORE_FILE_DATA,
                                         O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY),
                            .step = step};
}

void store_tail_done(StoreTail *tail)
{
        closep(&tail->fd);
        tail->fd = -1;
}

/* Pages of the tables may be half empty, and a value that is too large for half a page has whole
 * ones: twice the bytes, and a quarter of that for the pages above. */
uint64_t store_tail_cost(uint64_t record)
{
        return record < LARGE ? record * 2 + record / 2 : record + record / 16 + LARGE;
}

/* While there is plenty it asks for more at once, so that it need not ask often. */
static uint64_t with_step(const StoreTail *tail, uint64_t bytes)
{
        struct statvfs space;

        if (fstatvfs(tail->fd, &space) < 0 ||
            (uint64_t)space.f_bavail * space.f_frsize / 4 < bytes + tail->step)
                return bytes;
        return bytes + tail->step;
}

/* They are ours after a loss of power too. */
static int allocate(const StoreTail *tail, uint64_t end, uint64_t bytes)
{
        int r;

        do {
                r = fallocate(tail->fd, FALLOC_FL_KEEP_SIZE, (off_t)end, (off_t)bytes);
        } while (r < 0 && errno == EINTR);
        return r < 0 || fdatasync(tail->fd) < 0 ? -errno : 0;
}

/* What is not a full disk is a file system that cannot do it, or one that fails: then those say so
 * who have something to write. */
int store_tail_reach(StoreTail *tail, uint64_t end, uint64_t bytes)
{
        int r;

        if (tail->fd < 0 || tail->until >= end + bytes)
                return 0;
        bytes = with_step(tail, bytes);
        r = allocate(tail, end, bytes);
        if (r == -ENOSPC || r == -EDQUOT)
                return -ENOSPC;
        if (r < 0)
                store_tail_done(tail);
        else
                tail->until = end + bytes;
        return 0;
}
