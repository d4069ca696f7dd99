/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The bans that rules ask for (server/ban-rule.h): once a second at most all that came meanwhile is
 * put into the broker's list as one, for each time the list is copied and written.
 *
 * Thread: control
 */
#pragma once

#include <systemd/sd-event.h>

#include "control/ban-book.h"
#include "server/server.h"
#include "util/macro.h"

typedef struct BanRules BanRules;

/* All three outlive it. 0 or -errno. */
int ban_rules_new(sd_event *event, Server *server, BanBook *book, BanRules **ret_rules);
BanRules *ban_rules_free(BanRules *rules);
DEFINE_CLEANUP(BanRules, ban_rules_free)

/* How long bans are from now on, s; 0: for good, as at first. */
void ban_rules_set_duration(BanRules *rules, unsigned duration);
