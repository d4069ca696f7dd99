/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Two looks at the broker as text, or as JSON.
 *
 * Thread: any
 */
#pragma once

#include <stdio.h>

#include "admin/top-look.h"

/* Both take the rates between the two looks, and all else from the later one. 0 or -ENOMEM. */
int top_show_text(const Command *command, const TopLook *before, const TopLook *after,
                  TopOrder order, FILE *to);
int top_show_json(const TopLook *before, const TopLook *after, FILE *to);
