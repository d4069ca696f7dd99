/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What hawkerctl passwd was asked to do with a password file. Each of the functions does one such
 * thing whole or leaves the file as it was, explains on stderr what went wrong, and returns an exit
 * status.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>

#include "access/password-hash.h"
#include "admin/command.h"
#include "admin/secret.h"

/* Of a password, as MQTT can carry it. */
#define PASSWD_MAX 65535U

/* Strings are those of argv. */
typedef struct PasswdOrder {
        const char *path;
        const char *user;     /* NULL: those of the file, or of standard input */
        const char *instance; /* NULL: the first */
        bool create;
        bool from_stdin;
        PasswordScheme scheme;
} PasswdOrder;

/* Gives the user a password, asked for twice or read from standard input; a new user is added. */
int passwd_set(const PasswdOrder *order);
int passwd_delete(const PasswdOrder *order);

/* Whether it is the user's password: EXIT_DONE if so, EXIT_FAILED if not or there is no such user,
 * EXIT_USAGE if that could not be found out. */
int passwd_verify(const PasswdOrder *order);

/* Sets those of standard input, a line USER:PASSWORD each; all or none. */
int passwd_batch(const PasswdOrder *order);

/* Hashes what stands there in plain text, and names users whose hash is too cheap. */
int passwd_rehash(const PasswdOrder *order);

/* Whether a client can have that name and a password file hold it; else stderr says why not. */
bool passwd_can_name(const char *before, Bytes user);

/* "hawkerctl: FILE: TEXT" to stderr. EXIT_FAILED. */
int passwd_failed(const PasswdOrder *order, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
