/* SPDX-License-Identifier: Apache-2.0 */

/* The TLS credentials that a listener of the settings names. */
#include "control/credentials.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "config/options.h"
#include "control/credential-copies.h"
#include "control/credential-files.h"
#include "util/macro.h"

#define ATTEMPTS 3U /* to read copies that nobody exchanges meanwhile */

/* --- reading, from where the files are named or from copies --- */

static int map_paths(const char *paths, const char *folder, char **ret)
{
        if (folder)
                return credential_copies_paths(folder, paths, ret);
        *ret = strdup(paths);
        return *ret ? 0 : -ENOMEM;
}

/* folder: of the copies; NULL: as they are named. settings has all but the files. */
static int read_from(const ListenerSettings *of, const char *folder, TlsSettings *settings,
                     const TlsTicketKey *key, TlsNotes *notes, TlsCredentials **ret)
{
        char *paths[N_CREDENTIAL_FILES] = {};
        int r = 0;

        for (size_t i = 0; i < N_CREDENTIAL_FILES && r == 0; i++) {
                const CredentialFile *file = &credential_files[i];
                const char *named = credential_file_paths(file, of);

                if (!named)
                        continue;
                r = map_paths(named, folder, &paths[i]);
                *(const char **)((char *)settings + file->tls_offset) = paths[i];
        }
        if (r == 0)
                r = tls_credentials_new(settings, key, notes, ret);
        for (size_t i = 0; i < N_CREDENTIAL_FILES; i++)
                free(paths[i]);
        return r;
}

static TlsSettings settings_of(const ListenerSettings *of)
{
        return (TlsSettings){
                .psk_hint = of->psk_hint,
                .ciphers = of->ciphers,
                .ciphers_13 = of->ciphers_tls1_3,
                .keylog = of->tls_keylog,
                .minimum_version = of->tls_version,
                .require_certificate = of->require_certificate,
                .ask_certificate = of->use_identity_as_username || of->use_subject_as_username,
                .is_http = of->protocol != LISTENER_MQTT,
                .ignore_client_dates = of->disable_client_cert_date_checks,
        };
}

/* What an admin reads names the files, not their copies. */
static void add_notes(const ListenerSettings *of, TlsNotes *notes, const char *folder,
                      ConfigErrors *errors)
{
        for (size_t i = 0; i < notes->n; i++) {
                TlsNote *note = &notes->items[i];
                const SettingsOrigin *origin = credential_origin(of, note->option);

                if (folder)
                        credential_copies_restore(folder, note->text);
                config_errors_add(errors, note->is_error ? CONFIG_ERROR : CONFIG_WARNING,
                                  origin->file, origin->line, "%s", note->text);
        }
}

/* --- whether copies are needed, and whether they are there --- */

static bool is_only_roots(const char *path, bool is_folder)
{
        struct dirent *entry;
        int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        DIR *folder = fd >= 0 && is_folder ? fdopendir(fd) : NULL;
        bool found = fd < 0 && errno == EACCES;

        while (folder && !found && (entry = readdir(folder)))
                found = faccessat(fd, entry->d_name, R_OK, AT_EACCESS) < 0 && errno == EACCES;
        if (folder)
                closedir(folder);
        else
                closep(&fd);
        return found;
}

static bool needs_copies(const ListenerSettings *of)
{
        char path[PATH_MAX];
        bool found = false;

        for (size_t i = 0; i < N_CREDENTIAL_FILES; i++) {
                const char *rest = credential_file_paths(&credential_files[i], of);

                while (!found && credential_path_next(&rest, path))
                        found = is_only_roots(path, credential_files[i].is_folder);
        }
        return found;
}

static int check_copy(const char *folder, const char *path)
{
        _cleanup_free_ char *copy = NULL;
        int r = credential_copies_paths(folder, path, &copy);

        return r < 0 ? r : access(copy, F_OK) < 0 ? -errno : 0;
}

/* Whether it is there may be hidden from the service: then root is asked about. */
static int blame_copy(TlsNotes *notes, const char *option, const char *path)
{
        if (access(path, F_OK) < 0 && errno == ENOENT)
                return tls_notes_error(notes, option, "%s cannot be read: %s", path,
                                       strerror(ENOENT));
        return tls_notes_error(
                notes, option,
                "%s has no copy that the service can read: if it is there, root makes "
                "one at the start and at 'systemctl reload', not at a signal",
                path);
}

/* 0; or -EKEYREJECTED with each that is missing told, or -ENOMEM. */
static int check_copies(const ListenerSettings *of, const char *folder, TlsNotes *notes)
{
        char path[PATH_MAX];
        int result = 0;

        for (size_t i = 0; i < N_CREDENTIAL_FILES; i++) {
                const char *rest = credential_file_paths(&credential_files[i], of);

                while (credential_path_next(&rest, path)) {
                        int r = check_copy(folder, path);

                        if (r == -ENOMEM)
                                return r;
                        if (r < 0)
                                result = blame_copy(notes, credential_files[i].option, path);
                }
        }
        return result;
}

/* --- copies that stay the same while they are read --- */

/* As long as it is open no other folder gets its number. */
static int open_folder(const char *folder)
{
        return open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Whether that is still what stands there; two that are not there are the same. */
static bool is_still(const char *folder, int fd)
{
        struct stat before = {}, now = {};

        if (fd >= 0 && fstat(fd, &before) < 0)
                return false;
        if (stat(folder, &now) < 0)
                now = (struct stat){};
        return before.st_ino == now.st_ino && before.st_dev == now.st_dev;
}

static int load_copies(const ListenerSettings *of, const char *folder, const TlsTicketKey *key,
                       TlsNotes *notes, TlsCredentials **ret)
{
        for (unsigned i = 0; i < ATTEMPTS; i++) {
                _cleanup_(tls_credentials_unrefp) TlsCredentials *credentials = NULL;
                TlsSettings settings = settings_of(of);
                _cleanup_close_ int fd = open_folder(folder);
                int r;

                *notes = (TlsNotes){};
                r = check_copies(of, folder, notes);
                if (r == 0)
                        r = read_from(of, folder, &settings, key, notes, &credentials);
                if (!is_still(folder, fd))
                        continue;
                if (r == 0)
                        *ret = TAKE_PTR(credentials);
                return r;
        }
        /* What was wrong with a mixture of two sets is wrong with neither. */
        *notes = (TlsNotes){};
        return tls_notes_error(notes, "certfile", "%s is being changed all the time", folder);
}

int credentials_load(const ListenerSettings *of, const TlsTicketKey *ticket_key,
                     ConfigErrors *errors, TlsCredentials **ret)
{
        _cleanup_free_ char *folder = NULL;
        TlsSettings settings = settings_of(of);
        TlsNotes notes = {};
        int r;

        *ret = NULL;
        if (!listener_settings_has_tls(of))
                return 0;
        r = credential_copies_folder(&folder);
        if (r == 0 && folder && needs_copies(of))
                r = load_copies(of, folder, ticket_key, &notes, ret);
        else if (r == 0)
                r = read_from(of, NULL, &settings, ticket_key, &notes, ret);
        add_notes(of, &notes, folder, errors);
        return r;
}
