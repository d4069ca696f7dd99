/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who a proxy says that it speaks for.
 *
 * Thread: any
 */
#pragma once

#include <stddef.h>

#include "util/address.h"
#include "util/prefix.h"

/*
 * The last address of an X-Forwarded-For that is not one of the proxies; the first one if all are:
 * each proxy has appended whom it was asked by, and what is before the first stranger may be made
 * up. With or without brackets and a port, which is left out. 0, or -EINVAL: there is none, or
 * something else is in its way.
 */
int http_forwarded_parse(const char *field, const Prefix *proxies, size_t n_proxies,
                         Address *ret_address);
