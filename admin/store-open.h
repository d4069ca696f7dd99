/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A store that is there, opened by who may, for hawkerctl store.
 *
 * Thread: any (before there is a second one)
 */
#pragma once

#include "admin/store-work.h"
#include "store/store.h"

/* Becomes the owner of the folder and opens the store in it; one that is damaged only with
 * --partial, which mends it as a broker would at its start. EXIT_DONE, or another status, which
 * stderr explains. */
int store_open_old(const StoreOrder *order, Store **ret_store);

/* The end of the work: a store that was left in order before is so again. The status, or another
 * one. */
int store_close(const StoreOrder *order, Store *store, int status);
