/* SPDX-License-Identifier: Apache-2.0 */

/* The configuration of a Mosquitto, judged by hawkerd. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/hawkerd.h"
#include "admin/migration.h"

/* Each round leaves a line out, at least; what remains of a bridge may need some. */
#define ROUNDS_MAX 1000U

static int write_draft(const Migration *migration, char *path)
{
        int fd = mkostemp(path, O_CLOEXEC), r = 0;
        FILE *to;

        if (fd < 0)
                return -errno;
        to = fdopen(fd, "w");
        if (!to) {
                r = -errno;
                close(fd);
                return r;
        }
        migration_write(migration, to);
        return fclose(to) == 0 ? 0 : -errno;
}

static int set_fate(MigrationLine *line, Fate fate, const char *why)
{
        char *copy = strdup(why);

        if (!copy)
                return -ENOMEM;
        free(line->why);
        line->why = copy;
        line->fate = fate;
        return 0;
}

/*
 * A listener that cannot be what it was is none: as something else it might let in who it did not.
 * What stands below it goes with it, for it must not become another one's.
 */
static int drop_listener(Migration *migration, size_t at)
{
        size_t i = at;
        int r = 0;

        while (i > 0 && strcmp(migration->lines[i].option, "listener") != 0)
                i--;
        for (; i < migration->n && r == 0; i++) {
                MigrationLine *line = &migration->lines[i];

                if (i > at && strcmp(line->option, "listener") == 0)
                        break;
                if (i != at && *line->option &&
                    (line->fate == FATE_SAME || line->fate == FATE_DIFFERS))
                        r = set_fate(line, FATE_UNSUPPORTED, "its listener is left out");
        }
        return r;
}

/* "Error: PATH:LINE: WHY". Whether it is an error that a line has got rid of; -ENOMEM; -EINVAL: it
 * is one of no line. */
static int take_complaint(Migration *migration, const char *path, const char *text)
{
        const bool is_error = strncmp(text, "Error: ", 7) == 0;
        const char *at = strstr(text, path), *why;
        unsigned long number;
        char *end;

        number = at && at[strlen(path)] == ':' ? strtoul(at + strlen(path) + 1, &end, 10) : 0;
        if (number == 0 || number > migration->n)
                return is_error ? -EINVAL : 0;
        why = *end == ':' ? end + 1 + strspn(end + 1, " ") : end;
        if (set_fate(&migration->lines[number - 1], is_error ? FATE_UNSUPPORTED : FATE_DIFFERS,
                     why) < 0)
                return -ENOMEM;
        if (is_error && strcmp(migration->lines[number - 1].option, "protocol") == 0 &&
            drop_listener(migration, number - 1) < 0)
                return -ENOMEM;
        return is_error;
}

/* How many lines have been left out; -errno. */
static int judge_once(Migration *migration, const char *path, char **ret_complaint)
{
        _cleanup_free_ char *text = NULL, *last = NULL;
        size_t allocated = 0;
        HawkerdDump dump;
        int n = 0, r, status;
        ssize_t length;

        r = hawkerd_complaints_begin(path, &dump);
        if (r < 0)
                return r;
        while ((length = getline(&text, &allocated, dump.lines)) > 0) {
                text[length - 1] = text[length - 1] == '\n' ? 0 : text[length - 1];
                r = take_complaint(migration, path, text);
                if (r < 0 && !*ret_complaint)
                        *ret_complaint = strdup(text);
                n += r > 0;
                free(last);
                last = strdup(text);
        }
        status = hawkerd_dump_end(&dump);
        if (status == 0)
                return 0;
        if (n == 0 && !*ret_complaint)
                *ret_complaint = TAKE_PTR(last); /* as that there is no hawkerd */
        return n > 0 ? n : -EINVAL;
}

int migration_judge(Migration *migration, char **ret_complaint)
{
        int r = 1;

        *ret_complaint = NULL;
        for (unsigned i = 0; r > 0 && i < ROUNDS_MAX; i++) {
                char path[] = "/tmp/hawkerctl-migrate-XXXXXX";

                free(*ret_complaint);
                *ret_complaint = NULL;
                r = write_draft(migration, path);
                if (r == 0)
                        r = judge_once(migration, path, ret_complaint);
                unlink(path);
        }
        return r > 0 ? -EINVAL : r;
}
