/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A broker's store (broker/persist-format.h) as a whole, for who fills one or looks through it.
 *
 * Thread: any
 */
#pragma once

#include "store/draft.h"
#include "store/store.h"

/* As store_open(), with the tables of a broker. On a file system of a network too: whether that
 * will do is the broker's to say. */
int store_content_open(const char *path, Store **ret_store);

/* The file of the store in this folder, as store_probe() has it. */
int store_content_probe(const char *path);

/* A draft of one that is empty, to be filled. 0; -ENOTEMPTY: there is something in its tables; or
 * as store_draft_new(). */
int store_content_draft(Store *store, StoreDraft **ret_draft);
