/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the tables of a store say, put together (persist-format.h): which sessions there are and
 * which messages each is owed. Payloads stay where they are.
 *
 * Nothing of it is believed. What does not add up is passed over, counted, and can be set aside in
 * a table of its own: a damaged record costs itself, never the others, and never the start.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include "broker/persist-image.h"
#include "store/store.h"

/* 0, -ENOMEM, or what the store says. */
int persist_replay(StoreTxn *txn, PersistImage **ret_image);
