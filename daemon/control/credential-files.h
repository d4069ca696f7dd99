/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which options name the files that TLS and access control of a listener are read from. A file that
 * has no row here is neither read nor copied for the service.
 *
 * Thread: immutable
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "config/settings.h"

typedef struct CredentialFile {
        const char *option;     /* its name in hawker.conf */
        size_t listener_offset; /* of its text in ListenerSettings */
        size_t tls_offset;      /* of the same in TlsSettings */
        bool is_folder;
} CredentialFile;

#define N_CREDENTIAL_FILES        7
#define N_CREDENTIAL_ACCESS_FILES 3

extern const CredentialFile credential_files[N_CREDENTIAL_FILES];

/* Those of access control, which TlsSettings has not. */
extern const CredentialFile credential_access_files[N_CREDENTIAL_ACCESS_FILES];

/* The paths that a listener gives for it, one a line, or NULL. */
const char *credential_file_paths(const CredentialFile *file, const ListenerSettings *of);

/* Takes the first of the paths off the rest; false when there is none left. Begin with the above.
 * What is on a token is no path. */
bool credential_path_next(const char **rest, char path[PATH_MAX]);

/* The line of hawker.conf that gives it, or the one of the listener. */
const SettingsOrigin *credential_origin(const ListenerSettings *of, const char *option);
