/* SPDX-License-Identifier: Apache-2.0 */
/* The retained messages: a tree of topic levels behind one lock. */

#include "broker/retained.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/persist.h"
#include "broker/retained-tree.h"
#include "mqtt/protocol.h"

/* Nodes that retained_expire() looks at for each message it may take out. */
#define EXPIRE_NODES 16U

static void node_done(TopicNode *node)
{
        message_unref(*retained_node_message(node));
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
        holdings_free(retained->holdings);
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

/* Puts the message, whose reference it takes over and whose author has it already, on the node;
 * returns the one that was there. */
static Message *retained_swap(Retained *retained, TopicNode *node, Message *message)
{
        Message **place = retained_node_message(node), *old = *place;

        if (message)
                retained_account(retained, message, 1);
        if (old)
                retained_account(retained, old, (size_t)-1);
        if (_unlikely_(old && retained->holdings != NULL))
                holdings_remove(retained->holdings, old);
        if (message && !old)
                topic_node_ref(node);
        node->mark = message != NULL;
        *place = message;
        if (old && !message)
                topic_tree_unref(&retained->tree, node);
        return old;
}

/* The node after this one: children first, then siblings, then those of the nodes above. */
static TopicNode *next_in_order(TopicNode *node)
{
        TopicNode *next = retained_first_child(node);

        while (!next && node->parent) {
                next = retained_next_sibling(node);
                node = node->parent;
        }
        return next;
}

/* --- limits --- */

typedef struct Sums {
        uint64_t sums[RETAINED_LIMITS_N];
} Sums;

/* What the author of a message counts for, by limit, and this message by itself. */
static Sums sums_of(const Holdings *holdings, const MessageAuthor *author)
{
        const Holding client = holdings_of_client(holdings, author->client_id);
        Holding user = {};

        if (author->username.data)
                user = holdings_of_user(holdings, author->username);
        return (Sums){{
                [RETAINED_CLIENT_MESSAGES] = client.messages,
                [RETAINED_CLIENT_BYTES] = client.bytes,
                [RETAINED_USER_MESSAGES] = user.messages,
                [RETAINED_USER_BYTES] = user.bytes,
        }};
}

/* How much of these sums one message of another author is, which may be the same. */
static Sums part_of(const Message *message, const MessageAuthor *author)
{
        const size_t size = message ? message_size(message) : 0;
        bool same_client, same_user;
        MessageAuthor other;

        if (!message || !message_author(message, &other))
                return (Sums){};
        same_client = bytes_equal(author->client_id, other.client_id);
        same_user = author->username.data && other.username.data &&
                    bytes_equal(author->username, other.username);
        return (Sums){{
                [RETAINED_CLIENT_MESSAGES] = same_client,
                [RETAINED_CLIENT_BYTES] = same_client ? size : 0,
                [RETAINED_USER_MESSAGES] = same_user,
                [RETAINED_USER_BYTES] = same_user ? size : 0,
        }};
}

/* The message in the place of the old one (NULL: there is none). */
static int check_limits(const Retained *retained, const Message *message, const Message *old,
                        const RetainedLimits *limits, RetainedLimit *ret_limit)
{
        const uint64_t most[RETAINED_LIMITS_N] = {
                [RETAINED_CLIENT_MESSAGES] = limits->client_messages,
                [RETAINED_CLIENT_BYTES] = limits->client_bytes,
                [RETAINED_USER_MESSAGES] = limits->user_messages,
                [RETAINED_USER_BYTES] = limits->user_bytes,
        };
        MessageAuthor author;
        Sums has, loses, adds;

        if (!retained->holdings || !message_author(message, &author))
                return 0;
        has = sums_of(retained->holdings, &author);
        loses = part_of(old, &author);
        adds = part_of(message, &author);
        for (unsigned i = 0; i < RETAINED_LIMITS_N; i++) {
                if (adds.sums[i] <= loses.sums[i] ||
                    has.sums[i] - loses.sums[i] + adds.sums[i] <= most[i])
                        continue;
                *ret_limit = (RetainedLimit)i;
                return REASON_QUOTA_EXCEEDED;
        }
        return 0;
}

int retained_count_authors(Retained *retained, bool count)
{
        _cleanup_(retained_unlockp) _unused_ pthread_mutex_t *lock = retained_lock(retained);
        _cleanup_(holdings_freep) Holdings *holdings = NULL;
        int r = 0;

        if (!count)
                retained->holdings = holdings_free(retained->holdings);
        if (!count || retained->holdings)
                return 0;
        r = holdings_new(&holdings);
        for (TopicNode *node = retained->tree.root; r == 0 && (node = next_in_order(node));)
                if (*retained_node_message(node))
                        r = holdings_add(holdings, *retained_node_message(node));
        if (r < 0)
                return r;
        retained->holdings = TAKE_PTR(holdings);
        return 0;
}

/* --- messages --- */

/* Puts the message on the node unless it is above the limits; *ret_old is what was there. */
static int retained_put(Retained *retained, TopicNode *node, Message *message,
                        const RetainedLimits *limits, RetainedLimit *ret_limit, Message **ret_old)
{
        int r = 0;

        if (limits)
                r = check_limits(retained, message, *retained_node_message(node), limits,
                                 ret_limit);
        if (r == 0 && _unlikely_(retained->holdings != NULL))
                r = holdings_add(retained->holdings, message);
        if (r == 0)
                *ret_old = retained_swap(retained, node, message_ref(message));
        return r;
}

/* Under the lock. *ret_old: the one that was there, which is freed after it: it may be large. */
static int change_topic(Retained *retained, Message *message, const RetainedLimits *limits,
                        RetainedLimit *ret_limit, Message **ret_old)
{
        TopicNode *node;
        int r;

        if (message_payload(message).length == 0) {
                node = topic_tree_find(&retained->tree, message_topic(message));
                if (node)
                        *ret_old = retained_swap(retained, node, NULL);
                return 0;
        }
        r = topic_tree_add(&retained->tree, message_topic(message), &node);
        if (r < 0)
                return r;
        r = retained_put(retained, node, message, limits, ret_limit, ret_old);
        topic_tree_unref(&retained->tree, node);
        return r;
}

int retained_offer(Retained *retained, Message *message, const RetainedLimits *limits,
                   RetainedLimit *ret_limit)
{
        _cleanup_(message_unrefp) Message *old = NULL;
        _cleanup_(retained_unlockp) _unused_ pthread_mutex_t *lock = retained_lock(retained);

        return change_topic(retained, message, limits, ret_limit, &old);
}

void retained_use_lane(Retained *retained, CommitLane *lane)
{
        _cleanup_(retained_unlockp) _unused_ pthread_mutex_t *lock = retained_lock(retained);

        retained->lane = lane;
}

int retained_keep(Retained *retained, Message *message, const RetainedLimits *limits,
                  RetainedLimit *ret_limit, Change *change)
{
        _cleanup_(message_unrefp) Message *old = NULL;
        _cleanup_(retained_unlockp) _unused_ pthread_mutex_t *lock = retained_lock(retained);
        uint64_t number;
        int r = change_topic(retained, message, limits, ret_limit, &old);

        if (r == 0)
                return committer_submit(retained->lane, change, &number);
        change_free(change);
        return r;
}

int retained_set(Retained *retained, Message *message)
{
        return retained_offer(retained, message, NULL, NULL);
}

size_t retained_count(const Retained *retained)
{
        return atomic_load_explicit(&retained->count, memory_order_relaxed);
}

size_t retained_bytes(const Retained *retained)
{
        return atomic_load_explicit(&retained->bytes, memory_order_relaxed);
}

/* Without memory they stay in the store, and are dropped at the next start. */
static void delete_gone(CommitLane *lane, Message *const *gone, size_t n)
{
        Change *change = change_new(false, n * 64);
        uint64_t number;

        for (size_t i = 0; change && i < n; i++)
                persist_retained_delete(message_topic(gone[i]), &change);
        if (change)
                (void)committer_submit(lane, change, &number);
}

/* Under the lock. Fills gone, whose references are the caller's; how many. */
static size_t take_out(Retained *retained, Message *const *messages, size_t n, Message **gone)
{
        size_t n_gone = 0;

        for (size_t i = 0; i < n; i++) {
                TopicNode *node = topic_tree_find(&retained->tree, message_topic(messages[i]));

                if (node && *retained_node_message(node) == messages[i])
                        gone[n_gone++] = retained_swap(retained, node, NULL);
        }
        return n_gone;
}

/* All in one change, which is there before anything happens. */
static int remove_slice(Retained *retained, Message *const *messages, size_t n, Message **gone,
                        size_t *ret_n)
{
        _cleanup_(retained_unlockp) _unused_ pthread_mutex_t *lock = retained_lock(retained);
        _cleanup_(change_freep) Change *change = NULL;
        uint64_t number;

        if (retained->lane && !(change = change_new(false, n * 64)))
                return -ENOMEM;
        *ret_n = take_out(retained, messages, n, gone);
        for (size_t i = 0; change && i < *ret_n; i++)
                persist_retained_delete(message_topic(gone[i]), &change);
        return change && *ret_n > 0 ? committer_submit(retained->lane, TAKE_PTR(change), &number)
                                    : 0;
}

int retained_remove(Retained *retained, Message *const *messages, size_t n, size_t *ret_n)
{
        Message *gone[RETAINED_REMOVE_MAX];
        size_t n_gone = 0;
        int r = remove_slice(retained, messages, MIN(n, RETAINED_REMOVE_MAX), gone, &n_gone);

        for (size_t i = 0; i < n_gone; i++)
                message_unref(gone[i]);
        *ret_n = n_gone;
        return r;
}

/* One slice of retained_expire(): fills gone. *ret_end: the round is complete. */
static size_t expire_slice(Retained *retained, msec_t now, Message **gone, size_t max,
                           bool *ret_end)
{
        _cleanup_(retained_unlockp) _unused_ pthread_mutex_t *lock = retained_lock(retained);
        size_t n = 0;

        *ret_end = retained->n_expiring == 0;
        for (size_t looked = 0; looked < RETAINED_SLICE && n < max && !*ret_end; looked++) {
                TopicNode *node = retained->sweep ? retained->sweep : retained->tree.root;

                node = next_in_order(node);
                retained_move(retained, &retained->sweep, node);
                if (!node)
                        *ret_end = true;
                else if (*retained_node_message(node) &&
                         message_is_expired(*retained_node_message(node), now))
                        gone[n++] = retained_swap(retained, node, NULL);
        }
        if (retained->lane && n > 0)
                delete_gone(retained->lane, gone, n);
        return n;
}

size_t retained_expire(Retained *retained, msec_t now, size_t max)
{
        size_t n_gone = 0, n_slices = 1 + max / RETAINED_SLICE * EXPIRE_NODES;
        bool end = false;

        while (n_gone < max && n_slices-- > 0 && !end) {
                Message *gone[RETAINED_SLICE];
                size_t n =
                        expire_slice(retained, now, gone, MIN(max - n_gone, RETAINED_SLICE), &end);

                for (size_t i = 0; i < n; i++)
                        message_unref(gone[i]);
                n_gone += n;
        }
        return n_gone;
}
