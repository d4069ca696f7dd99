/* SPDX-License-Identifier: Apache-2.0 */
/* Who takes a topic: subscriptions of all sessions, changed and matched under one lock. */

#include "broker/router.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "broker/big-lock.h"
#include "broker/route-match.h"
#include "broker/router-node.h"
#include "broker/share.h"
#include "broker/topic-match.h"
#include "util/hashmap.h"
#include "util/siphash.h"

struct Router {
        BigLock lock;
        TopicTree tree;
        Hashmap groups; /* by node and name */
        RouteVersions versions;
        atomic_size_t count, count_shared;
};

/* A share group is looked up by its node and its name. */
typedef struct GroupKey {
        const RouterNode *node;
        Bytes name;
} GroupKey;

static bool group_equal(const void *entry, Bytes key)
{
        const GroupKey *group_key = (const GroupKey *)key.data;
        const ShareGroup *group = entry;

        return group->node == group_key->node &&
               bytes_equal(share_group_name(group), group_key->name);
}

static uint64_t group_hash(const GroupKey *key)
{
        return hash_bytes(key->name.data, key->name.length) ^
               ((uint64_t)(uintptr_t)key->node * 0x9e3779b97f4a7c15U);
}

static ShareGroup *router_find_group(const Router *router, const GroupKey *key)
{
        return hashmap_find(&router->groups, group_hash(key),
                            (Bytes){(const uint8_t *)key, sizeof(*key)});
}

int router_new(unsigned n_workers, Router **ret_router)
{
        _cleanup_(router_freep) Router *router = NULL;

        assert(n_workers >= 1 && n_workers <= ROUTER_WORKERS_MAX);

        router = calloc(1, sizeof(*router));
        if (!router)
                return -ENOMEM;
        hashmap_init(&router->groups, group_equal);
        if (big_lock_init(&router->lock, n_workers) < 0 ||
            topic_tree_init(&router->tree, sizeof(RouterNode), false) < 0)
                return -ENOMEM;
        *ret_router = TAKE_PTR(router);
        return 0;
}

Router *router_free(Router *router)
{
        if (!router)
                return NULL;
        topic_tree_done(&router->tree, router_node_done);
        hashmap_done(&router->groups);
        big_lock_done(&router->lock);
        free(router);
        return NULL;
}

static int router_add_group(Router *router, const GroupKey *key, RouterNode *node,
                            ShareGroup **ret_group)
{
        _cleanup_(share_group_unrefp) ShareGroup *group = NULL;
        int r;

        r = share_group_new(&router->lock, key->name, &group);
        if (r < 0)
                return r;
        group->hash = group_hash(key);
        r = hashmap_add(&router->groups, group->hash, group);
        if (r < 0)
                return r;
        r = router_node_link_group(node, group);
        if (r < 0) {
                hashmap_remove_entry(&router->groups, group->hash, group);
                return r;
        }
        *ret_group = TAKE_PTR(group);
        return 0;
}

static void router_drop_group(Router *router, RouterNode *node, ShareGroup *group)
{
        hashmap_remove_entry(&router->groups, group->hash, group);
        router_node_unlink_group(node, group);
        group->node = NULL;
        share_group_unref(group);
}

/* *ret_changed: cached routes are stale. Who is in a group is no part of them. */
static int router_add_shared(Router *router, RouterNode *node, Bytes name, const Taker *taker,
                             bool *ret_changed)
{
        GroupKey key = {node, name};
        ShareGroup *group = router_find_group(router, &key);
        int r;

        if (!group) {
                r = router_add_group(router, &key, node, &group);
                if (r < 0)
                        return r;
        }
        r = share_group_add(group, taker);
        if (share_group_is_empty(group))
                router_drop_group(router, node, group);
        if (r < 0)
                return r;
        *ret_changed = group->members.n_takers == 1;
        if (r > 0) {
                atomic_fetch_add_explicit(&router->count, 1, memory_order_relaxed);
                atomic_fetch_add_explicit(&router->count_shared, 1, memory_order_relaxed);
        }
        return 0;
}

static int router_add_own(Router *router, RouterNode *node, const Taker *taker, bool *ret_changed)
{
        bool same = false;
        int r = router_node_add(node, taker, &same);

        if (r < 0)
                return r;
        if (r > 0)
                atomic_fetch_add_explicit(&router->count, 1, memory_order_relaxed);
        *ret_changed = !same;
        return 0;
}

int router_subscribe(Router *router, SessionId session, const TopicFilter *filter,
                     SubscriptionOptions options, uint32_t identifier)
{
        Taker taker = {.session = session,
                       .identifier = identifier,
                       .options = options & SUBSCRIPTION_OPTIONS_MASK};
        bool changed = false;
        TopicNode *topic;
        int r;

        assert(session_id_worker(session) < router->lock.n_cells);

        _cleanup_(big_lock_writer_done) _unused_ BigLockWriter guard =
                big_lock_writer(&router->lock);

        r = topic_tree_add(&router->tree, filter->filter, &topic);
        if (r < 0)
                return r;
        if (filter->group.length > 0)
                r = router_add_shared(router, (RouterNode *)topic, filter->group, &taker, &changed);
        else
                r = router_add_own(router, (RouterNode *)topic, &taker, &changed);
        if (changed)
                route_versions_bump(&router->versions, filter->filter);
        topic_tree_unref(&router->tree, topic);
        return r;
}

