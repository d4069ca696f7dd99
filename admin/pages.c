/* SPDX-License-Identifier: Apache-2.0 */

/* The rows that a method of the broker lists page by page. */

#include "admin/pages.h"

#include <stdio.h>
#include <string.h>

#include "admin/json.h"
#include "util/macro.h"

static int enter(const Pages *pages, sd_bus_message *page)
{
        return MIN(sd_bus_message_enter_container(page, 'a', pages->row), 0);
}

/* after is read before the page that it may stand in goes. */
static int ask(Pages *pages, const char *after)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *page = NULL;
        int r;

        r = broker_new_call(pages->broker, BROKER_MANAGER, pages->method, &call);
        if (r >= 0)
                r = pages->append(call, pages->wanted);
        if (r >= 0)
                r = sd_bus_message_append(call, "su", after, (uint32_t)0);
        if (r < 0)
                return broker_failed(r);
        sd_bus_error_free(&pages->error);
        r = broker_send(pages->broker, call, 0, &pages->error, &page);
        if (r < 0)
                return broker_explain(pages->broker, &pages->error, r);
        r = enter(pages, page);
        if (r < 0)
                return broker_failed(r);
        sd_bus_message_unref(pages->page);
        pages->page = TAKE_PTR(page);
        return EXIT_DONE;
}

int pages_begin(Pages *pages)
{
        return ask(pages, "");
}

void pages_done(Pages *pages)
{
        pages->page = sd_bus_message_unref(pages->page);
        sd_bus_error_free(&pages->error);
}

int pages_turn(Pages *pages, int r)
{
        const char *next;

        if (r >= 0)
                r = sd_bus_message_exit_container(pages->page);
        if (r >= 0)
                r = sd_bus_message_read(pages->page, "s", &next);
        if (r < 0)
                return broker_failed(r);
        return next[0] ? ask(pages, next) : -1;
}

bool pages_failed_with(const Pages *pages, const char *error)
{
        return sd_bus_error_has_name(&pages->error, error);
}

int pages_print_table(Pages *pages, Table empty, PagesRow row, const char *none)
{
        _cleanup_(table_done) Table table = empty;
        int r, status;

        do {
                while ((r = row(pages, &table)) > 0)
                        ;
                table_print(&table);
                status = pages_turn(pages, r);
        } while (status == EXIT_DONE);
        if (status > EXIT_DONE)
                return status;
        if (!table.has_head)
                puts(none);
        return EXIT_DONE;
}

/* --- for programs --- */

/* 1, 0: there is none; or -errno. */
static int print_row(const Pages *pages, const char *before, const char *const *names)
{
        char contents[64];
        int r;

        snprintf(contents, sizeof(contents), "%.*s", (int)strlen(pages->row) - 2, pages->row + 1);
        r = sd_bus_message_enter_container(pages->page, SD_BUS_TYPE_STRUCT, contents);
        if (r <= 0)
                return r;
        fputs(before, stdout);
        for (size_t i = 0; r >= 0 && contents[i]; i++) {
                printf("%s\"%s\":", i > 0 ? "," : "{", names[i]);
                r = json_write_value(stdout, pages->page);
        }
        fputc('}', stdout);
        if (r >= 0)
                r = sd_bus_message_exit_container(pages->page);
        return r < 0 ? r : 1;
}

int pages_print_json(Pages *pages, const char *const *names)
{
        const char *before = "[";
        int r, status;

        do {
                while ((r = print_row(pages, before, names)) > 0)
                        before = ",\n";
                status = pages_turn(pages, r);
        } while (status == EXIT_DONE);
        if (status > EXIT_DONE)
                return status;
        puts(before[0] == '[' ? "[]" : "]");
        return EXIT_DONE;
}
