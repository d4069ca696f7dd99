/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl config: the settings in force, and where each comes from. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "admin/hawkerd.h"
#include "admin/json.h"
#include "admin/setting-list.h"
#include "admin/table.h"
#include "util/macro.h"

static const TableColumn columns[] = {
        {"OPTION", false, 0}, {"VALUE", false, 1}, {"LISTENER", false, 3}, {"SOURCE", false, 2}};

static bool is_shown(const Setting *setting, bool only_changed)
{
        return !only_changed || strcmp(setting->source, "default") != 0;
}

static void print_json(const SettingList *list, bool only_changed)
{
        const char *before = "[";

        for (size_t i = 0; i < list->n; i++) {
                const Setting *setting = &list->items[i];

                if (!is_shown(setting, only_changed))
                        continue;
                printf("%s{\"listener\":", before);
                json_write_string(stdout, setting->listener);
                fputs(",\"option\":", stdout);
                json_write_string(stdout, setting->option);
                fputs(",\"value\":", stdout);
                if (setting->value)
                        json_write_string(stdout, setting->value);
                else
                        fputs("null", stdout);
                fputs(",\"source\":", stdout);
                json_write_string(stdout, setting->source);
                fputc('}', stdout);
                before = ",\n";
        }
        puts(before[0] == '[' ? "[]" : "]");
}

static int print_table(const Command *command, const SettingList *list, bool only_changed)
{
        _cleanup_(table_done) Table table = TABLE_FOR(command, columns);

        for (size_t i = 0; i < list->n; i++) {
                const Setting *of = &list->items[i];
                const char *const cells[] = {of->option, of->value ? of->value : "-", of->listener,
                                             of->source};

                if (is_shown(of, only_changed) &&
                    table_add_texts(&table, ARRAY_SIZE(cells), cells) < 0)
                        return -ENOMEM;
        }
        table_print(&table);
        return 0;
}

int verb_config(const Command *command)
{
        _cleanup_free_ char *of_service = hawkerd_configuration(command);
        const char *file = command->argument ? command->argument : of_service;
        const bool only_changed = command_has(command, "changed");
        _cleanup_(setting_list_done) SettingList list = {};
        int status;

        if (!file)
                goto no_memory;
        status = setting_list_read(&list, file);
        if (status != EXIT_DONE)
                return status;
        if (command->json)
                print_json(&list, only_changed);
        else if (print_table(command, &list, only_changed) < 0)
                goto no_memory;
        return EXIT_DONE;
no_memory:
        fprintf(stderr, "hawkerctl: config: %s\n", strerror(ENOMEM));
        return EXIT_FAILED;
}
