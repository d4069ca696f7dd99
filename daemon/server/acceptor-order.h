/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The order to all workers to go by ListeningSocket.is_paused, which was changed before, in the
 * form of a question (gather.h): when all have answered, nobody accepts from those that are paused,
 * and everybody from the others.
 *
 * Thread: control
 */
#pragma once

#include "server/gather.h"

/* 0, -ENOMEM or -errno. */
int acceptor_order_new(unsigned n_workers, Gather **ret_gather);
