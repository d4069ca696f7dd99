/* SPDX-License-Identifier: Apache-2.0 */

/* The configuration of a Mosquitto on its way to hawker.conf. */
#include "admin/migration.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INCLUDE "include_dir"

/* What the unit, the journal and the store see to. `begin`: of the value; NULL: any. */
static const struct {
        const char *option, *begin, *why;
} settled[] = {
        {"user", NULL, "the unit has User=hawker"},
        {"pid_file", NULL, "systemd knows which process it is"},
        {"persistence_location", NULL, "it is the state directory of the service"},
        {"persistence_file", NULL, "the store has files of its own: hawkerctl import"},
        {"log_dest", "file ", "the journal has the log: journalctl -u hawker"},
        {INCLUDE, NULL, "its files are here, below"},
};

static const char *const fates[] = {
        [FATE_SAME] = "same",
        [FATE_DIFFERS] = "differs",
        [FATE_LEFT_OUT] = "left out",
        [FATE_UNSUPPORTED] = "unsupported",
};

const char *migration_fate_name(Fate fate)
{
        return fates[fate];
}

static void line_done(MigrationLine *line)
{
        free(line->file);
        free(line->text);
        free(line->option);
        free(line->why);
}

void migration_done(Migration *migration)
{
        for (size_t i = 0; i < migration->n; i++)
                line_done(&migration->lines[i]);
        free(migration->lines);
        *migration = (Migration){};
}

/* --- reading --- */

static int add(Migration *migration, const char *file, unsigned number, const char *text)
{
        MigrationLine line = {.number = number};

        if (migration->n == migration->n_allocated) {
                size_t n = 2 * migration->n_allocated + 64;
                MigrationLine *lines = reallocarray(migration->lines, n, sizeof(*lines));

                if (!lines)
                        return -ENOMEM;
                migration->lines = lines;
                migration->n_allocated = n;
        }
        line.file = strdup(file);
        line.text = strdup(text);
        line.option = strndup(text, *text == '#' ? 0 : strcspn(text, " \t"));
        if (!line.file || !line.text || !line.option) {
                line_done(&line);
                return -ENOMEM;
        }
        migration->lines[migration->n++] = line;
        return 0;
}

static char *trim(char *text)
{
        size_t n;

        text += strspn(text, " \t");
        n = strlen(text);
        while (n > 0 && strchr(" \t\r\n", text[n - 1]))
                text[--n] = 0;
        return text;
}

static const char *value_of(const MigrationLine *line)
{
        const char *value = line->text + strlen(line->option);

        return value + strspn(value, " \t");
}

static int is_configuration(const struct dirent *entry)
{
        size_t n = strlen(entry->d_name);

        return n > 5 && entry->d_name[0] != '.' && strcmp(entry->d_name + n - 5, ".conf") == 0;
}

static int read_file(Migration *migration, const char *path, bool is_included, char **ret_file);

/* The names are sorted as Mosquitto does, by their bytes. */
static int compare_names(const struct dirent **a, const struct dirent **b)
{
        return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_folder(Migration *migration, const char *folder, char **ret_file)
{
        struct dirent **entries;
        int n = scandir(folder, &entries, is_configuration, compare_names), r = 0;

        if (n < 0) {
                r = -errno;
                *ret_file = strdup(folder);
                return r;
        }
        for (int i = 0; i < n; i++) {
                _cleanup_free_ char *path = NULL;

                if (r == 0 && asprintf(&path, "%s/%s", folder, entries[i]->d_name) < 0)
                        r = -ENOMEM;
                if (r == 0)
                        r = read_file(migration, path, true, ret_file);
                free(entries[i]);
        }
        free(entries);
        return r;
}

static int read_lines(Migration *migration, FILE *file, const char *path, bool is_included,
                      char **ret_file)
{
        _cleanup_free_ char *text = NULL;
        size_t allocated = 0;
        unsigned number = 0;
        int r = 0;

        while (r == 0 && getline(&text, &allocated, file) >= 0) {
                r = add(migration, path, ++number, trim(text));
                /* One in an included file does nothing. */
                if (r == 0 && !is_included &&
                    strcmp(migration->lines[migration->n - 1].option, INCLUDE) == 0) {
                        _cleanup_free_ char *folder =
                                strdup(value_of(&migration->lines[migration->n - 1]));

                        r = folder ? read_folder(migration, folder, ret_file) : -ENOMEM;
                }
        }
        return r == 0 && ferror(file) ? -EIO : r;
}

static int read_file(Migration *migration, const char *path, bool is_included, char **ret_file)
{
        FILE *file = fopen(path, "re");
        int r;

        if (!file) {
                r = -errno;
                *ret_file = strdup(path);
                return r;
        }
        r = read_lines(migration, file, path, is_included, ret_file);
        fclose(file);
        return r;
}

int migration_read(Migration *migration, const char *path, char **ret_file)
{
        *ret_file = NULL;
        return read_file(migration, path, false, ret_file);
}

/* --- what becomes of it --- */

int migration_settle(Migration *migration)
{
        for (size_t i = 0; i < migration->n; i++) {
                MigrationLine *line = &migration->lines[i];

                for (size_t j = 0; j < ARRAY_SIZE(settled); j++) {
                        const char *begin = settled[j].begin;

                        if (strcmp(line->option, settled[j].option) != 0 ||
                            (begin && strncmp(value_of(line), begin, strlen(begin)) != 0))
                                continue;
                        line->fate = FATE_LEFT_OUT;
                        line->why = strdup(settled[j].why);
                        if (!line->why)
                                return -ENOMEM;
                }
        }
        return 0;
}

const char *migration_value(const Migration *migration, const char *option)
{
        for (size_t i = migration->n; i-- > 0;)
                if (strcmp(migration->lines[i].option, option) == 0)
                        return value_of(&migration->lines[i]);
        return NULL;
}

void migration_write(const Migration *migration, FILE *to)
{
        for (size_t i = 0; i < migration->n; i++) {
                const MigrationLine *line = &migration->lines[i];

                if (line->fate == FATE_SAME || line->fate == FATE_DIFFERS)
                        fprintf(to, "%s\n", line->text);
                else
                        fprintf(to, "#%s  (%s: %s)\n", line->text, fates[line->fate],
                                line->why ? line->why : "");
        }
}
