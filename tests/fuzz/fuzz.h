/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What every fuzzer has: the entry point that libFuzzer and replay.c call, and the assertion.
 *
 * Thread: any
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Always 0. data: exactly `size` bytes, so that the address sanitizer sees a step too far. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A finding, in any build type. */
#define must(condition)                                                                            \
        do {                                                                                       \
                if (!(condition)) {                                                                \
                        fprintf(stderr, "%s:%d: must(%s)\n", __FILE__, __LINE__, #condition);      \
                        abort();                                                                   \
                }                                                                                  \
        } while (0)
