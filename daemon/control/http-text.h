/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the pages of `protocol http_api` have in them.
 *
 * Thread: control
 */
#pragma once

#include "control/manager.h"
#include "control/sys-topics.h"
#include "util/buffer.h"

/* Each appends to `out`: 0 or -ENOMEM. */

/* All figures, in the format that is asked for (metrics-text.h); *ret_type is a literal. */
int http_text_metrics(const Manager *manager, const char *accept, const char **ret_type,
                      Buffer *out);

/* The names and kinds of values that Mosquitto 2.1 has: an object with one array `listeners`, of
 * objects with `port` or `path`, `protocol`, `tls`, `mtls`, `allow_anonymous`. */
int http_text_listeners(const Listeners *listeners, Buffer *out);

/* The same: an object of numbers by topic. */
int http_text_systree(SysTopics *topics, Buffer *out);
