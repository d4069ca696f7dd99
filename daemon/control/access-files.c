/* SPDX-License-Identifier: Apache-2.0 */

/* The password and ACL files of listeners. */
#include "control/access-files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "access/pam.h"
#include "config/options.h"
#include "control/credential-copies.h"
#include "control/credential-files.h"
#include "util/macro.h"

typedef enum AccessFileKind {
        FILE_OF_PASSWORDS,
        FILE_OF_RULES,
        FILE_OF_KEYS,
} AccessFileKind;

/* What has been loaded, or not: then all are NULL. */
struct AccessFile {
        char *path;
        Passwords *passwords;
        Acl *acl;
        JwtKeys *tokens;
        AccessFileKind kind;
};

void access_files_done(AccessFiles *files)
{
        for (size_t i = 0; i < files->n; i++) {
                free(files->items[i].path);
                passwords_unref(files->items[i].passwords);
                acl_unref(files->items[i].acl);
                jwt_keys_unref(files->items[i].tokens);
        }
        free(files->items);
        *files = (AccessFiles){};
}

static AccessFile *find(const AccessFiles *files, const char *path, AccessFileKind kind)
{
        for (size_t i = 0; i < files->n; i++)
                if (files->items[i].kind == kind && strcmp(files->items[i].path, path) == 0)
                        return &files->items[i];
        return NULL;
}

