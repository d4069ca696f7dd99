/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How far two words are from each other, to guess what somebody has meant.
 *
 * Thread: any
 */
#pragma once

/* Of longer words nothing is said. */
#define EDIT_DISTANCE_MAX 40U

/* How many bytes must be added, taken away, changed, or swapped with their neighbour;
 * EDIT_DISTANCE_MAX if one of them is longer than that. */
unsigned edit_distance(const char *a, const char *b);
