/* SPDX-License-Identifier: Apache-2.0 */
/* list.h: an intrusive, circular, doubly linked list.
 * Thread: any (no lock inside: one thread at a time)
 *
 * The head and each node are a List. A node outside any list is linked to itself (list_init()), or
 * all zero; so list_remove() may be called twice and list_is_linked() always answers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/macro.h"

typedef struct List {
        struct List *next, *prev;
} List;

#define LIST_INIT(head)                                                                            \
        {                                                                                          \
                &(head), &(head)                                                                   \
        }

/* Makes an empty head, or a node that is in no list. */
static inline void list_init(List *list)
{
        list->next = list->prev = list;
}

/* Of a head that was never filled (all zero) too. */
static inline bool list_is_empty(const List *head)
{
        return !head->next || head->next == head;
}

/* Is this node in a list? */
static inline bool list_is_linked(const List *node)
{
        return node->next && node->next != node;
}

static inline void list_link_between(List *prev, List *next, List *node)
{
        node->prev = prev;
        node->next = next;
        prev->next = node;
        next->prev = node;
}

/* Puts the node at the end. The head is initialised, the node in no list. */
static inline void list_append(List *head, List *node)
{
        list_link_between(head->prev, head, node);
}

/* Puts the node at the beginning. */
static inline void list_prepend(List *head, List *node)
{
        list_link_between(head, head->next, node);
}

/* Takes the node out of its list, if it is in one; then it is linked to itself. */
static inline void list_remove(List *node)
{
        if (list_is_linked(node)) {
                node->prev->next = node->next;
                node->next->prev = node->prev;
        }
        list_init(node);
}

/* The first node, NULL if there is none. */
static inline List *list_first(const List *head)
{
        return list_is_empty(head) ? NULL : head->next;
}

/* The last node, NULL if there is none. */
static inline List *list_last(const List *head)
{
        return list_is_empty(head) ? NULL : head->prev;
}

/* Moves all nodes of `from` in their order to the end of `head`; `from` is empty afterwards. */
static inline void list_splice_tail(List *head, List *from)
{
        if (list_is_empty(from))
                return;
        from->next->prev = head->prev;
        from->prev->next = head;
        head->prev->next = from->next;
        head->prev = from->prev;
        list_init(from);
}

/* The first node's container, NULL if there is none. */
#define list_first_entry(head, type, member)                                                       \
        (list_is_empty(head) ? NULL : container_of((head)->next, type, member))

/* Walks the containers: list_foreach(Session, session, &head, link) { … }; declares `var`.
 * The body must not remove any node. The head is initialised. */
#define list_foreach(type, var, head, member)                                                      \
        for (type *var = container_of((head)->next, type, member); &var->member != (head);         \
             var = container_of(var->member.next, type, member))

/* The same; the body may remove (and free) the current node, and no other. */
#define list_foreach_safe(type, var, head, member)                                                 \
        for (type *var = container_of((head)->next, type, member),                                 \
                  *var##_next = container_of(var->member.next, type, member);                      \
             &var->member != (head);                                                               \
             var = var##_next, var##_next = container_of(var->member.next, type, member))
