/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who takes a topic: all subscriptions of all sessions in one tree of topic levels, and the groups
 * of shared subscriptions. Shared by all workers behind a big-reader lock: a reader takes the mutex
 * of its own worker, a writer takes all. It holds SessionIds, never a pointer to a session.
 *
 * Readers hardly ever come here: each worker has a RouteCache (route-cache.h) that asks the router
 * only when the versions of the topic's first levels (route-versions.h) have changed.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/session-id.h"
#include "broker/share-group.h"
#include "broker/subscription.h"
#include "mqtt/topic.h"
#include "util/buffer.h"
#include "util/bytes.h"
#include "util/macro.h"

typedef struct Router Router;

#define ROUTER_WORKERS_MAX 32U

/* 1 to ROUTER_WORKERS_MAX workers. 0 or -ENOMEM. */
int router_new(unsigned n_workers, Router **ret_router);
/* References to groups may outlive it: to pick from one then finds nobody. */
Router *router_free(Router *router);
DEFINE_CLEANUP(Router, router_free)

/*
 * Adds the subscription, or replaces options and identifier of the session's own one with the same
 * filter (and group) [MQTT-3.8.4-3]. A shared one starts as a connected member of its group, also
 * when it replaces one. 0, -ENOMEM, or -E2BIG for a filter of more levels than
 * MQTT_TOPIC_LEVELS_MAX and a mount point of as many (then nothing has changed).
 */
int router_subscribe(Router *router, SessionId session, const TopicFilter *filter,
                     SubscriptionOptions options, uint32_t identifier);

/* Takes it out; an unknown one is no error. Never fails. */
void router_unsubscribe(Router *router, SessionId session, const TopicFilter *filter);

/* A member of a group came or went: messages go to connected members first. */
void router_set_connected(Router *router, SessionId session, const TopicFilter *filter,
                          bool connected);

/*
 * The subscription to a group, `$share/` and all, appended to text; nothing if the group has no
 * members any more. 0 or -ENOMEM.
 */
int router_group_text(Router *router, const ShareGroup *group, Buffer *text);

/* The group of this filter for who expects its members to come; it is made if it is not there.
 * With a reference. 0, -ENOMEM or -E2BIG as above. */
int router_hold_group(Router *router, const TopicFilter *filter, ShareGroup **ret_group);
/* They have come, or never will: a group without members goes. Drops the reference. */
void router_release_group(Router *router, ShareGroup *group);

/* Relaxed figures for $SYS: all subscriptions, and those that are shared. */
size_t router_count(const Router *router);
size_t router_count_shared(const Router *router);

/* --- for RouteCache --- */

typedef struct RouteMatch RouteMatch;
typedef struct RouteVersions RouteVersions;

/* What to hold the stamp of a route against. */
const RouteVersions *router_versions(const Router *router);

/*
 * Walks through all subscriptions that match the topic, for this worker: match (cleared first) then
 * holds its takers and all groups. 0 or -ENOMEM (then what it holds is not complete).
 */
int router_match(Router *router, unsigned worker, Bytes topic, RouteMatch *match);
