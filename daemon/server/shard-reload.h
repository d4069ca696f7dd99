/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The settings of a worker: how they take hold in it, at its start and at a reload.
 *
 * Thread: worker; shard_begin_settings(): whoever has no other thread running
 */
#pragma once

#include "server/settings-change.h"

/* At the start: references the settings, and makes what goes by them. 0 or -errno. */
int shard_begin_settings(Shard *shard, Settings *settings);
/* Takes a shard of all zeros. */
void shard_end_settings(Shard *shard);

/*
 * Everything takes hold at once: what this turn still does is by the newer settings. Connections
 * are looked at again (review.h), as are those of removed listeners after
 * `removed_listener_timeout`. Cannot fail, but that expired retained messages may not be looked
 * for without memory.
 */
void shard_reload(Shard *shard, SettingsChange *change);
