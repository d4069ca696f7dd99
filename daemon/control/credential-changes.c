/* SPDX-License-Identifier: Apache-2.0 */

/* What has changed in the files of a listener with TLS. */
#include "control/credential-changes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/options.h"

static void write_facts(const TlsFacts *facts, FILE *file)
{
        const time_t end = (time_t)facts->not_after;
        char date[32] = "";
        struct tm parts;

        if (gmtime_r(&end, &parts))
                strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", &parts);
        fprintf(file, "serial %s until %s", facts->serial, date);
}

/* All certificates in one line; NULL without memory. */
static char *describe(const TlsCredentials *credentials)
{
        const TlsFacts *facts;
        char *text = NULL;
        size_t size = 0, n = 0;
        FILE *file = open_memstream(&text, &size);
        bool failed;

        if (!file)
                return NULL;
        facts = tls_credentials_describe(credentials, &n);
        for (size_t i = 0; i < n; i++) {
                fputs(i > 0 ? ", " : "", file);
                write_facts(&facts[i], file);
        }
        failed = ferror(file);
        if (fclose(file) == 0 && !failed)
                return text;
        free(text);
        return NULL;
}

/* The settings say it already if an option of TLS has changed with the files. */
static bool is_told(const char *listener, const Changes *changes)
{
        for (size_t i = 0; i < changes->n; i++) {
                const Change *change = &changes->items[i];
                const Option *option = option_find(change->option);

                if (change->listener && strcmp(change->listener, listener) == 0 &&
                    option >= options_tls && option < options_tls + n_options_tls)
                        return true;
        }
        return false;
}

int credentials_compare(const char *listener, const TlsCredentials *before,
                        const TlsCredentials *after, Changes *changes)
{
        _cleanup_free_ char *was = NULL, *is = NULL;
        Change change = {
                .listener = (char *)listener,
                .option = "certificate",
                .when = OPTION_NEW_CONNECTIONS,
        };

        if (before == after)
                return 0;
        was = describe(before);
        is = describe(after);
        if (!was || !is)
                return -ENOMEM;
        change.before = was;
        change.after = is;
        if (strcmp(was, is) == 0) {
                if (is_told(listener, changes))
                        return 0;
                change.option = "TLS files";
                change.before = change.after = NULL;
        }
        return changes_add(changes, &change);
}
