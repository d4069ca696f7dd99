/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The categories of log_type, and the levels of syslog(3) that others think in: `systemctl
 * service-log-level`.
 *
 * Thread: any
 */
#pragma once

/* The least severe level that is in the set of categories; -1 for the empty set. */
int log_level_of(unsigned categories);

/*
 * The set for a level (LOG_EMERG … LOG_DEBUG) when `configured` is what log_type asks for. At the
 * level of log_type it is log_type itself; at a more severe one, what is left of it; at a less
 * severe one, all that has at most that level, but for the category internal, which is for
 * developers and has to be named in log_type.
 */
unsigned log_level_categories(int level, unsigned configured);

/* "emerg" … "debug". */
const char *log_level_to_string(int level);

/* 0 or -EINVAL. */
int log_level_from_string(const char *word, int *ret_level);
