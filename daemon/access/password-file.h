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

/* Replaces the user's line, or adds one at the end. The name has no colon, newline or zero byte, no
 * blank at its ends, does not begin with #, and is not empty: else -EINVAL. 0 or -ENOMEM. */
int password_file_set(PasswordFile *file, Bytes user, Bytes hash);

/* Takes all lines of the user out; false if there is none. */
bool password_file_remove(PasswordFile *file, Bytes user);

/*
 * Puts it in the place of what is there, at once or not at all, and on the disk: a new file of mode
 * 0600, or with the mode (without others) and owner of the old one. Where path is a symbolic link
 * the file it leads to is replaced. 0 or -errno.
 */
int password_file_write(const PasswordFile *file, const char *path);
