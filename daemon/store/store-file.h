/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A store that no broker has open, for who looks after it.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include "store/store.h"

/* Whether the file of the store in this folder is sound, as far as LMDB goes: the values are not
 * looked into. Nothing is changed or made. 0; -EBADMSG: it is damaged, which store_open() would
 * mend; -ENOENT: there is no store; or as store_open(). It forks. */
int store_probe(const char *path, const StoreOptions *options);

/* Puts a copy without unused room in the place of the store's file, as a whole; for who has it open
 * and does nothing with it any more but store_free(). 0 or -errno: then nothing has changed. */
int store_compact(Store *store);
