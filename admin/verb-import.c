/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl import: what Mosquitto has kept, for a Hawker that starts with it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "admin/command.h"
#include "admin/progress.h"
#include "admin/state-folder.h"
#include "transfer/mosquitto-import.h"
#include "transfer/store-content.h"
#include "util/clock.h"

/* Strings are those of argv. */
typedef struct Order {
        const char *path;
        const char *configuration; /* NULL: that of the service */
        const char *into;          /* NULL: what the configuration says */
        bool partial, json;
} Order;

/* The file, as long as it is mapped. */
typedef struct Source {
        Bytes bytes;
        uint64_t written; /* seconds since the epoch */
} Source;

/* --- the file --- */

static int failed(const char *path, const char *why)
{
        fprintf(stderr, "hawkerctl: %s: %s\n", path, why);
        return EXIT_FAILED;
}

static int open_source(const char *path, Source *ret_source)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        struct stat stat;
        void *data;

        if (fd < 0 || fstat(fd, &stat) < 0) {
                fprintf(stderr, "hawkerctl: %s: %s\n", path, strerror(errno));
                return errno == EACCES ? EXIT_NO_RIGHT : EXIT_FAILED;
        }
        if (!S_ISREG(stat.st_mode))
                return failed(path, "this is no file");
        if (stat.st_size == 0)
                return failed(path, "it is empty: Mosquitto had not written it yet");
        data = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED)
                return failed(path, strerror(errno));
        *ret_source = (Source){{data, (size_t)stat.st_size}, (uint64_t)stat.st_mtime};
        return EXIT_DONE;
}

static void close_source(Source *source)
{
        if (source->bytes.data)
                munmap((void *)(uintptr_t)source->bytes.data, source->bytes.length);
}

static int begin(const Order *order, const Source *source, MosquittoImport **ret_import)
{
        const MosquittoTimes times = {.now = clock_realtime(), .written = source->written};
        uint32_t version = 0;
        int r = mosquitto_import_new(source->bytes, &times, ret_import, &version);

        if (r == -EBADMSG)
                return failed(order->path, "this is no file of Mosquitto's");
        if (r == -EPROTONOSUPPORT) {
                fprintf(stderr,
                        "hawkerctl: %s: version %" PRIu32 " of this file, or how its "
                        "Mosquitto was built, is not known here\n",
                        order->path, version);
                return EXIT_FAILED;
        }
        return r < 0 ? failed(order->path, strerror(-r)) : EXIT_DONE;
}

static int read_all(const Order *order, MosquittoImport *import, Progress *progress)
{
        int r;

        while ((r = mosquitto_import_read(import, order->partial)) > 0)
                progress_show(progress, mosquitto_import_progress(import));
        if (r == 0)
                return EXIT_DONE;
        progress_done(progress);
        if (r != -EBADMSG)
                return failed(order->path, strerror(-r));
        fprintf(stderr,
                "hawkerctl: %s: damaged at byte %zu (%s): nothing was taken over; --partial takes "
                "what is valid\n",
                order->path, mosquitto_import_place(import), mosquitto_import_chunk(import));
        return EXIT_FAILED;
}

/* --- the store --- */

static int write_all(MosquittoImport *import, Store *store, Progress *progress)
{
        _cleanup_(store_draft_freep) StoreDraft *draft = NULL;
        int r = store_content_draft(store, &draft);

        if (r < 0)
                return r;
        while ((r = mosquitto_import_write(import, draft)) > 0)
                progress_show(progress, mosquitto_import_progress(import));
        return r < 0 ? r : store_draft_take(draft);
}

static int fill(const char *into, MosquittoImport *import, Progress *progress)
{
        _cleanup_(store_freep) Store *store = NULL;
        int status = state_folder_enter(into), r;

        if (status != EXIT_DONE)
                return status;
        r = store_content_open(into, &store);
        if (r == 0)
                r = write_all(import, store, progress);
        progress_done(progress);
        return r < 0 ? state_folder_failed(into, r) : EXIT_DONE;
}

