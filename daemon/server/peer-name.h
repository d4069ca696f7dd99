/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The name by which TLS knows a client: its own TLS with us, or that with the proxy it comes by.
 *
 * Thread: worker
 */
#pragma once

#include "server/connection.h"
#include "transport/tls-peer.h"

/* As tls_peer_name(). A proxy tells the common name only. */
int peer_name(const Connection *connection, TlsName which, char **ret_name);
