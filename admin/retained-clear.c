/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl retained --clear: retained messages are taken out. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "admin/name.h"
#include "admin/retained-list.h"
#include "admin/retained.h"
#include "util/macro.h"

static const char *plural(uint64_t n)
{
        return n == 1 ? "" : "s";
}

static int count(const Broker *broker, const char *filter, uint64_t *ret_n)
{
        _cleanup_(pages_done) Pages pages = {};
        RetainedRow row;
        uint64_t n = 0;
        int r, status;

        status = retained_list_begin(broker, filter, &pages);
        while (status == EXIT_DONE) {
                while ((r = retained_list_next(&pages, &row)) > 0)
                        n++;
                status = pages_turn(&pages, r);
        }
        if (status > EXIT_DONE)
                return status;
        *ret_n = n;
        return EXIT_DONE;
}

/* EXIT_DONE: yes. */
static int ask_whether(const Broker *broker, const char *filter)
{
        char answer[16];
        uint64_t n;
        int status;

        if (!isatty(STDIN_FILENO)) {
                fputs("hawkerctl: retained: there is no terminal to ask at: say --yes\n", stderr);
                return EXIT_USAGE;
        }
        status = count(broker, filter, &n);
        if (status != EXIT_DONE)
                return status;
        printf("Clear %" PRIu64 " retained message%s of ", n, plural(n));
        name_print_word(stdout, filter);
        fputs("? [y/N] ", stdout);
        fflush(stdout);
        if (fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
                return EXIT_DONE;
        puts("Nothing was cleared.");
        return EXIT_FAILED;
}

int retained_clear(const Broker *broker, const char *filter, bool is_sure)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        int r, status = is_sure ? EXIT_DONE : ask_whether(broker, filter);
        uint64_t n;

        if (status != EXIT_DONE)
                return status;
        r = broker_new_call(broker, BROKER_MANAGER, "ClearRetained", &call);
        if (r >= 0)
                r = sd_bus_message_append(call, "s", filter);
        if (r < 0)
                return broker_failed(r);
        status = broker_call(broker, call, UINT64_MAX, &reply);
        if (status != EXIT_DONE)
                return status;
        r = sd_bus_message_read(reply, "t", &n);
        if (r < 0)
                return broker_failed(r);
        printf("%" PRIu64 " retained message%s cleared.\n", n, plural(n));
        return EXIT_DONE;
}