static int add(AccessFiles *files, const char *path, AccessFileKind kind, AccessFile **ret_file)
{
        AccessFile *items = reallocarray(files->items, files->n + 1, sizeof(*items));
        char *copy;

        if (!items)
                return -ENOMEM;
        files->items = items;
        copy = strdup(path);
        if (!copy)
                return -ENOMEM;
        items[files->n] = (AccessFile){.path = copy, .kind = kind};
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
        static const char *const options[] = {
                [FILE_OF_PASSWORDS] = "password_file",
                [FILE_OF_RULES] = "acl_file",
                [FILE_OF_KEYS] = "jwt_key",
        };

        return options[file->kind];
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

static int read_from(AccessFile *file, const char *path, const Settings *settings,
                     ConfigErrors *errors)
{
        const AclOptions options = {
                .is_loose = settings->acl_pattern_match == ACL_PATTERN_COMPAT,
        };

        switch (file->kind) {
        case FILE_OF_RULES:
                return acl_load(path, &options, errors, &file->acl);
        case FILE_OF_KEYS:
                return jwt_keys_load(path, errors, &file->tokens);
        default:
                return passwords_load(path, errors, &file->passwords);
        }
}

static int load(AccessFile *file, const AccessContext *context)
{
        _cleanup_(config_errors_done) ConfigErrors own = CONFIG_ERRORS_INIT;
        _cleanup_free_ char *copy = NULL;
        int r, q;

        r = find_copy(file->path, &copy);
        if (r < 0)
                return r;
        r = read_from(file, copy ? copy : file->path, context->settings, &own);
        q = tell(file, &own, context);
        if (r == 0)
                r = q;
        return r == -ENOMEM ? r : 0;
}

/* --- of a listener --- */

/* Borrowed until the next call. */
static int get(AccessFiles *files, const char *path, AccessFileKind kind,
               const AccessContext *context, const AccessFile **ret_file)
{
        static const AccessFile none = {};
        AccessFile *file = path ? find(files, path, kind) : NULL;
        int r = 0;

        if (path && !file) {
                r = add(files, path, kind, &file);
                if (r == 0)
                        r = load(file, context);
        }
        if (r < 0)
                return r;
        if (path && !file->passwords && !file->acl && !file->tokens)
                return -EKEYREJECTED;
        *ret_file = path ? file : &none;
        return 0;
}

static int refuse(const AccessContext *context, const char *option, const char *value,
                  const char *why)
{
        const SettingsOrigin *origin = credential_origin(context->of, option);

        return config_errors_add(context->errors, CONFIG_ERROR, origin->file, origin->line,
                                 "%s %s: %s", option, value, why) < 0
                       ? -ENOMEM
                       : -EKEYREJECTED;
}

static int check_pam(const AccessContext *context, const char *service)
{
        int r = service ? pam_find(service) : 0;

        return r < 0 ? refuse(context, "pam_service", service, strerror(-r)) : 0;
}

_Static_assert(AUTH_SERVICE_CONNECT == 1 << AUTHORITY_CONNECT &&
                       AUTH_SERVICE_PUBLISH == 1 << AUTHORITY_PUBLISH &&
                       AUTH_SERVICE_SUBSCRIBE == 1 << AUTHORITY_SUBSCRIBE &&
                       AUTH_SERVICE_STAY == 1 << AUTHORITY_STAY,
               "the settings speak of the verbs of an authority");

/* Whether anybody is there is of no matter now: it may come later, and go. */
static int make_authority(const AccessContext *context, const char *where,
                          Authority **ret_authority)
{
        const char *prefix = "unix:";
        int r;

        if (!where)
                return 0;
        if (strncmp(where, prefix, strlen(prefix)) != 0)
                return refuse(context, "auth_service", where, "does not begin with unix:");
        r = authority_new(where + strlen(prefix), AUTHORITY_TIMEOUT, ret_authority);
        return r == -ENAMETOOLONG ? refuse(context, "auth_service", where, strerror(-r)) : r;
}

static void note(int *result, int r)
{
        if (*result == 0)
                *result = r;
}

/* All files are tried, to show every problem at once. */
int access_files_policy(AccessFiles *files, const Settings *settings, const ListenerSettings *of,
                        ConfigErrors *errors, AccessPolicy **ret_policy)
{
        const AccessContext context = {settings, of, errors};
        const JwtRules rules = {of->jwt_audience, of->jwt_issuer, of->jwt_username_claim,
                                of->jwt_clientid_claim};
        _cleanup_(authority_unrefp) Authority *authority = NULL;
        AccessParts parts = {.pam_service = of->pam_service};
        const AccessFile *file;
        int result, r;

        result = get(files, of->password_file, FILE_OF_PASSWORDS, &context, &file);
        if (result == 0)
                parts.passwords = file->passwords;
        r = get(files, of->acl_file, FILE_OF_RULES, &context, &file);
        note(&result, r);
        if (r == 0)
                parts.acl = file->acl;
        r = get(files, of->jwt_key, FILE_OF_KEYS, &context, &file);
        note(&result, r);
        if (r == 0 && file->tokens) {
                parts.tokens = file->tokens;
                parts.token_rules = rules;
        }
        note(&result, check_pam(&context, of->pam_service));
        note(&result, make_authority(&context, of->auth_service, &authority));
        if (result < 0)
                return result;
        parts.authority = authority;
        parts.authority_asks = authority ? of->auth_service_asks : 0;
        parts.denies_special = authority && of->auth_plugin_deny_special_chars != 0;
        *ret_policy = NULL;
        return parts.passwords || parts.acl || parts.tokens || parts.pam_service || authority
                       ? access_policy_new(&parts, ret_policy)
                       : 0;
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
        const AccessParts old = access_policy_parts(before), new = access_policy_parts(after);
        const char *listener = settings->per_listener_settings ? of->name : NULL;
        int r = 0;

        if (of->password_file && old.passwords && !passwords_equal(old.passwords, new.passwords))
                r = add_change("password_file", listener, of->password_file, changes);
        /* Other words in the same file mean something else. */
        if (r == 0 && of->acl_file && old.acl && !is_told("acl_pattern_match", NULL, changes) &&
            !acl_equal(old.acl, new.acl))
                r = add_change("acl_file", listener, of->acl_file, changes);
        if (r == 0 && of->jwt_key && old.tokens && !jwt_keys_equal(old.tokens, new.tokens))
                r = add_change("jwt_key", listener, of->jwt_key, changes);
        return r;
}
