/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A folder of copies in the runtime directory of a service, for root to make: it takes the place of
 * the one before as a whole, or leaves it alone. The service owns the runtime directory and may do
 * there what it likes; it gets nothing by it, for nothing is followed and what is written to is
 * root's own.
 *
 * Thread: control
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define COPY_NAME_MAX 32

/* A zeroed object with fds of -1 is a valid empty one. */
typedef struct CopySet {
        int runtime_fd;
        const char *name; /* that the folder will have; borrowed */
        uid_t service;    /* who the runtime directory belongs to */
        gid_t group;      /* who may read the copies */
        int fd;           /* the new folder */
        char new_name[COPY_NAME_MAX];
        size_t n_files;
} CopySet;

#define COPY_SET_INIT                                                                              \
        {                                                                                          \
                .runtime_fd = -1, .fd = -1                                                         \
        }

/* Makes a new folder beside what has that name now, and clears what an earlier one left behind. 0;
 * -EWOULDBLOCK if another is at it; -errno. */
int copy_set_begin(CopySet *set, const char *runtime_folder, const char *name);

/* Makes a folder in it, for copy_set_add(). 0, also if it is there already, or -errno. */
int copy_set_add_folder(CopySet *set, const char *name);

/*
 * Copies what is left of a regular file, under a name in the set or in a folder of it (NULL: none).
 * A name that is there already is fine. 0, -EINVAL if it is not regular, -EFBIG above 16 MiB, or
 * -errno.
 */
int copy_set_add(CopySet *set, const char *folder, const char *name, int from_fd);

/* The new one is in place, the old one, whatever it was, gone. An empty one takes no place. 0, or
 * -errno: the old one is as it was. */
int copy_set_commit(CopySet *set);

/* Takes away what was not committed. */
void copy_set_done(CopySet *set);
