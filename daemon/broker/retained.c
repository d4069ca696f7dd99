/* SPDX-License-Identifier: Apache-2.0 */
/* The retained messages: a tree of topic levels behind one lock, and walks over it in slices. */

#include "broker/retained.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "broker/topic-tree.h"

/* Nodes that one slice of work looks at: some ten microseconds under the lock. */
#define SLICE 256U
/* Nodes that retained_expire() looks at for each message it may take out. */
#define EXPIRE_NODES 16U

typedef struct RetainedNode {
        TopicLinkedNode linked; /* its references: one for the message */
        Message *message;
} RetainedNode;

struct Retained {
        pthread_mutex_t lock;
        TopicTree tree;
        TopicNode *sweep;  /* where retained_expire() is, with a reference; NULL: at the start */
        size_t n_expiring; /* messages that will expire */
        atomic_size_t count, bytes;
};

typedef struct CursorLevel {
        Bytes text;
        uint64_t hash;
} CursorLevel;

struct RetainedCursor {
        Retained *retained;
        TopicNode *node; /* the last one that was looked at, with a reference; NULL: not begun */
        size_t depth;    /* of the node: 0 is the root */
        bool is_over;
        bool has_hash;    /* the last level is `#` */
        bool is_wild;     /* any level is a wildcard */
        bool starts_wild; /* the first level is one: topics that start with `$` are left out */
        size_t n_levels;
        Bytes filter;
        CursorLevel levels[]; /* and the filter behind */
};

_unused_ static inline void unlockp(pthread_mutex_t **lock)
{
        pthread_mutex_unlock(*lock);
}

static inline pthread_mutex_t *retained_lock(Retained *retained)
{
        pthread_mutex_lock(&retained->lock);
        return &retained->lock;
}

static Message **node_message(TopicNode *node)
{
        return &((RetainedNode *)node)->message;
}

static void node_done(TopicNode *node)
{
        message_unref(*node_message(node));
}

int retained_new(Retained **ret_retained)
{
        _cleanup_free_ Retained *retained = calloc(1, sizeof(*retained));
        int r;

        if (!retained)
                return -ENOMEM;
        r = topic_tree_init(&retained->tree, sizeof(RetainedNode), true);
        if (r < 0)
                return r;
        pthread_mutex_init(&retained->lock, NULL); /* never fails without attributes */
        *ret_retained = TAKE_PTR(retained);
        return 0;
}

Retained *retained_free(Retained *retained)
{
        if (!retained)
                return NULL;
        topic_tree_done(&retained->tree, node_done);
        pthread_mutex_destroy(&retained->lock);
        free(retained);
        return NULL;
}

/* Counts the message in or out. */
static void retained_account(Retained *retained, const Message *message, size_t sign)
{
        atomic_fetch_add_explicit(&retained->count, sign, memory_order_relaxed);
        atomic_fetch_add_explicit(&retained->bytes, sign * message_size(message),
                                  memory_order_relaxed);
        if (message->expires != MESSAGE_NEVER_EXPIRES)
                retained->n_expiring += sign;
}

/* Puts the message, whose reference it takes over, on the node; returns the one that was there. */
static Message *retained_swap(Retained *retained, TopicNode *node, Message *message)
{
        Message **place = node_message(node), *old = *place;

        if (message)
                retained_account(retained, message, 1);
        if (old)
                retained_account(retained, old, (size_t)-1);
        if (message && !old)
                topic_node_ref(node);
        node->mark = message != NULL;
        *place = message;
        if (old && !message)
                topic_tree_unref(&retained->tree, node);
        return old;
}

int retained_set(Retained *retained, Message *message)
{
        /* The old message is freed after the lock: it may be large. */
        _cleanup_(message_unrefp) Message *old = NULL;
        _cleanup_(unlockp) _unused_ pthread_mutex_t *lock = retained_lock(retained);
        TopicNode *node;
        int r;

        if (message_payload(message).length == 0) {
                node = topic_tree_find(&retained->tree, message_topic(message));
                if (node)
                        old = retained_swap(retained, node, NULL);
                return 0;
        }
        r = topic_tree_add(&retained->tree, message_topic(message), &node);
        if (r < 0)
                return r;
        old = retained_swap(retained, node, message_ref(message));
        topic_tree_unref(&retained->tree, node);
        return 0;
}

