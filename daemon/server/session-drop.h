/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The order to all workers to end the session of a client, in the form of a question (gather.h):
 * whether there was one. Its queue and its subscriptions go; messages of shared subscriptions that
 * it has not acknowledged go to other members. A client that is connected leaves with 0x98,
 * Administrative action. As at every end of a session its will is published [MQTT-3.1.2-8], also
 * one that waited for its delay, unless the order says otherwise.
 *
 * Where sessions are kept and `durability` is strict, the answer comes when the disk has it: the
 * session is not there again after a crash.
 *
 * Thread: control
 */
#pragma once

#include "server/client-order.h"

/* The order is copied; its reason is not asked for. 0, -ENOMEM or -errno. When all have answered
 * with 0 client_order_was_there() tells whether there was a session, which is not there any more.
 */
int session_drop_new(const ClientOrder *order, unsigned n_workers, Gather **ret_gather);
