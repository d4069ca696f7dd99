/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config-doc: at build time, writes what is generated from the table of options
 * Thread: main
 *
 *      config-doc manual TEMPLATE      the template, with its line @OPTIONS@ replaced
 *      config-doc sample               the annotated hawker.conf
 *      config-doc words                the names of the options
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/doc.h"
#include "util/macro.h"

static void fclosep(FILE **file)
{
        if (*file)
                fclose(*file);
}

static int write_manual(const char *path)
{
        _cleanup_(fclosep) FILE *template = fopen(path, "re");
        _cleanup_free_ char *line = NULL;
        size_t size = 0;

        if (!template)
                return -1;
        while (getline(&line, &size, template) >= 0) {
                if (strcmp(line, "@OPTIONS@\n") == 0)
                        doc_write_manual(stdout);
                else
                        fputs(line, stdout);
        }
        return ferror(template) ? -1 : 0;
}

int main(int argc, char **argv)
{
        int r = 0;

        if (argc == 3 && strcmp(argv[1], "manual") == 0) {
                r = write_manual(argv[2]);
        } else if (argc == 2 && strcmp(argv[1], "sample") == 0) {
                doc_write_sample(stdout);
        } else if (argc == 2 && strcmp(argv[1], "words") == 0) {
                doc_write_words(stdout);
        } else {
                fprintf(stderr, "usage: config-doc manual TEMPLATE | sample | words\n");
                return EXIT_FAILURE;
        }
        if (r < 0 || fflush(stdout) != 0) {
                perror("config-doc");
                return EXIT_FAILURE;
        }
        return EXIT_SUCCESS;
}
