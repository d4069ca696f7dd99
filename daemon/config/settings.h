/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings: what the configuration says, whole and checked
 * Thread: immutable
 *
 * One object per load. It is built by settings_load(), never changed afterwards, counted, and may
 * be read by any thread that holds a reference. Its fields are in settings-fields.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/settings-fields.h"
#include "util/config-errors.h"
#include "util/log.h"
#include "util/macro.h"

#define SETTINGS_PORTS_MAX 10 /* -p PORT on the command line */

/* What to read. verbose and quiet are -v and -q: all log types, or none. */
typedef struct SettingsSource {
        const char *file; /* NULL: no file, only defaults */
        uint16_t ports[SETTINGS_PORTS_MAX];
        size_t n_ports;
        bool verbose;
        bool quiet;
        const char *instance; /* which of several brokers of this machine it is; NULL: the first */
        /* Names of listeners that are there besides, if the file has any: all of their options are
         * at their defaults but those of scope SECURITY, which are as above every listener; their
         * sockets are passed by that name. */
        const char *const *added;
        size_t n_added;
} SettingsSource;

/*
 * Read, check and complete the settings. *ret is whole or untouched: one error is enough to refuse
 * all. Returns 0, or -EINVAL if the text is wrong, -errno if a file cannot be read (both with
 * at least one error in @errors), -ENOMEM. Warnings are added to @errors in either case.
 */
int settings_load(const SettingsSource *source, Settings **ret, ConfigErrors *errors);

/* As settings_load(), from @n bytes at @text in place of the file: source->file is only its name in
 * messages, and no file is opened but those of include_dir. */
int settings_parse(const SettingsSource *source, const char *text, size_t n, Settings **ret,
                   ConfigErrors *errors);

/* The defaults with one listener per given port on 127.0.0.1, none if n_ports is 0: for tests.
 * The caller may change fields before it shares the object; strings belong to malloc(). */
int settings_new_default(const uint16_t *ports, size_t n_ports, Settings **ret);

Settings *settings_ref(Settings *settings);
Settings *settings_unref(Settings *settings); /* returns NULL */
DEFINE_CLEANUP(Settings, settings_unref)

/* The number of workers to run: the option, or if that is 0 the CPUs this process may use, at most
 * 16. At least 1. */
unsigned settings_workers(const Settings *settings);

/* Open every file and directory, and look up every user and group, that the settings name, but for
 * the files of TLS, which opening a listener loads and checks as a whole; each failure is added to
 * @errors with its line. What is written in these settings as in @running (NULL: none) and is open
 * since its start is not opened again: the right to do that may be gone. Returns 0 or -EINVAL. */
int settings_test(const Settings *settings, const Settings *running, ConfigErrors *errors);
