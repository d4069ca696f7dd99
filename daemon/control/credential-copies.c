/* SPDX-License-Identifier: Apache-2.0 */

/* Copies of the files of TLS. */
#include "control/credential-copies.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "transport/tls-token.h"
#include "util/macro.h"

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_."

int credential_copies_folder(char **ret_folder)
{
        const char *runtime = getenv("RUNTIME_DIRECTORY");

        *ret_folder = NULL;
        if (!runtime || runtime[0] != '/')
                return 0;
        /* Of more than one the first is the unit's own. */
        if (asprintf(ret_folder, "%.*s/" CREDENTIAL_COPIES, (int)strcspn(runtime, ":"), runtime) <
            0) {
                *ret_folder = NULL;
                return -ENOMEM;
        }
        return 0;
}

int credential_copy_name(const char *path, char **ret_name)
{
        _cleanup_free_ char *name = malloc(4 * strlen(path) + 1);
        char *to = name;

        if (!name)
                return -ENOMEM;
        for (const char *from = path; *from; from++) {
                if (*from == '/')
                        *to++ = '-';
                else if (strchr(PLAIN, *from) && !(*from == '.' && from == path))
                        *to++ = *from;
                else
                        to += sprintf(to, "\\x%02x", (unsigned char)*from);
        }
        *to = 0;
        if (to - name > NAME_MAX)
                return -ENAMETOOLONG;
        *ret_name = TAKE_PTR(name);
        return 0;
}

static int copy_path(const char *folder, const char *path, char **ret)
{
        _cleanup_free_ char *name = NULL;
        int r;

        if (tls_token_is_uri(path)) {
                *ret = strdup(path);
                return *ret ? 0 : -ENOMEM;
        }
        r = credential_copy_name(path, &name);
        if (r < 0)
                return r;
        if (asprintf(ret, "%s/%s", folder, name) < 0) {
                *ret = NULL;
                return -ENOMEM;
        }
        return 0;
}

int credential_copies_paths(const char *folder, const char *paths, char **ret_paths)
{
        _cleanup_free_ char *rest_of = strdup(paths), *copies = NULL;
        char *rest = rest_of, *path;

        if (!rest)
                return -ENOMEM;
        while ((path = strsep(&rest, "\n"))) {
                _cleanup_free_ char *copy = NULL, *before = TAKE_PTR(copies);
                int r = copy_path(folder, path, &copy);

                if (r < 0)
                        return r;
                if (asprintf(&copies, "%s%s%s", before ? before : "", before ? "\n" : "", copy) <
                    0) {
                        copies = NULL;
                        return -ENOMEM;
                }
        }
        *ret_paths = TAKE_PTR(copies);
        return 0;
}

/* How long the name of a copy at text is; where it ends the words of a message go on. */
static size_t restore_name(char *text, char **to)
{
        const char *from = text;
        unsigned byte;

        while (*from && strchr(PLAIN "-\\", *from)) {
                if (*from == '-') {
                        *(*to)++ = '/';
                        from++;
                } else if (strspn(from + 1, "x") > 0 && isxdigit((unsigned char)from[2]) &&
                           isxdigit((unsigned char)from[3]) && sscanf(from, "\\x%2x", &byte) == 1) {
                        *(*to)++ = (char)byte;
                        from += 4;
                } else {
                        *(*to)++ = *from++;
                }
        }
        return (size_t)(from - text);
}

void credential_copies_restore(const char *folder, char *text)
{
        const size_t n = strlen(folder);
        char *from = text, *to = text, *found;

        while ((found = strstr(from, folder)) && found[n] == '/') {
                memmove(to, from, (size_t)(found - from));
                to += found - from;
                from = found + n + 1;
                from += restore_name(from, &to);
        }
        memmove(to, from, strlen(from) + 1);
}
