/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What others were told of the listeners, and what has become of them since.
 *
 * Thread: control
 */
#pragma once

#include "control/listeners.h"

typedef enum ListenerNews {
        LISTENER_IS_KNOWN, /* nothing new */
        LISTENER_IS_NEW,
        LISTENER_IS_OTHERWISE, /* its addresses, its protocol, its certificate; or it is paused */
        LISTENER_IS_GONE,
} ListenerNews;

/* A zeroed object is a valid empty one. */
typedef struct ListenersTold {
        struct ListenerTold **items; /* owned */
        size_t n;
        struct ListenerTold *gone; /* the one that was given out last, if it is gone */
} ListenersTold;

void listeners_told_done(ListenersTold *told);

/* Compares with what is now. 0; or -ENOMEM, and of some it is not known what became of them. */
int listeners_told_update(ListenersTold *told, const Listeners *listeners);

/* One that is not as it was told; from then on it is told. The name is borrowed until the next
 * call. False: no more. */
bool listeners_told_next(ListenersTold *told, const char **ret_name, ListenerNews *ret_news);
