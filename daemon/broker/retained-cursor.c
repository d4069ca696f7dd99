/* SPDX-License-Identifier: Apache-2.0 */
/* A walk over the retained messages that match a filter, in slices. */

#include "broker/retained-cursor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/retained-tree.h"
#include "mqtt/topic.h"

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
                _cleanup_(retained_unlockp) _unused_ pthread_mutex_t *lock =
                        retained_lock(cursor->retained);

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
                return retained_first_child(cursor->node);
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
                        next = retained_next_sibling(node);
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
        if (!node || !*retained_node_message(node))
                return 0;
        *ret_message = *retained_node_message(node);
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
        _cleanup_(retained_unlockp) _unused_ pthread_mutex_t *lock =
                retained_lock(cursor->retained);
        size_t n = 0;

        if (!cursor->is_wild && !cursor->is_over && max > 0)
                n = cursor_find(cursor, ret_messages);
        else if (cursor->is_wild && !cursor->node && !cursor->is_over)
                retained_move(cursor->retained, &cursor->node, cursor->retained->tree.root);

        for (size_t looked = 0; looked < RETAINED_SLICE && n < max && !cursor->is_over; looked++) {
                Message *message;

                cursor_step(cursor);
                if (cursor->is_over || !cursor_matches(cursor))
                        continue;
                message = *retained_node_message(cursor->node);
                if (!message)
                        continue;
                /* Both are far away in memory: message and next node come while others are met. */
                __builtin_prefetch(message, 1);
                __builtin_prefetch(retained_next_sibling(cursor->node));
                ret_messages[n++] = message;
        }
        *ret_end = cursor->is_over;
        return take_references(ret_messages, n, now);
}

/* --- to be written down --- */

Bytes retained_cursor_filter(const RetainedCursor *cursor)
{
        return cursor->filter;
}

int retained_cursor_place(const RetainedCursor *cursor, Buffer *path)
{
        int r;

        if (!cursor->node || !cursor->node->parent)
                return 0;
        r = topic_tree_path(&cursor->retained->tree, cursor->node, path);
        return r < 0 ? r : 1;
}

int retained_cursor_seek(RetainedCursor *cursor, Bytes path)
{
        _cleanup_(retained_unlockp) _unused_ pthread_mutex_t *lock =
                retained_lock(cursor->retained);
        TopicNode *node = topic_tree_find(&cursor->retained->tree, path);

        if (!node || !cursor->is_wild || cursor->is_over)
                return -ENOENT;
        retained_move(cursor->retained, &cursor->node, node);
        cursor->depth = count_levels(path);
        return 0;
}
