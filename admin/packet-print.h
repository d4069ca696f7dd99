/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Lines of a trace (org.hawker.Broker1(5), TRACES) for people.
 *
 * Thread: any
 */
#pragma once

#include <stddef.h>

/* Prints one to stdout; as it is, if it is none that we know. */
void packet_print(const char *line, size_t length);
