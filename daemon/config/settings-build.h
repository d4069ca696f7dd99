/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings-build.h: making a Settings: for this room only, before it is shared
 * Thread: any (one owner)
 */
#pragma once

#include "config/listener-settings.h"
#include "config/options.h"
#include "config/settings.h"

/* All options at their defaults, no listener, one reference. Returns 0 or -ENOMEM. */
int settings_new(Settings **ret);

/* Append a listener at its defaults. The pointer, and that of every other listener, holds until the
 * next one is added. Returns 0 or -ENOMEM. */
int settings_add_listener(Settings *settings, ListenerSettings **ret);

/* A copy of the name that lives as long as the settings, the same for the same name. */
int settings_intern_file(Settings *settings, const char *name, const char **ret);

/* Where the option's value comes from; the same choice of object as value_load(). */
SettingsOrigin *settings_origin(const Option *option, const Settings *settings,
                                const ListenerSettings *listener);

/* Replace a string; NULL is copied as NULL. Returns 0 or -ENOMEM, then nothing has changed. */
int settings_replace(char **string, const char *text);
