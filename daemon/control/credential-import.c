/* SPDX-License-Identifier: Apache-2.0 */

/* Copies the files of TLS and of access control for the service. */
#include "control/credential-import.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "control/account.h"
#include "control/copy-set.h"
#include "control/credential-copies.h"
#include "control/credential-files.h"
#include "control/trusted-open.h"
#include "util/macro.h"

typedef struct Import {
        const char *runtime_folder;
        CopySet set;
        bool is_root; /* and the service is not */
        ConfigErrors *errors;
} Import;

static void import_done(Import *import)
{
        copy_set_done(&import->set);
}

static void closedirp(DIR **folder)
{
        if (*folder)
                closedir(*folder);
}

/* --- opening, as the service would and as only root can --- */

/* Root keeps the groups of the service: they give it nothing that it has not. */
static int take_groups(const Import *import)
{
        char number[3 * sizeof(uid_t) + 1];
        Account account;

        snprintf(number, sizeof(number), "%u", import->set.service);
        if (account_find_user(number, &account) < 0 || account.name[0] == '#')
                return setgroups(1, &import->set.group) < 0 ? -errno : 0;
        return initgroups(account.name, import->set.group) < 0 ? -errno : 0;
}

static int take_identity(uid_t uid, gid_t gid)
{
        /* The right to change the group is root's: the last to go, the first to come. */
        if (geteuid() == 0)
                return setegid(gid) < 0 || seteuid(uid) < 0 ? -errno : 0;
        return seteuid(uid) < 0 || setegid(gid) < 0 ? -errno : 0;
}

static int open_as_service(const Import *import, const char *path, int *ret_fd)
{
        int fd, r;

        r = import->is_root ? take_identity(import->set.service, import->set.group) : 0;
        if (r < 0)
                return r;
        fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        r = fd < 0 ? -errno : 0;
        if (import->is_root && take_identity(0, 0) < 0)
                abort(); /* nobody knows who this process is now */
        if (r == 0)
                *ret_fd = fd;
        return r;
}

static int open_file(const Import *import, const char *path, int *ret_fd)
{
        int r = open_as_service(import, path, ret_fd);

        return r == -EACCES && import->is_root ? trusted_open(path, ret_fd) : r;
}

/* --- copying --- */

static int copy_file(Import *import, const char *folder, const char *name, const char *path)
{
        _cleanup_close_ int fd = -1;
        int r;

        r = open_file(import, path, &fd);
        return r < 0 ? r : copy_set_add(&import->set, folder, name, fd);
}

/* As when it is read: what is no file, or is not there, is none of our business. */
static int copy_entry(Import *import, const char *folder, const char *path, const char *entry)
{
        _cleanup_free_ char *full = NULL;
        int r;

        if (entry[0] == '.')
                return 0;
        if (asprintf(&full, "%s/%s", path, entry) < 0) {
                full = NULL;
                return -ENOMEM;
        }
        r = copy_file(import, folder, entry, full);
        return r == -ENOENT || r == -EINVAL ? 0 : r;
}

static int copy_folder(Import *import, const char *name, const char *path)
{
        _cleanup_(closedirp) DIR *folder = NULL;
        struct dirent *entry;
        int fd = -1, r;

        r = open_file(import, path, &fd);
        if (r < 0)
                return r;
        folder = fdopendir(fd);
        if (!folder) {
                r = -errno;
                close(fd);
                return r;
        }
        r = copy_set_add_folder(&import->set, name);
        while (r == 0 && (entry = readdir(folder)))
                r = copy_entry(import, name, path, entry->d_name);
        return r;
}

static int copy_path(Import *import, const CredentialFile *file, const char *path)
{
        _cleanup_free_ char *name = NULL;
        int r;

        r = credential_copy_name(path, &name);
        if (r < 0)
                return r;
        return file->is_folder ? copy_folder(import, name, path)
                               : copy_file(import, NULL, name, path);
}

static const char *explain(int error)
{
        switch (error) {
        case -EPERM:
                return "its owner is not the one of a folder or link on the way to it, who could "
                       "have put it there";
        case -EINVAL:
                return "it is not a regular file";
        default:
                return strerror(-error);
        }
}

/* All of one option. 0, -ENOMEM or -ENOSPC. */
static int copy_paths(Import *import, const CredentialFile *file, const ListenerSettings *of)
{
        const SettingsOrigin *origin = credential_origin(of, file->option);
        const char *rest = credential_file_paths(file, of);
        char path[PATH_MAX];

        while (credential_path_next(&rest, path)) {
                int r = copy_path(import, file, path);

                if (r == -ENOMEM || r == -ENOSPC)
                        return r;
                if (r < 0)
                        config_errors_add(import->errors, CONFIG_WARNING, origin->file,
                                          origin->line, "%s cannot be copied for the service: %s",
                                          path, explain(r));
        }
        return 0;
}

static int copy_listener(Import *import, const ListenerSettings *of)
{
        int r = 0;

        for (size_t i = 0; listener_settings_has_tls(of) && i < N_CREDENTIAL_FILES && r == 0; i++)
                r = copy_paths(import, &credential_files[i], of);
        for (size_t i = 0; i < N_CREDENTIAL_ACCESS_FILES && r == 0; i++)
                r = copy_paths(import, &credential_access_files[i], of);
        return r;
}

static int copy_all(Import *import, const Settings *settings)
{
        int r = 0;

        for (size_t i = 0; i < settings->n_listeners && r == 0; i++)
                r = copy_listener(import, &settings->listeners[i]);
        return r < 0 ? r : copy_set_commit(&import->set);
}

static int blame(const Import *import, int error)
{
        const char *why =
                error == -EWOULDBLOCK ? "somebody else is copying there" : strerror(-error);

        config_errors_add(import->errors, CONFIG_ERROR, NULL, 0,
                          "The files of TLS cannot be copied to %s: %s", import->runtime_folder,
                          why);
        return error;
}

int credentials_import(const Settings *settings, const char *runtime_folder, ConfigErrors *errors)
{
        _cleanup_(import_done) Import import = {
                .runtime_folder = runtime_folder,
                .set = COPY_SET_INIT,
                .errors = errors,
        };
        int r;

        r = copy_set_begin(&import.set, runtime_folder, CREDENTIAL_COPIES);
        import.is_root = r == 0 && geteuid() == 0 && import.set.service != 0;
        if (r == 0 && import.is_root)
                r = take_groups(&import);
        if (r == 0)
                r = copy_all(&import, settings);
        return r == 0 ? 0 : blame(&import, r);
}
