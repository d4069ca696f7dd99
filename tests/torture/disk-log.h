/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a disk has been told and need not have kept: a log of changes to files with what undoes
 * them. It is in a file that outlives the process, so whoever ends that can cut the power too:
 * power.py takes back what no flush has covered. Children of the process write to the same log.
 *
 * The file has a head, which the test may write to at any time, and two arenas, one of them in use.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#define DISK_ARENA ((uint64_t)256 * 1024 * 1024)

typedef enum DiskKind {
        DISK_WRITE = 1, /* `length` bytes from `offset` on; data: the bytes that were there */
        DISK_SIZE,      /* the file had `old_size`, now `offset`; data: what was cut off */
        DISK_CREATE,    /* data: path. dev, ino: the folder, here and below */
        DISK_REMOVE,    /* data: path, another name of the file */
        DISK_RENAME,    /* data: path before, path, another name of what was there (or nothing) */
        DISK_DURABLE = 0x100, /* a flag: a flush has covered it */
        DISK_LOST = 0x200,    /* a flush has failed: no later one covers it */
} DiskKind;

typedef struct DiskRecord {
        uint32_t size; /* with the data, a multiple of 8 */
        uint32_t kind;
        uint64_t seq, dev, ino;
        uint64_t offset, length, old_size;
        uint64_t data_length;
        unsigned char data[];
} DiskRecord;

/* What the test may set, and count: the first words of the file (see power.py). */
typedef struct DiskControl {
        uint64_t magic;
        uint64_t active;
        uint64_t used[2];
        uint64_t overflows;       /* the log was full: what it says is worth nothing */
        uint64_t kill_after;      /* the n-th moment from now is the last; 0: none */
        uint64_t fail_sync_after; /* the n-th flush from now fails; 0: none */
        uint64_t sync_delay;      /* microseconds that a flush takes */
        int64_t clock_offset;     /* seconds that the clock on the wall is ahead */
        uint64_t moments, syncs;
} DiskControl;

/* 0: there is a log; else nothing is logged. */
int disk_log_open(const char *path);
DiskControl *disk_control(void);

void disk_log_lock(void);
void disk_log_unlock(void);

/* A place where the process may be killed; the log is locked or not. */
void disk_moment(void);

/* Under the lock. The last number that was given out. */
uint64_t disk_log_seq(void);
/* A record whose data the caller fills in before disk_log_push(); NULL: the log is full. */
DiskRecord *disk_log_begin(DiskKind kind, const struct stat *of, uint64_t data_length);
void disk_log_push(const DiskRecord *record);
/* What of this file was logged up to here is covered by a flush, or by none ever. */
void disk_log_flushed(const struct stat *of, uint64_t upto, DiskKind how);
/* The same of one record alone. */
void disk_log_flushed_one(uint64_t seq, DiskKind how);

/* A flush begins: whether it is to fail. */
bool disk_flush_fails(void);
