/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer: a configuration. What is accepted can be dumped, read back and dumped the same. */

#include <stdio.h>
#include <string.h>

#include "config/dump.h"
#include "config/settings.h"
#include "fuzz.h"

/* Returns the dump of what the text says, NULL if it is refused. */
static char *load_and_dump(const char *text, size_t n)
{
        _cleanup_(config_errors_done) ConfigErrors errors = CONFIG_ERRORS_INIT;
        _cleanup_(settings_unrefp) Settings *settings = NULL;
        const SettingsSource source = {.file = "fuzz.conf"};
        char *dump = NULL;
        FILE *file;

        if (settings_parse(&source, text, n, &settings, &errors) < 0)
                return NULL;
        file = open_memstream(&dump, &n);
        must(file && settings_dump(settings, file) == 0);
        fclose(file);
        return dump;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *first = NULL, *second = NULL, *third = NULL;

        if (memmem(data, size, "include_dir", 11)) /* it must not read this machine's files */
                return 0;
        first = load_and_dump((const char *)data, size);
        if (!first)
                return 0;
        second = load_and_dump(first, strlen(first));
        third = second ? load_and_dump(second, strlen(second)) : NULL;
        must(third && strcmp(second, third) == 0); /* the first has other lines in its comments */
        return 0;
}
