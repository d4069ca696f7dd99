/* SPDX-License-Identifier: Apache-2.0 */

/* The settings that a configuration puts in force. */
#include "admin/setting-list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/hawkerd.h"
#include "util/macro.h"

/* What the lines so far have said. */
typedef struct Reader {
        SettingList *list;
        char *listener;
        char *source; /* of the next option */
} Reader;

void setting_list_done(SettingList *list)
{
        for (size_t i = 0; i < list->n; i++) {
                free(list->items[i].listener);
                free(list->items[i].option);
                free(list->items[i].value);
                free(list->items[i].source);
        }
        free(list->items);
        *list = (SettingList){};
}

static void reader_done(Reader *reader)
{
        free(reader->listener);
        free(reader->source);
}

static int replace(char **text, const char *by)
{
        char *copy = strdup(by);

        if (!copy)
                return -ENOMEM;
        free(*text);
        *text = copy;
        return 0;
}

static int add(const Reader *reader, const char *option, const char *value)
{
        SettingList *list = reader->list;
        Setting *item;

        if (list->n == list->n_allocated) {
                size_t n = list->n_allocated ? 2 * list->n_allocated : 128;
                Setting *items = reallocarray(list->items, n, sizeof(*items));

                if (!items)
                        return -ENOMEM;
                list->items = items;
                list->n_allocated = n;
        }
        item = &list->items[list->n++];
        *item = (Setting){
                .listener = strdup(reader->listener ? reader->listener : ""),
                .option = strdup(option),
                .value = value ? strdup(value) : NULL,
                .source = strdup(value && reader->source ? reader->source : "default"),
        };
        return item->listener && item->option && item->source && (!value || item->value) ? 0
                                                                                         : -ENOMEM;
}

/* "# SOURCE" or "# OPTION is not set". */
static int take_comment(Reader *reader, char *text)
{
        static const char unset[] = " is not set";
        size_t n = strlen(text);

        if (n < sizeof(unset) || strcmp(text + n - (sizeof(unset) - 1), unset) != 0)
                return replace(&reader->source, text);
        text[n - (sizeof(unset) - 1)] = 0;
        return add(reader, text, NULL);
}

static int take_line(Reader *reader, char *line)
{
        char *value;
        int r = 0;

        if (!*line)
                return 0;
        if (strncmp(line, "# ", 2) == 0)
                return take_comment(reader, line + 2);
        value = strchrnul(line, ' ');
        if (*value)
                *value++ = 0;
        if (strcmp(line, "listener") == 0)
                r = replace(&reader->listener, value);
        return r < 0 ? r : add(reader, line, value);
}

static int failed(const char *configuration, const char *why)
{
        fprintf(stderr, "hawkerctl: %s: %s\n", configuration, why);
        return EXIT_FAILED;
}

int setting_list_read(SettingList *list, const char *configuration)
{
        _cleanup_(reader_done) Reader reader = {.list = list};
        _cleanup_free_ char *line = NULL;
        size_t allocated = 0;
        HawkerdDump dump;
        ssize_t n;
        int r;

        r = hawkerd_dump_begin(configuration, &dump);
        if (r < 0)
                return failed(configuration, strerror(-r));
        while (r == 0 && (n = getline(&line, &allocated, dump.lines)) >= 0) {
                if (n > 0 && line[n - 1] == '\n')
                        line[n - 1] = 0;
                r = take_line(&reader, line);
        }
        if (hawkerd_dump_end(&dump) != 0)
                return failed(configuration, "hawkerd does not take it");
        return r < 0 ? failed(configuration, strerror(-r)) : EXIT_DONE;
}

const char *setting_list_value(const SettingList *list, const char *option)
{
        for (size_t i = 0; i < list->n; i++)
                if (list->items[i].value && strcmp(list->items[i].option, option) == 0)
                        return list->items[i].value;
        return NULL;
}
