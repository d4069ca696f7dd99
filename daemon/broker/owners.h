/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Users who own sessions, connected or away: how many each has, with how many subscriptions, and
 * how much waits in them. Whose a session is was proven when its client was let in; the session
 * remembers it over restarts. A user without sessions is not remembered.
 *
 * Thread: any (a lock inside)
 */
#pragma once

#include <stddef.h>

#include "util/bytes.h"
#include "util/macro.h"

typedef struct Owners Owners;
typedef struct Owner Owner;

/* 0 or -ENOMEM. */
int owners_new(Owners **ret_owners);
/* Nobody owns anything any more. Takes NULL. */
Owners *owners_free(Owners *owners);
DEFINE_CLEANUP(Owners, owners_free)

/* One more session of the user, until owner_leave(). 0; REASON_QUOTA_EXCEEDED: there are as many as
 * limit says (-1: any number); or -ENOMEM. */
int owners_enter(Owners *owners, Bytes username, int limit, Owner **ret_owner);
/* One less. Takes NULL; returns NULL. */
Owner *owner_leave(Owner *owner);

/* All its sessions together have so many subscriptions more, or less. Take NULL: nobody's are
 * counted. */
void owner_add_subscriptions(Owner *owner, size_t n);
void owner_remove_subscriptions(Owner *owner, size_t n);
size_t owner_subscriptions(const Owner *owner);

/* The same, bytes of messages that wait. */
void owner_add_queued(Owner *owner, size_t bytes);
void owner_remove_queued(Owner *owner, size_t bytes);
size_t owner_queued(const Owner *owner);

/* The user; nobody's (NULL): empty. */
Bytes owner_name(const Owner *owner);

/* How many sessions the user has. */
size_t owners_sessions(Owners *owners, Bytes username);
/* How many users have any. */
size_t owners_count(Owners *owners);
