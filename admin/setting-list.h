/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The settings that a configuration puts in force, as hawkerd itself reads it: each with where it
 * comes from.
 *
 * Thread: any
 */
#pragma once

#include <stddef.h>

#include "admin/command.h"

typedef struct Setting {
        char *listener; /* "1883 127.0.0.1"; "": it is of none in particular */
        char *option;
        char *value;  /* NULL: it is not set */
        char *source; /* "FILE:LINE", "command line" or "default" */
} Setting;

/* A zeroed object is a valid empty one. The listeners stand behind the rest; each begins with a
 * setting "listener". */
typedef struct SettingList {
        Setting *items;
        size_t n, n_allocated;
} SettingList;

void setting_list_done(SettingList *list);

/* Asks hawkerd for those of this configuration, into an empty list. EXIT_DONE, or EXIT_FAILED,
 * which stderr explains. */
int setting_list_read(SettingList *list, const char *configuration);

/* The first value of this option that is set, or NULL. */
const char *setting_list_value(const SettingList *list, const char *option);
