/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The text of a password file: a line `user:hash` for each user, with comments between, in the
 * order in which they stand there. Blanks around user and hash do not count; a line that begins
 * with # is a comment.
 *
 * Thread: any (one owner)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/bytes.h"
#include "util/macro.h"

/* Of a name, as MQTT can carry it. */
#define PASSWORD_FILE_USER_MAX 65535U

typedef struct PasswordFileLine {
        Bytes user; /* without data: a comment, an empty line, or one without a colon */
        Bytes hash;
        Bytes text; /* all of it, without newline */
} PasswordFileLine;

typedef struct PasswordFile PasswordFile;

/* 0, -ENOMEM, -EBADMSG if there is a zero byte in it, -EFBIG, or -errno. */
int password_file_read(const char *path, PasswordFile **ret_file);
/* One without lines. */
int password_file_new(PasswordFile **ret_file);
PasswordFile *password_file_free(PasswordFile *file);
DEFINE_CLEANUP(PasswordFile, password_file_free)

/* What was read, as it was read. */
Bytes password_file_text(const PasswordFile *file);

/* Others than owner and group may read it. */
bool password_file_is_open(const PasswordFile *file);

/* The line i, counted from 0; valid until the next change. */
size_t password_file_n_lines(const PasswordFile *file);
PasswordFileLine password_file_line(const PasswordFile *file, size_t i);

/* The first line of the user, or the number of lines if there is none. */
size_t password_file_find(const PasswordFile *file, Bytes user);

/* Whether a line can be of this user: the name has no colon, newline or zero byte, no blank at its
 * ends, does not begin with #, is not empty and not longer than PASSWORD_FILE_USER_MAX. */
bool password_file_can_hold(Bytes user);

/* Replaces the user's line, or adds one at the end. 0, -EINVAL for a name that it cannot hold, or
 * -ENOMEM. */
int password_file_set(PasswordFile *file, Bytes user, Bytes hash);

/* Takes all lines of the user out; false if there is none. */
bool password_file_remove(PasswordFile *file, Bytes user);

/*
 * Puts it in the place of what is there, at once or not at all, and on the disk: a new file of mode
 * 0600, or with the mode (without others) and owner of the old one. Where path is a symbolic link
 * the file it leads to is replaced. 0; -EPERM if it cannot be given to the old one's owner; -errno.
 */
int password_file_write(const PasswordFile *file, const char *path);

/*
 * Keeps out whoever else takes this lock before reading, changing and writing a file of the same
 * folder, until *ret_lock is closed. 0, -EWOULDBLOCK if another has it and may_wait is false, or
 * -errno.
 */
int password_file_lock(const char *path, bool may_wait, int *ret_lock);