/* Returns whether cached routes are stale. */
static bool router_remove_shared(Router *router, RouterNode *node, Bytes name, SessionId session)
{
        GroupKey key = {node, name};
        ShareGroup *group = router_find_group(router, &key);

        if (!group || !share_group_remove(group, session))
                return false;
        atomic_fetch_sub_explicit(&router->count, 1, memory_order_relaxed);
        atomic_fetch_sub_explicit(&router->count_shared, 1, memory_order_relaxed);
        if (!share_group_is_empty(group))
                return false;
        router_drop_group(router, node, group);
        return true;
}

static bool router_remove_own(Router *router, RouterNode *node, SessionId session)
{
        if (!router_node_remove(node, session))
                return false;
        atomic_fetch_sub_explicit(&router->count, 1, memory_order_relaxed);
        return true;
}

void router_unsubscribe(Router *router, SessionId session, const TopicFilter *filter)
{
        _cleanup_(big_lock_writer_done) _unused_ BigLockWriter guard =
                big_lock_writer(&router->lock);
        TopicNode *topic = topic_tree_find(&router->tree, filter->filter);
        bool changed;

        if (!topic)
                return;
        topic_node_ref(topic);
        changed =
                filter->group.length > 0
                        ? router_remove_shared(router, (RouterNode *)topic, filter->group, session)
                        : router_remove_own(router, (RouterNode *)topic, session);
        if (changed)
                route_versions_bump(&router->versions, filter->filter);
        topic_tree_unref(&router->tree, topic);
}

void router_set_connected(Router *router, SessionId session, const TopicFilter *filter,
                          bool connected)
{
        _cleanup_(big_lock_writer_done) _unused_ BigLockWriter guard =
                big_lock_writer(&router->lock);
        GroupKey key = {(RouterNode *)topic_tree_find(&router->tree, filter->filter),
                        filter->group};
        ShareGroup *group = key.node ? router_find_group(router, &key) : NULL;

        if (group)
                share_group_set_connected(group, session, connected);
}

/* --- groups without members --- */

int router_group_text(Router *router, const ShareGroup *group, Buffer *text)
{
        _cleanup_(big_lock_writer_done) _unused_ BigLockWriter guard =
                big_lock_writer(&router->lock);
        Bytes name = share_group_name(group);

        if (!group->lock || !group->node)
                return 0;
        if (buffer_append(text, "$share/", strlen("$share/")) < 0 ||
            buffer_append(text, name.data, name.length) < 0 || buffer_append(text, "/", 1) < 0)
                return -ENOMEM;
        return topic_tree_path(&router->tree, group->node, text);
}

int router_hold_group(Router *router, const TopicFilter *filter, ShareGroup **ret_group)
{
        _cleanup_(big_lock_writer_done) _unused_ BigLockWriter guard =
                big_lock_writer(&router->lock);
        ShareGroup *group;
        TopicNode *topic;
        int r;

        r = topic_tree_add(&router->tree, filter->filter, &topic);
        if (r < 0)
                return r;
        GroupKey key = {(RouterNode *)topic, filter->group};

        group = router_find_group(router, &key);
        if (!group)
                r = router_add_group(router, &key, (RouterNode *)topic, &group);
        if (r == 0)
                *ret_group = share_group_ref(group);
        topic_tree_unref(&router->tree, topic);
        return r;
}

void router_release_group(Router *router, ShareGroup *group)
{
        _cleanup_(share_group_unrefp) _unused_ ShareGroup *reference = group;
        _cleanup_(big_lock_writer_done) _unused_ BigLockWriter guard =
                big_lock_writer(&router->lock);
        TopicNode *topic = group->node;

        if (!topic || !share_group_is_empty(group))
                return;
        topic_node_ref(topic);
        router_drop_group(router, (RouterNode *)topic, group);
        topic_tree_unref(&router->tree, topic);
}

size_t router_count(const Router *router)
{
        return atomic_load_explicit(&router->count, memory_order_relaxed);
}

size_t router_count_shared(const Router *router)
{
        return atomic_load_explicit(&router->count_shared, memory_order_relaxed);
}

const RouteVersions *router_versions(const Router *router)
{
        return &router->versions;
}

int router_match(Router *router, unsigned worker, Bytes topic, RouteMatch *match)
{
        TopicMatch walk;
        TopicNode *node;
        int r = 0;

        route_match_clear(match);

        _cleanup_(big_lock_reader_done) _unused_ BigLockReader guard =
                big_lock_reader(&router->lock, worker);

        match->stamp = route_versions_stamp(&router->versions, topic);
        topic_match_init(&walk, &router->tree, topic);
        while (r == 0 && (node = topic_match_next(&walk)))
                r = route_match_add_node(match, worker, (const RouterNode *)node);
        return r;
}
