/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong with a run, in words. */
/* Thread: any */
#pragma once

#include "bench/traffic.h"

/* Prints on stderr what `error` and the ledger say; nothing when all is well. */
void verdict_print(const char *row, const Traffic *traffic, int error);
