/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A broker's store (broker/persist-format.h) as a whole, for who fills one or looks through it.
 *
 * Thread: any
 */
#pragma once

#include "store/store.h"

/* As store_open(), with the tables of a broker. On a file system of a network too: whether that
 * will do is the broker's to say. */
int store_content_open(const char *path, Store **ret_store);

/* The file of the store in this folder, as store_probe() has it. */
int store_content_probe(const char *path);

/* 1: something is in its tables; 0: nothing; or as store_cursor_seek(). */
int store_content_any(StoreTxn *txn);
