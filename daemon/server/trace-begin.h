/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The question with which a trace begins (traces.h): to all workers, for the client may be
 * connected already. See gather.h.
 *
 * Thread: control
 */
#pragma once

typedef struct Gather Gather;

/* Who is connected as this client is seen from now on. The descriptor that is to be read from (-1:
 * none) is taken over on success, and closed with the question. 0 or -errno. */
int trace_begin_new(const char *client, int reader, unsigned n_workers, Gather **ret_gather);
int trace_begin_reader(Gather *gather);
