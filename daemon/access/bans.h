/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The bans that hold now: a BanTable that workers ask and the control thread exchanges. Without
 * bans of its kind a question costs one load.
 *
 * Thread: any
 */
#pragma once

#include "access/ban-table.h"

typedef struct Bans Bans;

int bans_new(Bans **ret_bans);
Bans *bans_free(Bans *bans);
DEFINE_CLEANUP(Bans, bans_free)

/* From now on this table holds (referenced; NULL: nobody is banned). */
void bans_set(Bans *bans, BanTable *table);
/* A reference; NULL: there is none. */
BanTable *bans_get(Bans *bans);

bool bans_has_address(Bans *bans, const struct sockaddr *address);
bool bans_has_name(Bans *bans, BanKind kind, Bytes name);
