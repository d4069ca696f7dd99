/* SPDX-License-Identifier: Apache-2.0 */

/* The password and ACL files of listeners. */
#include "control/access-files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/options.h"
#include "control/credential-copies.h"
#include "control/credential-files.h"
#include "util/macro.h"

/* What has been loaded, or not: then both are NULL. */
struct AccessFile {
        char *path;
        Passwords *passwords;
        Acl *acl;
        bool is_acl;
};

void access_files_done(AccessFiles *files)
{
        for (size_t i = 0; i < files->n; i++) {
                free(files->items[i].path);
                passwords_unref(files->items[i].passwords);
                acl_unref(files->items[i].acl);
        }
        free(files->items);
        *files = (AccessFiles){};
}

static AccessFile *find(const AccessFiles *files, const char *path, bool is_acl)
{
        for (size_t i = 0; i < files->n; i++)
                if (files->items[i].is_acl == is_acl && strcmp(files->items[i].path, path) == 0)
                        return &files->items[i];
        return NULL;
}

static int add(AccessFiles *files, const char *path, bool is_acl, AccessFile **ret_file)
{
        AccessFile *items = reallocarray(files->items, files->n + 1, sizeof(*items));
        char *copy;

        if (!items)
                return -ENOMEM;
        files->items = items;
        copy = strdup(path);
        if (!copy)
                return -ENOMEM;
        items[files->n] = (AccessFile){.path = copy, .is_acl = is_acl};
        *ret_file = &items[files->n++];
        return 0;
}

/* Where to read it: its copy, or NULL: where it is named. 0 or -ENOMEM. */
static int find_copy(const char *path, char **ret_copy)
{
        _cleanup_free_ char *folder = NULL, *copy = NULL;
        int r;

        *ret_copy = NULL;
        if (eaccess(path, R_OK) == 0 || errno != EACCES)
                return 0;
        r = credential_copies_folder(&folder);
        if (r < 0 || !folder)
                return r;
        r = credential_copies_paths(folder, path, &copy);
        if (r == -ENOMEM)
                return r;
        if (r == 0 && eaccess(copy, R_OK) == 0)
                *ret_copy = TAKE_PTR(copy);
        return 0;
}

/* What goes along. */
typedef struct AccessContext {
        const Settings *settings;
        const ListenerSettings *of;
        ConfigErrors *errors;
} AccessContext;

static const char *option_of(const AccessFile *file)
{
        return file->is_acl ? "acl_file" : "password_file";
}

/* What an admin reads names the file, not its copy; and where that is named, if it is about no line
 * in there. */
static int tell(const AccessFile *file, const ConfigErrors *own, const AccessContext *context)
{
        const SettingsOrigin *origin = credential_origin(context->of, option_of(file));
        int r = 0;

        for (size_t i = 0; i < own->n_items && r == 0; i++) {
                const ConfigError *item = &own->items[i];

                if (item->line > 0)
                        r = config_errors_add(context->errors, item->severity, file->path,
                                              item->line, "%s", item->text);
                else
                        r = config_errors_add(context->errors, item->severity, origin->file,
                                              origin->line, "%s %s: %s", option_of(file),
                                              file->path, item->text);
        }
        return r;
}

static int load(AccessFile *file, const AccessContext *context)
{
        const AclOptions options = {
                .is_loose = context->settings->acl_pattern_match == ACL_PATTERN_COMPAT,
        };
        _cleanup_(config_errors_done) ConfigErrors own = CONFIG_ERRORS_INIT;
        _cleanup_free_ char *copy = NULL;
        const char *from;
        int r, q;

        r = find_copy(file->path, &copy);
        if (r < 0)
                return r;
        from = copy ? copy : file->path;
        r = file->is_acl ? acl_load(from, &options, &own, &file->acl)
                         : passwords_load(from, &own, &file->passwords);
        q = tell(file, &own, context);
        if (r == 0)
                r = q;
        return r == -ENOMEM ? r : 0;
}

/* --- of a listener --- */

/* Borrowed until the next call. */
static int get(AccessFiles *files, const char *path, bool is_acl, const AccessContext *context,
               const AccessFile **ret_file)
{
        static const AccessFile none = {};
        AccessFile *file = path ? find(files, path, is_acl) : NULL;
        int r = 0;

        if (path && !file) {
                r = add(files, path, is_acl, &file);
                if (r == 0)
                        r = load(file, context);
        }
        if (r < 0)
                return r;
        if (path && !file->passwords && !file->acl)
                return -EKEYREJECTED;
        *ret_file = path ? file : &none;
        return 0;
}

/* Both files are tried, to show every problem at once. */
int access_files_policy(AccessFiles *files, const Settings *settings, const ListenerSettings *of,
                        ConfigErrors *errors, AccessPolicy **ret_policy)
{
        const AccessContext context = {settings, of, errors};
        _cleanup_(passwords_unrefp) Passwords *passwords = NULL;
        _cleanup_(acl_unrefp) Acl *acl = NULL;
        const AccessFile *file;
        int r, q;

        r = get(files, of->password_file, false, &context, &file);
        if (r == 0)
                passwords = passwords_ref(file->passwords);
        q = get(files, of->acl_file, true, &context, &file);
        if (q == 0)
                acl = acl_ref(file->acl);
        if (r < 0 || q < 0)
                return r < 0 ? r : q;
        *ret_policy = NULL;
        return passwords || acl ? access_policy_new(passwords, acl, ret_policy) : 0;
}

/* --- what has changed --- */

/* The settings may tell it already; or another listener, that has the same file. */
static bool is_told(const char *option, const char *listener, const Changes *changes)
{
        for (size_t i = 0; i < changes->n; i++) {
                const Change *change = &changes->items[i];

                if (strcmp(change->option, option) == 0 &&
                    (!listener || !change->listener || strcmp(change->listener, listener) == 0))
                        return true;
        }
        return false;
}

static int add_change(const char *option, const char *listener, const char *path, Changes *changes)
{
        const Option *row = option_find(option);

        if (is_told(row->name, listener, changes))
                return 0;
        return changes_add(changes, &(Change){
                                            .listener = (char *)listener,
                                            .option = row->name,
                                            .before = (char *)path,
                                            .after = (char *)path,
                                            .when = row->change,
                                    });
}

int access_files_compare(const Settings *settings, const ListenerSettings *of,
                         const AccessPolicy *before, const AccessPolicy *after, Changes *changes)
{
        const char *listener = settings->per_listener_settings ? of->name : NULL;
        int r = 0;

        if (of->password_file && access_policy_passwords(before) &&
            !passwords_equal(access_policy_passwords(before), access_policy_passwords(after)))
                r = add_change("password_file", listener, of->password_file, changes);
        /* Other words in the same file mean something else. */
        if (r == 0 && of->acl_file && access_policy_acl(before) &&
            !is_told("acl_pattern_match", NULL, changes) &&
            !acl_equal(access_policy_acl(before), access_policy_acl(after)))
                r = add_change("acl_file", listener, of->acl_file, changes);
        return r;
}
