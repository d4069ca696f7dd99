/* SPDX-License-Identifier: Apache-2.0 */
/* options.c: the parts of the table as one, and finding a row by name */
#include "config/options.h"

#include <string.h>

#include "util/edit-distance.h"
#include "util/macro.h"

typedef struct OptionPart {
        const Option *rows;
        const size_t *n_rows;
} OptionPart;

static const OptionPart parts[] = {
        {options_global, &n_options_global}, {options_limits, &n_options_limits},
        {options_store, &n_options_store},   {options_listener, &n_options_listener},
        {options_tls, &n_options_tls},       {options_later, &n_options_later},
};

const OptionAlias option_aliases[] = {
        {"addresses", "address"},
        {"auth_plugin", "plugin"},
        {"clientid", "remote_clientid"},
        {"maximum_qos", "max_qos"},
        {"password", "remote_password"},
        {"retained_persistence", "persistence"},
        {"username", "remote_username"},
        {"websockets_headers_size", "packet_buffer_size"},
        {},
};

size_t n_options(void)
{
        size_t n = 0;

        for (size_t p = 0; p < ARRAY_SIZE(parts); p++)
                n += *parts[p].n_rows;
        return n;
}

const Option *option_at(size_t i)
{
        for (size_t p = 0; p < ARRAY_SIZE(parts); p++) {
                if (i < *parts[p].n_rows)
                        return &parts[p].rows[i];
                i -= *parts[p].n_rows;
        }
        return NULL;
}

size_t option_index(const Option *option)
{
        size_t before = 0;

        for (size_t p = 0; p < ARRAY_SIZE(parts); p++) {
                if (option >= parts[p].rows && option < parts[p].rows + *parts[p].n_rows)
                        return before + (size_t)(option - parts[p].rows);
                before += *parts[p].n_rows;
        }
        return before;
}

static const char *unalias(const char *name)
{
        if (strncmp(name, "auth_opt_", strlen("auth_opt_")) == 0)
                return "plugin_opt_*";
        for (const OptionAlias *a = option_aliases; a->alias; a++)
                if (strcmp(name, a->alias) == 0)
                        return a->name;
        return name;
}

static bool name_matches(const char *row, const char *name)
{
        size_t n = strlen(row);

        if (row[n - 1] == '*')
                return strncmp(row, name, n - 1) == 0;
        return strcmp(row, name) == 0;
}

const Option *option_find(const char *name)
{
        const Option *option;

        name = unalias(name);
        for (size_t i = 0; (option = option_at(i)); i++)
                if (name_matches(option->name, name))
                        return option;
        return NULL;
}

const char *option_nearest(const char *name)
{
        unsigned best = (unsigned)strnlen(name, EDIT_DISTANCE_MAX) / 3 + 1;
        const char *nearest = NULL;
        const Option *option;

        for (size_t i = 0; (option = option_at(i)); i++) {
                unsigned d = edit_distance(name, option->name);

                if (d < best) {
                        best = d;
                        nearest = option->name;
                }
        }
        return nearest;
}

const char *option_change_to_string(OptionChange change)
{
        static const char *const words[] = {
                [OPTION_LIVE] = "at once",
                [OPTION_NEW_CONNECTIONS] = "for new connections",
                [OPTION_REBIND] = "by opening the socket anew",
                [OPTION_RESTART] = "by a restart",
        };

        return words[change];
}
