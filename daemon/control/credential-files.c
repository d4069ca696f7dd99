/* SPDX-License-Identifier: Apache-2.0 */

/* Which options name the files of TLS. */
#include "control/credential-files.h"

#include <stdio.h>
#include <string.h>

#include "config/options.h"
#include "transport/tls-settings.h"
#include "transport/tls-token.h"

#define ROW(_field, ...)                                                                           \
        {                                                                                          \
                .option = #_field, .listener_offset = offsetof(ListenerSettings, _field),          \
                .tls_offset = offsetof(TlsSettings, _field), __VA_ARGS__                           \
        }

const CredentialFile credential_files[N_CREDENTIAL_FILES] = {
        ROW(certfile), ROW(keyfile),  ROW(cafile),    ROW(capath, .is_folder = true),
        ROW(crlfile),  ROW(psk_file), ROW(ocsp_file),
};

const CredentialFile credential_access_files[N_CREDENTIAL_ACCESS_FILES] = {
        {.option = "password_file", .listener_offset = offsetof(ListenerSettings, password_file)},
        {.option = "jwt_key", .listener_offset = offsetof(ListenerSettings, jwt_key)},
        {.option = "acl_file", .listener_offset = offsetof(ListenerSettings, acl_file)},
};

const char *credential_file_paths(const CredentialFile *file, const ListenerSettings *of)
{
        return *(char *const *)((const char *)of + file->listener_offset);
}

bool credential_path_next(const char **rest, char path[PATH_MAX])
{
        size_t n;

        do {
                if (!*rest)
                        return false;
                n = strcspn(*rest, "\n");
                snprintf(path, PATH_MAX, "%.*s", (int)n, *rest);
                *rest = (*rest)[n] ? *rest + n + 1 : NULL;
        } while (tls_token_is_uri(path));
        return true;
}

const SettingsOrigin *credential_origin(const ListenerSettings *of, const char *option)
{
        const Option *row = option_find(option);
        const SettingsOrigin *origin = row ? &of->origins[option_index(row)] : &of->where;

        return origin->file ? origin : &of->where;
}
