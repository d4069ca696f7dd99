/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whether a socket that is there is what a listener asks for: one that systemd passed, or one of
 * the settings before.
 *
 * Thread: control
 */
#pragma once

#include "config/settings.h"
#include "util/address.h"

/*
 * The socket fd, bound to address, is at the port, path, family and network device of the listener,
 * and at one of the addresses of its host; a listener without host is at all. May ask the resolver.
 * 1, 0, or -ENOMEM.
 */
int socket_is_at(int fd, const Address *address, const ListenerSettings *listener);
