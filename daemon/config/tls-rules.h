/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls-rules.h: which TLS options of a listener need which others: for this room only
 * Thread: any (one owner)
 */
#pragma once

#include "config/settings-fields.h"
#include "util/config-errors.h"

/*
 * Add what is wrong, with its line, to @errors. What would let somebody in whom the line seems to
 * keep out is an error, what has just no effect a warning. Where certfile and keyfile are given
 * unequally often the last of each counts, as Mosquitto has it. Returns 0 or -ENOMEM.
 */
int tls_rules_apply(const Settings *settings, ListenerSettings *listener, ConfigErrors *errors);
