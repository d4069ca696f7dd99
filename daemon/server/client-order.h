/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What an administrator orders about one client, as the order travels between threads: its own
 * copy of the words.
 *
 * Thread: any one at a time
 */
#pragma once

#include <stdbool.h>
