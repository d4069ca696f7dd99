/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The password and ACL files that listeners of the settings name, each loaded once, however many
 * listeners name it.
 *
 * Thread: control
 */
#pragma once

#include "access/policy.h"
#include "config/changes.h"
#include "config/settings.h"
#include "util/config-errors.h"

typedef struct AccessFile AccessFile;

/* A zeroed object is a valid empty one. */
typedef struct AccessFiles {
        AccessFile *items;
        size_t n;
} AccessFiles;

void access_files_done(AccessFiles *files);

/*
 * What the files of this listener say; *ret_policy is NULL for one that names none. A file that the
 * service cannot read is read from its copy, if root has made one (credential-copies.h). 0;
 * -EKEYREJECTED with the file and line of each error added to errors, once for all listeners; or
 * -ENOMEM. Warnings are added in either case.
 */
int access_files_policy(AccessFiles *files, const Settings *settings, const ListenerSettings *of,
                        ConfigErrors *errors, AccessPolicy **ret_policy);

/* Appends a row for each of the files that says something else than before, though the settings
 * name the same one, and no row tells of it yet. 0 or -ENOMEM. */
int access_files_compare(const Settings *settings, const ListenerSettings *of,
                         const AccessPolicy *before, const AccessPolicy *after, Changes *changes);
