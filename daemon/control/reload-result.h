/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What came of a reload: for the log, the bus and `systemctl status`.
 *
 * Thread: control
 */
#pragma once

#include <stdint.h>

#include "config/changes.h"
#include "util/config-errors.h"
#include "util/macro.h"

typedef struct ReloadResult {
        int error;           /* 0: the settings hold; -errno: all is as it was */
        uint64_t began;      /* microseconds since 1970 */
        uint64_t duration;   /* microseconds */
        unsigned number;     /* of this reload since the start, from 1 */
        ConfigErrors errors; /* and warnings, also of a reload that succeeded */
        Changes changes;     /* of one that failed: nothing */
} ReloadResult;

/* 0 or -ENOMEM. */
int reload_result_new(unsigned number, ReloadResult **ret_result);
ReloadResult *reload_result_free(ReloadResult *result);
DEFINE_CLEANUP(ReloadResult, reload_result_free)

/* The reload is over: how long it took. */
void reload_result_finish(ReloadResult *result, int error);

/*
 * Of one that failed, why, in one line: the first error with file and line, else the text of the
 * number. Of one that succeeded "Reloaded: 3 changes, 1 more after a restart" or "Nothing has
 * changed". Written to buffer, cut to its size; returns buffer.
 */
const char *reload_result_format(const ReloadResult *result, char *buffer, size_t size);

/* "max_keepalive of 1883: 10 (was 5), for new connections". Written to buffer, cut to its size;
 * returns buffer. */
const char *reload_change_format(const Change *change, char *buffer, size_t size);
