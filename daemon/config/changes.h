/* SPDX-License-Identifier: Apache-2.0 */
/*
 * changes.h: in what two Settings differ, option by option
 * Thread: any (one owner)
 */
#pragma once

#include <stddef.h>

#include "config/options.h"
#include "config/settings.h"

/* One difference. The texts are values as one would write them; NULL: not set, or not there. */
typedef struct Change {
        char *listener;     /* its name; NULL: of no listener in particular */
        const char *option; /* a name that lives as long as the program */
        char *before;
        char *after;
        OptionChange when; /* it takes hold */
} Change;

/* A zeroed object is a valid empty one. */
typedef struct Changes {
        Change *items;
        size_t n;
        size_t n_allocated;
} Changes;

void changes_done(Changes *changes);

/* Appends copies of the texts. Returns 0 or -ENOMEM. */
int changes_add(Changes *changes, const Change *change);

/*
 * Appends a row for each option that differs: first what is not of a listener, in the order of the
 * table, then listener by listener. A listener that is only in one of them is one row of option
 * "listener", whatever its options are. Options of scope SECURITY are compared where they were
 * written: once for all listeners, unless per_listener_settings is or was true. Returns 0 or
 * -ENOMEM, then changes is not complete.
 */
int changes_compare(const Settings *before, const Settings *after, Changes *changes);

/* How many rows take hold so. */
size_t changes_count(const Changes *changes, OptionChange when);

/* The listener of before that became this listener of after: of the same name, or else one of the
 * same place that became none other. NULL: it is new. */
const ListenerSettings *changes_counterpart(const Settings *before, const Settings *after,
                                            const ListenerSettings *listener);

/*
 * Puts back, into settings that nobody shares yet, what runs of the options that only a restart
 * changes, so that the settings say what is. Returns 0 or -ENOMEM, then some are put back.
 */
int changes_hold_back(const Settings *running, Settings *settings);
