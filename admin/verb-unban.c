/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl unban: a ban is taken back. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "admin/ban-list.h"
#include "admin/broker.h"
#include "admin/name.h"
#include "util/edit-distance.h"
#include "util/macro.h"
#include "util/prefix.h"

/* That many guesses are shown. */
#define NEAR_MAX 5U

/* --- what may have been meant --- */

static bool is_near_address(const char *a, const char *b)
{
        Prefix one, other;

        return prefix_parse(a, &one) == 0 && prefix_parse(b, &other) == 0 &&
               (prefix_contains(&one, &other) || prefix_contains(&other, &one));
}

static bool is_near(const BanSubject *wanted, const BanSubject *banned)
{
        const size_t n = strnlen(wanted->name, EDIT_DISTANCE_MAX);

        if (strcmp(wanted->name, banned->name) == 0) /* of another kind */
                return true;
        if (strcmp(wanted->kind, banned->kind) != 0)
                return false;
        return is_near_address(wanted->name, banned->name) ||
               strcasecmp(wanted->name, banned->name) == 0 ||
               edit_distance(wanted->name, banned->name) < n / 3 + 1;
}

static void print_guess(const BanRow *row, unsigned n)
{
        if (n == 0)
                fputs("Did you mean:\n", stderr);
        fprintf(stderr, "  hawkerctl unban %s ", row->of.kind);
        name_print_word(stderr, row->of.name);
        fputc('\n', stderr);
}

static void print_near(const Broker *broker, const BanSubject *wanted)
{
        _cleanup_(pages_done) Pages pages = {};
        unsigned n = 0;
        BanRow row;
        int r;

        if (ban_list_begin(broker, &pages) != EXIT_DONE)
                return;
        do {
                while ((r = ban_list_next(&pages, &row)) > 0 && n < NEAR_MAX)
                        if (is_near(wanted, &row.of))
                                print_guess(&row, n++);
        } while (n < NEAR_MAX && pages_turn(&pages, r) == EXIT_DONE);
        if (n == 0)
                fputs("'hawkerctl bans' lists who is banned.\n", stderr);
}

static int print_answer(const BanSubject *subject, sd_bus_message *reply)
{
        int kept, r = sd_bus_message_read(reply, "b", &kept);

        if (r < 0)
                return broker_failed(r);
        printf("%s %s is no longer banned.\n", subject->kind, subject->name);
        if (!kept)
                fputs("hawkerctl: a restart of the broker brings this ban back: its list cannot be "
                      "written.\nIts journal says why.\n",
                      stderr);
        return EXIT_DONE;
}

static int ask(const Broker *broker, const BanSubject *subject)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r, status;

        r = broker_new_call(broker, BROKER_MANAGER, "Unban", &call);
        if (r >= 0)
                r = sd_bus_message_append(call, "ss", subject->kind, subject->name);
        if (r < 0)
                return broker_failed(r);
        r = broker_send(broker, call, 0, &error, &reply);
        if (r >= 0)
                return print_answer(subject, reply);
        status = broker_explain(broker, &error, r);
        if (sd_bus_error_has_name(&error, "org.hawker.Error.NoSuchBan"))
                print_near(broker, subject);
        return status;
}

int verb_unban(const Command *command)
{
        _cleanup_(broker_done) Broker broker = {};
        BanSubject subject = {};
        const char *fault;
        int status;

        fault = ban_subject_parse((int)command->n_words, command->words, &subject);
        if (fault)
                return command_usage(command, "%s", fault);
        status = broker_init(&broker, command);
        return status == EXIT_DONE ? ask(&broker, &subject) : status;
}
