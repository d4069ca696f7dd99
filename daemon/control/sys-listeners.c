/* SPDX-License-Identifier: Apache-2.0 */

/* The values of `$SYS/broker/listeners/NAME/…` as texts. */
#include "control/sys-listeners.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/list.h"

#define PREFIX "$SYS/broker/listeners/"

/* The values of a listener: these, then the refusals, 0 of which is all of them together. */
static const struct {
        const char *name;
        size_t offset; /* in ListenerFigures */
} figure_rows[] = {
        {"connections/accepted", offsetof(ListenerFigures, accepted)},
        {"handshakes/count", offsetof(ListenerFigures, handshakes)},
        {"handshakes/failed", offsetof(ListenerFigures, handshakes_failed)},
        {"handshakes/bytes/received", offsetof(ListenerFigures, handshake_bytes_received)},
        {"handshakes/bytes/sent", offsetof(ListenerFigures, handshake_bytes_sent)},
        {"upgrades/count", offsetof(ListenerFigures, upgrades)},
        {"upgrades/refused", offsetof(ListenerFigures, upgrades_refused)},
};

#define VALUES_N (ARRAY_SIZE(figure_rows) + REFUSALS_N)

typedef struct SysListener {
        List link;
        char *name; /* one level */
        bool is_there;
        uint64_t values[VALUES_N];
        bool is_new[VALUES_N]; /* not given out yet */
} SysListener;

struct SysListeners {
        List all;
        SysListener *at; /* of sys_listeners_next(); NULL: the first */
        size_t position; /* of its values */
        char topic[512];
        char text[24];
};

int sys_listeners_new(SysListeners **ret_listeners)
{
        SysListeners *listeners = calloc(1, sizeof(*listeners));

        if (!listeners)
                return -ENOMEM;
        list_init(&listeners->all);
        *ret_listeners = listeners;
        return 0;
}

static void listener_free(SysListener *listener)
{
        list_remove(&listener->link);
        free(listener->name);
        free(listener);
}

SysListeners *sys_listeners_free(SysListeners *listeners)
{
        if (!listeners)
                return NULL;
        list_foreach_safe (SysListener, listener, &listeners->all, link)
                listener_free(listener);
        free(listeners);
        return NULL;
}

void sys_listeners_begin(SysListeners *listeners)
{
        listeners->at = NULL;
        listeners->position = 0;
        list_foreach (SysListener, listener, &listeners->all, link)
                listener->is_there = false;
}

static char *level_of(const char *name)
{
        char *level = strdup(name);

        for (char *at = level; at && *at; at++)
                if (strchr("/+#", *at) || (unsigned char)*at < ' ')
                        *at = '_';
        return level;
}

/* Takes the name over on success. */
static int listener_make(SysListeners *listeners, char *name, SysListener **ret_listener)
{
        SysListener *listener = calloc(1, sizeof(*listener));

        if (!listener)
                return -ENOMEM;
        listener->name = name;
        memset(listener->is_new, true, sizeof(listener->is_new));
        list_append(&listeners->all, &listener->link);
        *ret_listener = listener;
        return 0;
}

static int find(SysListeners *listeners, const char *name, SysListener **ret_listener)
{
        _cleanup_free_ char *level = level_of(name);
        int r;

        if (!level)
                return -ENOMEM;
        list_foreach (SysListener, listener, &listeners->all, link)
                if (strcmp(listener->name, level) == 0) {
                        *ret_listener = listener;
                        return 0;
                }
        r = listener_make(listeners, level, ret_listener);
        if (r == 0)
                level = NULL;
        return r;
}

static void set_value(SysListener *listener, size_t i, uint64_t value)
{
        listener->is_new[i] |= listener->values[i] != value;
        listener->values[i] = value;
}

int sys_listeners_add(SysListeners *listeners, const char *name, const ListenerFigures *figures)
{
        uint64_t refused = 0;
        SysListener *listener;
        int r;

        r = find(listeners, name, &listener);
        if (r < 0)
                return r;
        listener->is_there = true;
        for (size_t i = 0; i < ARRAY_SIZE(figure_rows); i++) {
                uint64_t value;

                memcpy(&value, (const char *)figures + figure_rows[i].offset, sizeof(value));
                set_value(listener, i, value);
        }
        for (size_t i = REFUSAL_NONE + 1; i < REFUSALS_N; i++) {
                set_value(listener, ARRAY_SIZE(figure_rows) + i, figures->refused[i]);
                refused += figures->refused[i];
        }
        set_value(listener, ARRAY_SIZE(figure_rows) + REFUSAL_NONE, refused);
        return 0;
}

static void name_topic(SysListeners *listeners, const SysListener *listener, size_t i)
{
        const Refusal refusal = (Refusal)(i - ARRAY_SIZE(figure_rows));
        const size_t size = sizeof(listeners->topic);

        if (i < ARRAY_SIZE(figure_rows))
                snprintf(listeners->topic, size, PREFIX "%s/%s", listener->name,
                         figure_rows[i].name);
        else if (refusal == REFUSAL_NONE)
                snprintf(listeners->topic, size, PREFIX "%s/connections/refused", listener->name);
        else
                snprintf(listeners->topic, size, PREFIX "%s/connections/refused/%s", listener->name,
                         refusal_name(refusal));
}

/* Whether there is one more to give out of this listener. */
static bool next_of(SysListeners *listeners, SysListener *listener)
{
        for (; listeners->position < VALUES_N; listeners->position++) {
                const size_t i = listeners->position;

                if (listener->is_there && !listener->is_new[i])
                        continue;
                name_topic(listeners, listener, i);
                listeners->text[0] = 0;
                if (listener->is_there)
                        snprintf(listeners->text, sizeof(listeners->text), "%" PRIu64,
                                 listener->values[i]);
                listener->is_new[i] = false;
                listeners->position++;
                return true;
        }
        return false;
}

bool sys_listeners_next(SysListeners *listeners, const char **ret_topic, const char **ret_text)
{
        if (!listeners->at)
                listeners->at = list_first_entry(&listeners->all, SysListener, link);
        while (listeners->at) {
                SysListener *listener = listeners->at;
                List *next = listener->link.next;

                if (next_of(listeners, listener)) {
                        *ret_topic = listeners->topic;
                        *ret_text = listeners->text;
                        return true;
                }
                if (!listener->is_there)
                        listener_free(listener);
                listeners->at =
                        next == &listeners->all ? NULL : container_of(next, SysListener, link);
                listeners->position = 0;
        }
        return false;
}
