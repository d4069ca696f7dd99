/* SPDX-License-Identifier: Apache-2.0 */

/* Where the access rules stand that a configuration puts in force. */

#include "admin/acl-source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/hawkerd.h"
#include "util/macro.h"

/* What has been seen of it so far. */
typedef struct Search {
        AclSource source;
        bool is_found;
        bool is_ambiguous;
        bool is_out_of_memory;
} Search;

void acl_source_done(AclSource *source)
{
        free(source->path);
        *source = (AclSource){};
}

/* What follows the word and a blank, or NULL. */
static const char *value_of(const char *line, const char *word)
{
        size_t n = strlen(word);

        return strncmp(line, word, n) == 0 && line[n] == ' ' ? line + n + 1 : NULL;
}

/* path NULL: a listener without. */
static void see_path(Search *search, const char *path)
{
        const char *known = search->source.path;

        if (search->is_found) {
                search->is_ambiguous |= !path != !known || (path && strcmp(path, known) != 0);
                return;
        }
        search->is_found = true;
        search->source.path = path ? strdup(path) : NULL;
        search->is_out_of_memory = path && !search->source.path;
}

static void see_line(Search *search, const char *line)
{
        const char *value = value_of(line, "acl_file");

        if (value || strcmp(line, "# acl_file is not set") == 0)
                see_path(search, value);
        value = value_of(line, "acl_pattern_match");
        if (value)
                search->source.is_loose = strcmp(value, "compat") == 0;
}

static int failed(const char *configuration, const char *why)
{
        fprintf(stderr, "hawkerctl: %s: %s\n", configuration, why);
        return EXIT_FAILED;
}

static int read_lines(const char *configuration, Search *search)
{
        _cleanup_free_ char *line = NULL;
        HawkerdDump dump;
        size_t allocated = 0;
        ssize_t n;
        int r;

        r = hawkerd_dump_begin(configuration, &dump);
        if (r < 0)
                return failed(configuration, strerror(-r));
        while ((n = getline(&line, &allocated, dump.lines)) >= 0) {
                if (n > 0 && line[n - 1] == '\n')
                        line[n - 1] = 0;
                see_line(search, line);
        }
        if (hawkerd_dump_end(&dump) != 0)
                return failed(configuration, "hawkerd does not take it");
        return EXIT_DONE;
}

int acl_source_ask(const char *configuration, AclSource *ret_source)
{
        Search search = {};
        int status = read_lines(configuration, &search);

        if (status == EXIT_DONE && search.is_ambiguous)
                status = failed(configuration, "its listeners have different rules: name the file "
                                               "with --acl");
        if (status == EXIT_DONE && search.is_out_of_memory)
                status = failed(configuration, strerror(ENOMEM));
        if (status == EXIT_DONE)
                *ret_source = search.source;
        else
                acl_source_done(&search.source);
        return status;
}
