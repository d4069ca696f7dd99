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
#include "control/disk-failures.h"
#include "control/notify.h"
#include "server/restore.h"
#include "store/committer.h"
#include "store/store-file.h"
#include "util/clock.h"
#include "util/log.h"

#define STORAGE_FOLDER "store"

/* A smaller one is left as it is. */
#define COMPACT_SIZE_MIN (UINT64_C(64) * 1024 * 1024)

/* What systemd is to allow for: ms in any case, and bytes in one more, on the slowest of machines.
 */
#define LOAD_TIME_MIN  30000U
#define LOAD_SPEED_MIN 5000U

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
        if (found->lost > 0)
                log_error("%" PRIu64 " batches of the journal of the store in %s were damaged: its "
                          "files are set aside, what the others say has been done",
                          found->lost, path);
        if (found->alien)
                log_error("The journal in %s is that of another store, or of this one when it was "
                          "newer: it is set aside",
                          path);
}

/* LMDB uses room again, but gives none back: after a long queue has been drained there may be much.
 */
static bool is_mostly_free(Store *store)
{
        StoreUsage usage;

        return store_usage(store, &usage) == 0 && usage.size >= COMPACT_SIZE_MIN &&
               usage.used < usage.size / 2;
}

/* As store_open(). *ret_found: how it was before anything was done about it. */
static int open_compact(const char *path, const StoreOptions *options, Store **ret_store,
                        StoreFound *ret_found)
{
        Store *store;
        int r = store_open(path, options, &store);

        if (r < 0)
                return r;
        *ret_found = store_found(store);
        if (is_mostly_free(store)) {
                notify_loading(LOAD_TIME_MIN);
                r = store_compact(store);
                if (r < 0)
                        log_warning("Cannot make the store in %s smaller: %s", path, strerror(-r));
                store_free(store);
                r = store_open(path, options, &store);
        }
        if (r == 0)
                *ret_store = store;
        return r;
}

int storage_open(const Settings *settings, ConfigErrors *errors, Storage *ret_storage)
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
                r = open_compact(path, &options, &store, &found);
                if (r < 0)
                        return refuse(settings, errors, path, r);
                report(path, &found);
        }
        *ret_storage = (Storage){
                .store = store,
                .is_read_only = store && disk_failures_are_frequent(getenv("RUNTIME_DIRECTORY"),
                                                                    clock_realtime()),
        };
        return 0;
}

static void report_restored(const Restored *restored, msec_t took)
{
        if (restored->damaged > 0)
                log_error("%" PRIu64 " records of the store are damaged: they were set aside",
                          restored->damaged);
        log_notice("Went on with what is in the store: %" PRIu64 " sessions with %" PRIu64
                   " subscriptions and %" PRIu64 " messages, %" PRIu64
                   " retained messages; %" PRIu64 " messages had expired; %" PRIu64 " ms for it",
                   restored->sessions, restored->subscriptions, restored->messages,
                   restored->retained, restored->expired, took);
}

int storage_restore(const Storage *storage, Server *server, bool resumes)
{
        const msec_t began = clock_boottime();
        Restored restored;
        StoreUsage usage;
        int r;

        if (!storage->store)
                return 0;
        if (store_usage(storage->store, &usage) == 0)
                notify_loading(LOAD_TIME_MIN + usage.used / LOAD_SPEED_MIN);
        r = server_restore(server, storage->store,
                           (resumes ? 0 : RESTORE_STATE) |
                                   (storage->is_read_only ? RESTORE_READ_ONLY : 0),
                           &restored);
        if (r == 0 && !resumes)
                report_restored(&restored, clock_boottime() - began);
        if (r < 0)
                log_error("Cannot go on with what is in the store: %s", strerror(-r));
        return r;
}

int storage_keep(const Storage *storage, Server *server)
{
        int r = 0;

        if (storage->is_read_only) {
                log_error(
                        "The disk of the store has failed twice within ten minutes: going on with "
                        "what was read from it. Nothing is written, and messages of QoS 1 and 2 "
                        "are refused, until the broker is started again in ten minutes or more");
                server_refuse_to_keep(server);
        } else if (storage->store) {
                r = server_open_store(server, storage->store, true);
        }
        if (r < 0)
                log_error("Cannot write to the store: %s", strerror(-r));
        return r;
}

/* The disk may have lost what it was given, or keep it: nobody knows (fsyncgate). So nothing is
 * tried again by this process; the next one looks at what is there. */
static int on_news(sd_event_source *source, int fd, uint32_t events, void *data)
{
        const Storage *storage = data;
        const int error = server_store_error(storage->server);

        if (error == 0)
                return 0;
        log_error("Cannot write to the store, so nothing can be acknowledged any more: %s. The "
                  "broker ends; the next one goes on from what is on the disk",
                  strerror(-error));
        (void)disk_failures_add(getenv("RUNTIME_DIRECTORY"), clock_realtime());
        notify_failed(error, NULL);
        return sd_event_exit(sd_event_source_get_event(source), error);
}

int storage_watch(Storage *storage, sd_event *event, Server *server)
{
        int r;

        if (!storage->store || storage->is_read_only)
                return 0;
        storage->server = server;
        r = sd_event_add_io(event, &storage->news, server_store_news(server), EPOLLIN, on_news,
                            storage);
        return r < 0 ? r : 0;
}

void storage_checkpoint(const Storage *storage)
{
        uint64_t number;

        if (!storage->server)
                log_notice("Nothing to save: all state is in memory");
        else if (committer_checkpoint(server_committer(storage->server), &number) < 0)
                log_error("Cannot make a checkpoint: out of memory");
        else
                log_notice("What is acknowledged is on the disk already; making checkpoint "
                           "%" PRIu64,
                           number);
}

int storage_begin_checkpoint(const Storage *storage, uint64_t *ret_number)
{
        return storage->server ? committer_checkpoint(server_committer(storage->server), ret_number)
                               : -ENODEV;
}

void storage_apply(const Storage *storage, const Settings *settings)
{
        if (storage->store)
                store_set_max_size(storage->store, settings->storage_max);
}

void storage_close(Storage *storage, bool in_order)
{
        sd_event_source_disable_unref(storage->news);
        if (storage->store && in_order && !storage->is_read_only &&
            store_mark_clean(storage->store) < 0)
                log_warning("Cannot write to the store that it was closed in order");
        store_free(storage->store);
        *storage = (Storage){};
}