size_t retained_count(const Retained *retained)
{
        return atomic_load_explicit(&retained->count, memory_order_relaxed);
}

size_t retained_bytes(const Retained *retained)
{
        return atomic_load_explicit(&retained->bytes, memory_order_relaxed);
}

static TopicNode *first_child(const TopicNode *node)
{
        TopicLinkedNode *child = ((const TopicLinkedNode *)node)->first_child;

        return child ? &child->topic : NULL;
}

static TopicNode *next_sibling(const TopicNode *node)
{
        TopicLinkedNode *next = ((const TopicLinkedNode *)node)->next;

        return next ? &next->topic : NULL;
}

/* Puts a reference on a node that may be NULL in the place of another. */
static void retained_move(Retained *retained, TopicNode **place, TopicNode *node)
{
        TopicNode *old = *place;

        *place = node ? topic_node_ref(node) : NULL;
        if (old)
                topic_tree_unref(&retained->tree, old);
}

/* The node after this one: children first, then siblings, then those of the nodes above. */
static TopicNode *next_in_order(TopicNode *node)
{
        TopicNode *next = first_child(node);

        while (!next && node->parent) {
                next = next_sibling(node);
                node = node->parent;
        }
        return next;
}

/* One slice of retained_expire(): fills gone. *ret_end: the round is complete. */
static size_t expire_slice(Retained *retained, msec_t now, Message **gone, size_t max,
                           bool *ret_end)
{
        _cleanup_(unlockp) _unused_ pthread_mutex_t *lock = retained_lock(retained);
        size_t n = 0;

        *ret_end = retained->n_expiring == 0;
        for (size_t looked = 0; looked < SLICE && n < max && !*ret_end; looked++) {
                TopicNode *node = retained->sweep ? retained->sweep : retained->tree.root;

                node = next_in_order(node);
                retained_move(retained, &retained->sweep, node);
                if (!node)
                        *ret_end = true;
                else if (*node_message(node) && message_is_expired(*node_message(node), now))
                        gone[n++] = retained_swap(retained, node, NULL);
        }
        return n;
}

size_t retained_expire(Retained *retained, msec_t now, size_t max)
{
        size_t n_gone = 0, n_slices = 1 + max / SLICE * EXPIRE_NODES;
        bool end = false;

        while (n_gone < max && n_slices-- > 0 && !end) {
                Message *gone[SLICE];
                size_t n = expire_slice(retained, now, gone, MIN(max - n_gone, SLICE), &end);

                for (size_t i = 0; i < n; i++)
                        message_unref(gone[i]);
                n_gone += n;
        }
        return n_gone;
}

static bool level_is(const CursorLevel *level, char wildcard)
{
        return level->text.length == 1 && level->text.data[0] == (uint8_t)wildcard;
}

static size_t count_levels(Bytes filter)
{
        TopicLevels levels = topic_levels(filter);
        size_t n = 0;
        Bytes level;

        while (topic_levels_next(&levels, &level))
                n++;
        return n;
}

int retained_cursor_new(Retained *retained, Bytes filter, RetainedCursor **ret_cursor)
{
        size_t n_levels = count_levels(filter);
        RetainedCursor *cursor =
                calloc(1, sizeof(*cursor) + n_levels * sizeof(CursorLevel) + filter.length);
        TopicLevels levels;
        uint8_t *text;
        Bytes level;

        if (!cursor)
                return -ENOMEM;
        text = (uint8_t *)(cursor->levels + n_levels);
        if (filter.length > 0)
                memcpy(text, filter.data, filter.length);
        cursor->retained = retained;
        cursor->filter = (Bytes){text, filter.length};
        cursor->is_over = filter.length == 0;
        levels = topic_levels(cursor->filter);
        while (topic_levels_next(&levels, &level)) {
                CursorLevel *next = &cursor->levels[cursor->n_levels];

                *next = (CursorLevel){level, topic_level_hash(level)};
                cursor->has_hash = level_is(next, '#');
                cursor->is_wild |= cursor->has_hash || level_is(next, '+');
                if (cursor->n_levels++ == 0)
                        cursor->starts_wild = cursor->is_wild;
        }
        *ret_cursor = cursor;
        return 0;
}

