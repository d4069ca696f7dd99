/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A password file while it is changed: nobody else changes it meanwhile, and it is written whole or
 * not at all.
 *
 * Thread: any
 */
#pragma once

#include "access/password-file.h"
#include "admin/passwd.h"

typedef struct PasswordEdit {
        const PasswdOrder *order;
        PasswordFile *file;
        int lock;
} PasswordEdit;

/* Waits for others that change it, then reads it, or begins a new one as the order says. EXIT_DONE,
 * or another status, which stderr explains. */
int password_edit_begin(const PasswdOrder *order, PasswordEdit *ret_edit);
void password_edit_done(PasswordEdit *edit);

/* Gives the user this password. EXIT_DONE, or another status, which stderr explains. */
int password_edit_set(PasswordEdit *edit, Bytes user, Bytes hash);

/* Puts it on the disk, says to stdout what has been done, as the format has it, and how that takes
 * hold; what the broker would not take is told to stderr. Signals that would end us wait meanwhile.
 * EXIT_DONE, or another status, which stderr explains. */
int password_edit_commit(const PasswordEdit *edit, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
