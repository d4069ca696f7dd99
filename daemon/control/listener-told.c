/* SPDX-License-Identifier: Apache-2.0 */

/* What others were told of the listeners. */
#include "control/listener-told.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/listener-pause.h"

typedef struct ListenerTold {
        char *name;
        char *text; /* all of it that may change */
        ListenerNews news;
        bool is_there;
} ListenerTold;

static ListenerTold *told_free(ListenerTold *item)
{
        if (!item)
                return NULL;
        free(item->name);
        free(item->text);
        free(item);
        return NULL;
}

void listeners_told_done(ListenersTold *told)
{
        for (size_t i = 0; i < told->n; i++)
                told_free(told->items[i]);
        free(told->items);
        told_free(told->gone);
        *told = (ListenersTold){};
}

/* In one text, to be compared only. */
static char *describe(const Listener *listener)
{
        const TlsFacts *facts = listener_certificate(listener);
        _cleanup_free_ char *buffer = NULL;
        char address[ADDRESS_TEXT_MAX];
        size_t size;
        FILE *text = open_memstream(&buffer, &size);

        if (!text)
                return NULL;
        fprintf(text, "%d %d %d", listener->of->protocol, listener->credentials != NULL,
                listener_is_paused(listener));
        if (facts)
                fprintf(text, "\n%s\n%s\n%" PRIi64, facts->subject, facts->serial,
                        facts->not_after);
        for (size_t i = 0; i < listener->n_sockets; i++)
                fprintf(text, "\n%s",
                        address_format(&listener->sockets[i].address, address, sizeof(address)));
        return fclose(text) == 0 ? TAKE_PTR(buffer) : NULL;
}

static ListenerTold *find(const ListenersTold *told, const char *name)
{
        for (size_t i = 0; i < told->n; i++)
                if (strcmp(told->items[i]->name, name) == 0)
                        return told->items[i];
        return NULL;
}

static int add(ListenersTold *told, const char *name, char **text)
{
        ListenerTold **items = reallocarray(told->items, told->n + 1, sizeof(*items));
        ListenerTold *item;

        if (!items)
                return -ENOMEM;
        told->items = items;
        item = calloc(1, sizeof(*item));
        if (!item)
                return -ENOMEM;
        item->name = strdup(name);
        if (!item->name) {
                told_free(item);
                return -ENOMEM;
        }
        item->text = TAKE_PTR(*text);
        item->news = LISTENER_IS_NEW;
        item->is_there = true;
        told->items[told->n++] = item;
        return 0;
}

static int update_one(ListenersTold *told, const Listener *listener)
{
        _cleanup_free_ char *text = describe(listener);
        ListenerTold *item = find(told, listener->of->name);

        if (item)
                item->is_there = true;
        if (!text)
                return -ENOMEM;
        if (!item)
                return add(told, listener->of->name, &text);
        if (strcmp(item->text, text) != 0) {
                free(item->text);
                item->text = TAKE_PTR(text);
                if (item->news == LISTENER_IS_KNOWN)
                        item->news = LISTENER_IS_OTHERWISE;
        }
        return 0;
}

int listeners_told_update(ListenersTold *told, const Listeners *listeners)
{
        int result = 0;

        for (size_t i = 0; i < told->n; i++)
                told->items[i]->is_there = false;
        for (size_t i = 0; i < listeners->n; i++) {
                const int r = update_one(told, listeners->items[i]);

                if (r < 0)
                        result = r;
        }
        return result;
}

/* Those that are gone first: one of the same place may be among the new ones. */
static ListenerTold *take_gone(ListenersTold *told)
{
        for (size_t i = 0; i < told->n; i++) {
                ListenerTold *item = told->items[i];

                if (item->is_there)
                        continue;
                told->items[i] = told->items[--told->n];
                return item;
        }
        return NULL;
}

bool listeners_told_next(ListenersTold *told, const char **ret_name, ListenerNews *ret_news)
{
        told_free(told->gone);
        told->gone = take_gone(told);
        if (told->gone) {
                *ret_name = told->gone->name;
                *ret_news = LISTENER_IS_GONE;
                return true;
        }
        for (size_t i = 0; i < told->n; i++) {
                ListenerTold *item = told->items[i];

                if (item->news == LISTENER_IS_KNOWN)
                        continue;
                *ret_name = item->name;
                *ret_news = item->news;
                item->news = LISTENER_IS_KNOWN;
                return true;
        }
        return false;
}
