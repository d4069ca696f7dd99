/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The bans that the broker lists, row by row.
 *
 * Thread: any
 */
#pragma once

#include "admin/ban-subject.h"
#include "admin/broker.h"

/* Strings are those of the reply. */
typedef struct BanRow {
        BanSubject of;
        uint64_t until; /* us since 1970; 0: for good */
        const char *reason;
        const char *file; /* of the admin that says so; "": the broker's own list */
} BanRow;

/* EXIT_DONE, and the reply stands before the first row; or another status, which stderr explains.
 */
int ban_list_ask(const Broker *broker, sd_bus_message **ret_reply);

/* 1, 0: there is no more, or -errno. */
int ban_list_next(sd_bus_message *reply, BanRow *ret_row);

/* All over again. 0 or -errno. */
int ban_list_rewind(sd_bus_message *reply);
