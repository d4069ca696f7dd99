/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A question whose answer the terminal does not show.
 *
 * Thread: any
 */
#pragma once

#include "admin/secret.h"

/*
 * Asks at the terminal of this session, whatever standard input is. However it ends, by a signal
 * too, the terminal shows again what is typed; after ^Z and fg the question is put anew. 0; -ENXIO
 * without a terminal; -ENODATA at its end (^D); -EMSGSIZE for more than a terminal takes in one
 * line; -ENOMEM or -errno.
 */
int prompt_secret(const char *question, Secret *ret_answer);
