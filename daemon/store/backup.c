/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backup.c: a copy that nobody has to wait for. The backend writes it to a pipe, from a thread;
 * what comes out goes to the file piece by piece, each of which is on its way to the disk before
 * the next one is written: who flushes something else meanwhile waits for one piece at most.
 *
 * What the backend copies is what the store is when the first bytes come. Until then there must be
 * no checkpoint that is half done.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/backend.h"
#include "store/store.h"
#include "store/thread.h"
#include "util/macro.h"

#define PIECE ((size_t)1024 * 1024)

typedef struct Backup {
        Store *store;
        bool compact;
        int in, out; /* of the pipe */
        int result;
} Backup;

static void *copy_run(void *data)
{
        Backup *backup = data;

        backup->result = backup->store->ops->backup(backup->store, backup->in, backup->compact);
        close(backup->in);
        return NULL;
}

static int write_all(int fd, const uint8_t *bytes, size_t length)
{
        while (length > 0) {
                ssize_t n = write(fd, bytes, length);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                bytes += n;
                length -= (size_t)n;
        }
        return 0;
}

/* What cannot be flushed is no file. */
static int flush(int fd)
{
        return fdatasync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

/* A piece of the pipe's, as much as there is. 0: the end. */
static ssize_t read_piece(int fd, uint8_t *piece)
{
        size_t length = 0;

        while (length < PIECE) {
                ssize_t n = read(fd, piece + length, PIECE - length);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                length += (size_t)n;
        }
        return (ssize_t)length;
}

/* The pipe is emptied in any case: the other end must not be stuck. */
static int move(const Backup *backup, int fd, uint8_t *piece)
{
        off_t at = lseek(fd, 0, SEEK_CUR);
        ssize_t n;
        int r = 0;

        while ((n = read_piece(backup->out, piece)) > 0) {
                if (r < 0)
                        continue;
                r = write_all(fd, piece, (size_t)n);
                if (r == 0 && at >= 0)
                        (void)sync_file_range(fd, at, n,
                                              SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
                at += at >= 0 ? n : 0;
        }
        if (n < 0)
                return (int)n;
        return r == 0 ? flush(fd) : r;
}

static int run(Backup *backup, int fd, uint8_t *piece)
{
        struct pollfd first = {.fd = backup->out, .events = POLLIN};
        pthread_t thread;
        int r;

        pthread_mutex_lock(&backup->store->whole);
        r = thread_start(&thread, "backup", copy_run, backup);
        while (r == 0 && poll(&first, 1, -1) < 0 && errno == EINTR)
                ;
        pthread_mutex_unlock(&backup->store->whole);
        if (r < 0) {
                close(backup->in);
                return r;
        }
        r = move(backup, fd, piece);
        pthread_join(thread, NULL);
        return backup->result < 0 ? backup->result : r;
}

int store_backup(Store *store, int fd, bool compact)
{
        _cleanup_free_ uint8_t *piece = malloc(PIECE);
        Backup backup = {.store = store, .compact = compact};
        int ends[2], r;

        if (!store->ops->backup)
                return -EOPNOTSUPP;
        if (!piece)
                return -ENOMEM;
        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        backup.out = ends[0];
        backup.in = ends[1];
        r = run(&backup, fd, piece);
        close(backup.out);
        return r;
}
