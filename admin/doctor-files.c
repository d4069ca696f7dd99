/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl doctor: the files that the settings name. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "admin/doctor.h"
#include "util/macro.h"

#define GROUPS_MAX 64

/* What the settings may name. `is_secret`: it is not for everybody. */
static const struct {
        const char *option;
        bool is_secret;
} named[] = {
        {"acl_file", false},  {"password_file", true}, {"psk_file", true}, {"jwt_key", true},
        {"certfile", false},  {"keyfile", true},       {"cafile", false},  {"capath", false},
        {"ocsp_file", false}, {"crlfile", false},
};

/* Who the broker is. */
typedef struct Reader {
        const char *name;
        uid_t uid;
        gid_t groups[GROUPS_MAX];
        int n_groups;
} Reader;

static bool reader_find(const char *name, Reader *ret_reader)
{
        const struct passwd *user = getpwnam(name);

        if (!user)
                return false;
        *ret_reader = (Reader){.name = name, .uid = user->pw_uid, .n_groups = GROUPS_MAX};
        if (getgrouplist(name, user->pw_gid, ret_reader->groups, &ret_reader->n_groups) < 0)
                ret_reader->n_groups = GROUPS_MAX;
        return true;
}

/* By the mode alone, as most files are. */
static bool may(const Reader *reader, const struct stat *stat, unsigned right)
{
        if (reader->uid == 0)
                return true;
        if (stat->st_uid == reader->uid)
                return stat->st_mode >> 6 & right;
        for (int i = 0; i < reader->n_groups; i++)
                if (reader->groups[i] == stat->st_gid)
                        return stat->st_mode >> 3 & right;
        return stat->st_mode & right;
}

/* The first folder above it that does not let the reader through, or NULL. The caller frees it. */
static char *find_closed_folder(const Reader *reader, const char *path)
{
        _cleanup_free_ char *folder = strdup(path);
        struct stat about;

        for (char *at = folder ? strchr(folder + 1, '/') : NULL; at; at = strchr(at + 1, '/')) {
                *at = 0;
                if (stat(folder, &about) == 0 && !may(reader, &about, 1))
                        return TAKE_PTR(folder);
                *at = '/';
        }
        return NULL;
}

/* systemd reads it as root for the service (import-credentials), if nobody but root and its owner
 * can have put it there. */
static bool is_copied(const char *path, const struct stat *about)
{
        _cleanup_free_ char *folder = strdup(path);
        struct stat above;
        uid_t owner = 0;

        for (char *at = folder ? strchr(folder + 1, '/') : NULL; at; at = strchr(at + 1, '/')) {
                *at = 0;
                if (stat(folder, &above) < 0 || (owner != 0 && owner != above.st_uid))
                        return false;
                owner = above.st_uid;
                *at = '/';
        }
        return folder && (owner == 0 || owner == about->st_uid) && S_ISREG(about->st_mode);
}

static void examine(const Reader *reader, size_t i, const char *path, Findings *findings)
{
        _cleanup_free_ char *closed = NULL;
        struct stat about;

        if (strncmp(path, "pkcs11:", 7) == 0)
                return;
        if (stat(path, &about) < 0) {
                const bool is_hidden = errno == EACCES;

                findings_add(findings, is_hidden ? VERDICT_WARN : VERDICT_FAIL, "files",
                             "%s %s: %s", named[i].option, path, strerror(errno));
                findings_mend(findings,
                              is_hidden ? "sudo hawkerctl doctor" : "hawkerctl config --changed");
                return;
        }
        if (named[i].is_secret && about.st_mode & 07) {
                findings_add(findings, VERDICT_FAIL, "files", "%s %s: everybody may read it",
                             named[i].option, path);
                findings_mend(findings, "chmod o-rwx '%s'", path);
                return;
        }
        closed = find_closed_folder(reader, path);
        if ((closed || !may(reader, &about, S_ISDIR(about.st_mode) ? 5 : 4)) &&
            !is_copied(path, &about)) {
                findings_add(findings, VERDICT_FAIL, "files", "%s %s: %s may not read it%s%s",
                             named[i].option, path, reader->name, closed ? ", because of " : "",
                             closed ? closed : "");
                if (closed)
                        findings_mend(findings, "setfacl -m u:%s:x '%s'", reader->name, closed);
                else
                        findings_mend(findings, "setfacl -m u:%s:r '%s'", reader->name, path);
                return;
        }
        findings_add(findings, VERDICT_OK, "files", "%s %s is readable%s", named[i].option, path,
                     closed || !may(reader, &about, 4) ? ", by root for the service" : "");
}

/* A list has one on a line in hawker.conf, and so a setting each. */
void doctor_examine_files(const Patient *patient, Findings *findings)
{
        const SettingList *settings = patient->settings;
        Reader reader;

        if (!reader_find(patient->user, &reader)) {
                findings_add(findings, VERDICT_FAIL, "user", "there is no user %s", patient->user);
                findings_mend(findings, "systemd-sysusers");
                return;
        }
        for (size_t i = 0; i < ARRAY_SIZE(named); i++)
                for (size_t j = 0; j < settings->n; j++)
                        if (settings->items[j].value &&
                            strcmp(settings->items[j].option, named[i].option) == 0)
                                examine(&reader, i, settings->items[j].value, findings);
}