RetainedCursor *retained_cursor_free(RetainedCursor *cursor)
{
        if (!cursor)
                return NULL;
        if (cursor->node) {
                _cleanup_(unlockp) _unused_ pthread_mutex_t *lock = retained_lock(cursor->retained);

                retained_move(cursor->retained, &cursor->node, NULL);
        }
        free(cursor);
        return NULL;
}

/* A topic that starts with `$` and a filter that starts with a wildcard [MQTT-4.7.2-1]. */
static bool cursor_excludes(const RetainedCursor *cursor)
{
        Bytes level;

        if (!cursor->starts_wild || cursor->depth != 1)
                return false;
        level = topic_node_level(&cursor->retained->tree, cursor->node);
        return level.length > 0 && level.data[0] == '$';
}

/* Whether all children of a node of this depth are to be looked at. */
static bool cursor_takes_all(const RetainedCursor *cursor, size_t depth)
{
        if (depth + 1 >= cursor->n_levels && cursor->has_hash)
                return true;
        return depth < cursor->n_levels && level_is(&cursor->levels[depth], '+');
}

/* The first child that may lead to a match, or NULL. */
static TopicNode *cursor_descend(const RetainedCursor *cursor)
{
        const CursorLevel *level = &cursor->levels[cursor->depth];

        if (cursor_excludes(cursor))
                return NULL;
        if (cursor_takes_all(cursor, cursor->depth))
                return first_child(cursor->node);
        if (cursor->depth >= cursor->n_levels || !topic_node_has_literals(cursor->node))
                return NULL;
        return topic_tree_child(&cursor->retained->tree, cursor->node, level->text,
                                topic_child_hash(cursor->node->hash, level->hash));
}

/* Goes to the next node that may match or lead to a match. */
static void cursor_step(RetainedCursor *cursor)
{
        TopicNode *next = cursor_descend(cursor), *node = cursor->node;
        size_t depth = cursor->depth + 1;

        while (!next && --depth > 0) {
                if (cursor_takes_all(cursor, depth - 1))
                        next = next_sibling(node);
                node = node->parent;
        }
        cursor->depth = depth;
        cursor->is_over = !next;
        retained_move(cursor->retained, &cursor->node, next);
}

static bool cursor_matches(const RetainedCursor *cursor)
{
        if (cursor_excludes(cursor))
                return false;
        return cursor->depth == cursor->n_levels ||
               (cursor->has_hash && cursor->depth + 1 >= cursor->n_levels);
}

/* A filter without wildcards is a topic: no walk. */
static size_t cursor_find(RetainedCursor *cursor, Message **ret_message)
{
        TopicNode *node = topic_tree_find(&cursor->retained->tree, cursor->filter);

        cursor->is_over = true;
        if (!node || !*node_message(node))
                return 0;
        *ret_message = *node_message(node);
        return 1;
}

/* Keeps those that have not expired, with a reference each. */
static size_t take_references(Message **messages, size_t n, msec_t now)
{
        size_t n_kept = 0;

        for (size_t i = 0; i < n; i++)
                if (!message_is_expired(messages[i], now))
                        messages[n_kept++] = message_ref(messages[i]);
        return n_kept;
}

size_t retained_cursor_next(RetainedCursor *cursor, msec_t now, Message **ret_messages, size_t max,
                            bool *ret_end)
{
        _cleanup_(unlockp) _unused_ pthread_mutex_t *lock = retained_lock(cursor->retained);
        size_t n = 0;

        if (!cursor->is_wild && !cursor->is_over && max > 0)
                n = cursor_find(cursor, ret_messages);
        else if (cursor->is_wild && !cursor->node && !cursor->is_over)
                retained_move(cursor->retained, &cursor->node, cursor->retained->tree.root);

        for (size_t looked = 0; looked < SLICE && n < max && !cursor->is_over; looked++) {
                Message *message;

                cursor_step(cursor);
                if (cursor->is_over || !cursor_matches(cursor))
                        continue;
                message = *node_message(cursor->node);
                if (!message)
                        continue;
                /* Both are far away in memory: message and next node come while others are met. */
                __builtin_prefetch(message, 1);
                __builtin_prefetch(next_sibling(cursor->node));
                ret_messages[n++] = message;
        }
        *ret_end = cursor->is_over;
        return take_references(ret_messages, n, now);
}
