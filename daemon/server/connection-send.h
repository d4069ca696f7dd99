/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a session yields becomes packets in the output of its connection.
 *
 * Thread: worker
 */
#pragma once

#include "server/connection.h"

/* A PUBLISH, or the PUBREL that must be repeated. What is larger than the client takes is dropped
 * as if it had been acknowledged [MQTT-3.1.2-25]. 0 or -errno: the connection is broken. */
int connection_send(Connection *connection, const Delivery *delivery);
