/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A thread that works and is not disturbed.
 *
 * Thread: any
 */
#pragma once

#include <pthread.h>

/* Signals are for others. 0 or -errno. */
int thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *data);
