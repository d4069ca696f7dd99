/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where the page comes from that a browser connects for (RFC 6454).
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>

/*
 * Whether an Origin field is one of `allowed`, which has newlines between. Scheme and host have no
 * case, and the port of a scheme (80 of http, 443 of https) may be left out; otherwise they are the
 * same only if they are spelled alike. "null", of pages without an origin, must be allowed by name.
 */
bool http_origin_is_allowed(const char *origin, const char *allowed);