/* --- what came of it --- */

/* `is_loss`: it is not in the store. */
static const struct {
        const char *name, *text;
        size_t offset;
        bool is_loss;
} figures[] = {
        {"sessions", "sessions", offsetof(MosquittoCounts, sessions), false},
        {"subscriptions", "subscriptions", offsetof(MosquittoCounts, subscriptions), false},
        {"waiting", "messages that wait for a client", offsetof(MosquittoCounts, waiting), false},
        {"in_flight", "messages in flight to a client", offsetof(MosquittoCounts, in_flight),
         false},
        {"received", "messages in flight from a client", offsetof(MosquittoCounts, received),
         false},
        {"retained", "retained messages", offsetof(MosquittoCounts, retained), false},
        {"sessions_over", "sessions that are over", offsetof(MosquittoCounts, sessions_over), true},
        {"messages_over", "messages that have expired", offsetof(MosquittoCounts, messages_over),
         true},
        {"qos_0", "messages at QoS 0 that waited", offsetof(MosquittoCounts, qos_0), true},
        {"unowned", "parts of clients or messages that the file does not have",
         offsetof(MosquittoCounts, unowned), true},
        {"damaged", "parts that are damaged", offsetof(MosquittoCounts, damaged), true},
};

static uint64_t figure_of(const MosquittoCounts *counts, size_t i)
{
        uint64_t value;

        memcpy(&value, (const char *)counts + figures[i].offset, sizeof(value));
        return value;
}

static void print_text(const Order *order, const char *into, const MosquittoCounts *counts)
{
        printf("%s (version %" PRIu32 ") is in %s now:\n", order->path, counts->version, into);
        for (size_t i = 0; i < ARRAY_SIZE(figures); i++)
                if (!figures[i].is_loss)
                        printf("%12" PRIu64 " %s\n", figure_of(counts, i), figures[i].text);
        for (size_t i = 0; i < ARRAY_SIZE(figures); i++)
                if (figures[i].is_loss && figure_of(counts, i) > 0)
                        printf("left out: %2" PRIu64 " %s\n", figure_of(counts, i),
                               figures[i].text);
        if (counts->cut_at > 0)
                printf("left out: all from byte %zu on\n", counts->cut_at);
}

static void print_json(const MosquittoCounts *counts)
{
        printf("{\"version\":%" PRIu32, counts->version);
        for (size_t i = 0; i < ARRAY_SIZE(figures); i++)
                printf(",\"%s\":%" PRIu64, figures[i].name, figure_of(counts, i));
        printf(",\"cut_at\":%zu}\n", counts->cut_at);
}

static int import_into(const Order *order, const char *into, const Source *source)
{
        _cleanup_(mosquitto_import_freep) MosquittoImport *import = NULL;
        MosquittoCounts counts;
        Progress progress;
        int status;

        progress_init(&progress, "import");
        status = begin(order, source, &import);
        if (status == EXIT_DONE)
                status = read_all(order, import, &progress);
        if (status == EXIT_DONE)
                status = fill(into, import, &progress);
        if (status != EXIT_DONE)
                return status;
        counts = mosquitto_import_counts(import);
        if (order->json)
                print_json(&counts);
        else
                print_text(order, into, &counts);
        return EXIT_DONE;
}

int verb_import(const Command *command)
{
        _cleanup_(close_source) Source source = {};
        _cleanup_free_ char *of_service = NULL;
        const Order order = {
                .path = command->argument,
                .configuration = command_value(command, "config"),
                .into = command_value(command, "into"),
                .partial = command_has(command, "partial"),
                .json = command->json,
        };
        int status;

        status = open_source(order.path, &source);
        if (status != EXIT_DONE)
                return status;
        if (!order.into)
                of_service = state_folder_of(command, order.configuration);
        if (!order.into && !of_service)
                return failed(order.path, strerror(ENOMEM));
        return import_into(&order, order.into ? order.into : of_service, &source);
}
