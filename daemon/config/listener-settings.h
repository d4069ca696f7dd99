/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listener-settings.h: the life of a ListenerSettings: for this room only
 * Thread: any (one owner)
 */
#pragma once

#include "config/settings-fields.h"

/* All options at their defaults. Returns 0 or -ENOMEM; then there is nothing to free. */
int listener_settings_init(ListenerSettings *listener);
/* Makes of its texts what is used: proxies. 0, -ENOMEM, or -EINVAL: a text that was not checked. */
int listener_settings_complete(ListenerSettings *listener);
void listener_settings_done(ListenerSettings *listener);
