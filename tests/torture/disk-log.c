/* SPDX-License-Identifier: Apache-2.0 */
#include "torture/disk-log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HEAD_SIZE 4096U
#define MAGIC     0x6b73696477616831U

typedef struct Head {
        DiskControl control;
        uint64_t seq;
        pid_t program;
        pthread_mutex_t lock;
} Head;

static Head *head;
static unsigned char *arenas[2];

static int init_lock(void)
{
        pthread_mutexattr_t attributes;
        int r = pthread_mutexattr_init(&attributes);

        if (r != 0)
                return -r;
        pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
        pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
        return -pthread_mutex_init(&head->lock, &attributes);
}

int disk_log_open(const char *path)
{
        const size_t size = HEAD_SIZE + 2 * DISK_ARENA;
        int fd = open(path, O_RDWR | O_CLOEXEC);
        void *map;

        if (fd < 0)
                return -errno;
        if (ftruncate(fd, (off_t)size) < 0) {
                close(fd);
                return -errno;
        }
        map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
        if (map == MAP_FAILED)
                return -errno;
        head = map;
        arenas[0] = (unsigned char *)map + HEAD_SIZE;
        arenas[1] = arenas[0] + DISK_ARENA;
        if (head->control.magic == MAGIC) /* a program that one of ours has started */
                return 0;
        head->control.magic = MAGIC;
        head->program = getpid();
        return init_lock();
}

DiskControl *disk_control(void)
{
        return head ? &head->control : NULL;
}

void disk_log_lock(void)
{
        if (pthread_mutex_lock(&head->lock) == EOWNERDEAD)
                pthread_mutex_consistent(&head->lock);
}

void disk_log_unlock(void)
{
        pthread_mutex_unlock(&head->lock);
}

void disk_moment(void)
{
        DiskControl *control = &head->control;

        __atomic_add_fetch(&control->moments, 1, __ATOMIC_RELAXED);
        if (__atomic_load_n(&control->kill_after, __ATOMIC_RELAXED) > 0 &&
            __atomic_sub_fetch(&control->kill_after, 1, __ATOMIC_RELAXED) == 0) {
                kill(head->program, SIGKILL); /* this may be a child of it */
                raise(SIGKILL);
        }
}

bool disk_flush_fails(void)
{
        DiskControl *control = &head->control;

        __atomic_add_fetch(&control->syncs, 1, __ATOMIC_RELAXED);
        return __atomic_load_n(&control->fail_sync_after, __ATOMIC_RELAXED) > 0 &&
               __atomic_sub_fetch(&control->fail_sync_after, 1, __ATOMIC_RELAXED) == 0;
}

uint64_t disk_log_seq(void)
{
        return head->seq;
}

static DiskRecord *record_at(unsigned arena, uint64_t at)
{
        return (DiskRecord *)(void *)(arenas[arena] + at);
}

/* The records that still matter go to the other arena, which then is the one. */
static void compact(void)
{
        DiskControl *control = &head->control;
        unsigned old = (unsigned)control->active;
        uint64_t used = 0;

        for (uint64_t at = 0; at < control->used[old];) {
                const DiskRecord *record = record_at(old, at);

                at += record->size;
                if (record->kind & DISK_DURABLE)
                        continue;
                memcpy(arenas[!old] + used, record, record->size);
                used += record->size;
        }
        control->used[!old] = used;
        __atomic_store_n(&control->active, !old, __ATOMIC_RELEASE);
}

/* After a flush that failed all is kept: who has been lost lies below who was flushed later. */
static bool has_lost(void)
{
        DiskControl *control = &head->control;

        for (uint64_t at = 0; at < control->used[control->active];) {
                const DiskRecord *record = record_at((unsigned)control->active, at);

                if (record->kind & DISK_LOST)
                        return true;
                at += record->size;
        }
        return false;
}

DiskRecord *disk_log_begin(DiskKind kind, const struct stat *of, uint64_t data_length)
{
        DiskControl *control = &head->control;
        uint64_t size = (sizeof(DiskRecord) + data_length + 7) & ~(uint64_t)7;
        DiskRecord *record;

        if (control->used[control->active] + size > DISK_ARENA && !has_lost())
                compact();
        if (control->used[control->active] + size > DISK_ARENA) {
                control->overflows++;
                return NULL;
        }
        record = record_at((unsigned)control->active, control->used[control->active]);
        *record = (DiskRecord){
                .size = (uint32_t)size,
                .kind = kind,
                .seq = ++head->seq,
                .dev = of->st_dev,
                .ino = of->st_ino,
                .old_size = (uint64_t)of->st_size,
                .data_length = data_length,
        };
        return record;
}

void disk_log_push(const DiskRecord *record)
{
        DiskControl *control = &head->control;

        __atomic_store_n(&control->used[control->active],
                         control->used[control->active] + record->size, __ATOMIC_RELEASE);
}

/* Marks records; forgets all when none matters any more. */
static void mark(const struct stat *of, uint64_t from, uint64_t upto, DiskKind how)
{
        DiskControl *control = &head->control;
        unsigned active = (unsigned)control->active;
        bool matters = false;

        for (uint64_t at = 0; at < control->used[active];) {
                DiskRecord *record = record_at(active, at);
                bool is_of = !of || (record->dev == of->st_dev && record->ino == of->st_ino);

                at += record->size;
                if (is_of && record->seq >= from && record->seq <= upto &&
                    !(record->kind & (DISK_DURABLE | DISK_LOST)))
                        __atomic_store_n(&record->kind, record->kind | how, __ATOMIC_RELEASE);
                matters = matters || !(record->kind & DISK_DURABLE);
        }
        if (!matters)
                __atomic_store_n(&control->used[active], 0, __ATOMIC_RELEASE);
}

void disk_log_flushed(const struct stat *of, uint64_t upto, DiskKind how)
{
        mark(of, 0, upto, how);
}

void disk_log_flushed_one(uint64_t seq, DiskKind how)
{
        mark(NULL, seq, seq, how);
}
