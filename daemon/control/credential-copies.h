/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Copies of the files of TLS and access control, for a service that is never root: root makes them
 * in the runtime directory (credential-import.h), all of them new and at once.
 *
 * Thread: any
 */
#pragma once

#define CREDENTIAL_COPIES "tls" /* their folder in the runtime directory */

/* $RUNTIME_DIRECTORY/tls, which need not be there; NULL if no service manager gives the variable.
 * 0 or -ENOMEM. */
int credential_copies_folder(char **ret_folder);

/* What the copy of a file is called: its path as systemd-escape(1) writes it. 0, -ENOMEM, or
 * -ENAMETOOLONG. */
int credential_copy_name(const char *path, char **ret_name);

/* One or more paths, newlines between, to those of their copies; what is on a token stays where it
 * is. Errors as above. */
int credential_copies_paths(const char *folder, const char *paths, char **ret_paths);

/* The reverse, in place, in a text that an admin reads: names the files that were copied. */
void credential_copies_restore(const char *folder, char *text);
