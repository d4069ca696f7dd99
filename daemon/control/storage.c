/* SPDX-License-Identifier: Apache-2.0 */

/* Where what is kept is kept. */
#include "control/storage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/persist-format.h"
#include "config/options.h"
#include "util/log.h"

#define STORAGE_FOLDER "store"

static int find_folder(const Settings *settings, char **ret_path)
{
        const char *above = settings->persistence_location;
        char *path;

        if (!above)
                above = getenv("STATE_DIRECTORY");
        /* systemd separates several by colons: the first is the broker's. */
        if (!above || above[0] == '\0')
                return -ENOENT;
        if (asprintf(&path, "%.*s/" STORAGE_FOLDER,
                     settings->persistence_location ? (int)strlen(above) : (int)strcspn(above, ":"),
                     above) < 0)
                return -ENOMEM;
        *ret_path = path;
        return 0;
}

static int add_error(const Settings *settings, ConfigErrors *errors, const char *what)
{
        const char *name = settings->persistence_location ? "persistence_location" : "persistence";
        const SettingsOrigin *origin = &settings->origins[option_index(option_find(name))];
        int r = config_errors_add(errors, CONFIG_ERROR, origin->file, origin->line, "%s", what);

        return r < 0 ? r : -EKEYREJECTED;
}

/* What store_open() has against a folder, and what helps. NULL: what the system says of it. */
static const char *trouble(int error)
{
        switch (error) {
        case -EBUSY:
                return "another process has it open: one broker, or hawkerctl, at a time";
        case -EREMOTE:
                return "it is on a network file system, where the promise of a write may not hold: "
                       "choose another folder, or allow it by storage_on_network";
        case -EPERM:
                return "it belongs to another user: give it to the user of the broker by chown";
        case -EPROTONOSUPPORT:
                return "a newer version of the broker wrote it: install that version, and move the "
                       "state by \"hawkerctl store dump\" and \"hawkerctl store load\"";
        default:
                return NULL;
        }
}

static int refuse(const Settings *settings, ConfigErrors *errors, const char *path, int error)
{
        const char *why = trouble(error);
        _cleanup_free_ char *text = NULL;

        if (error == -ENOMEM)
                return error;
        if (asprintf(&text, "cannot keep the state in %s: %s", path, why ? why : strerror(-error)) <
            0)
                return -ENOMEM;
        return add_error(settings, errors, text);
}

static void report(const char *path, const StoreFound *found)
{
        if (found->damaged)
                log_error("The store in %s was damaged: %" PRIu64 " records of it are there still, "
                          "the old file is kept beside the new one",
                          path, found->records);
        else if (!found->clean)
                log_notice("The broker was not stopped in order: going on from what was on the "
                           "disk");
}

int storage_open(const Settings *settings, ConfigErrors *errors, Store **ret_store)
{
        const StoreOptions options = {
                .tables = persist_tables,
                .n_tables = PERSIST_TABLES,
                .format = PERSIST_FORMAT,
                .max_size = settings->storage_max,
                .allow_network = settings->storage_on_network,
        };
        _cleanup_free_ char *path = NULL;
        Store *store = NULL;
        StoreFound found;
        int r;

        if (settings->persistence) {
                r = find_folder(settings, &path);
                if (r == -ENOENT)
                        return add_error(settings, errors,
                                         "persistence needs a folder: name one by "
                                         "persistence_location (systemd would have told of its "
                                         "StateDirectory=)");
                if (r < 0)
                        return r;
                r = store_open(path, &options, &store);
                if (r < 0)
                        return refuse(settings, errors, path, r);
                found = store_found(store);
                report(path, &found);
        }
        *ret_store = store;
        return 0;
}
