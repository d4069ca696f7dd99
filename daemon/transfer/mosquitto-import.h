/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Takes over what a mosquitto.db holds into a store that is empty: sessions, their subscriptions,
 * the messages that wait for them or are in flight in both directions, and retained messages.
 *
 *   mosquitto_import_new()
 *   mosquitto_import_read(), until 0        looks at the file, changes nothing
 *   mosquitto_import_write(), until 0
 *
 * Not in the file, and so not taken over: wills, and shared subscriptions (Mosquitto does not write
 * them; what waits for them is there). Messages at QoS 0 that wait are left out.
 *
 * Thread: any (one at a time)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/draft.h"
#include "transfer/mosquitto-plan.h"
#include "util/bytes.h"
#include "util/macro.h"

typedef struct MosquittoImport MosquittoImport;

typedef struct MosquittoCounts {
        uint32_t version;
        uint64_t sessions, subscriptions, retained;
        uint64_t waiting, in_flight; /* deliveries */
        uint64_t received;           /* packet identifiers at QoS 2 */
        uint64_t sessions_over, messages_over;
        uint64_t qos_0;
        uint64_t unowned; /* what belongs to clients or messages that are not in the file */
        uint64_t damaged; /* chunks */
        size_t cut_at;    /* 0, or where nothing could be made of the rest */
} MosquittoCounts;

/* The file outlives it. As mosquitto_file_open(): -EBADMSG, -EPROTONOSUPPORT, then *ret_version is
 * its version; -ENOMEM. */
int mosquitto_import_new(Bytes file, const MosquittoTimes *times, MosquittoImport **ret_import,
                         uint32_t *ret_version);
MosquittoImport *mosquitto_import_free(MosquittoImport *import);
DEFINE_CLEANUP(MosquittoImport, mosquitto_import_free)

/* A slice of the file. 1: there is more; 0: that was all; -ENOMEM; -EBADMSG: it is damaged at
 * mosquitto_import_place(), and `partial` was not asked for. */
int mosquitto_import_read(MosquittoImport *import, bool partial);

/* Where reading has come to, and what is there. */
size_t mosquitto_import_place(const MosquittoImport *import);
const char *mosquitto_import_chunk(const MosquittoImport *import);

/* Some records. 1: there is more; 0: that was all; -ENOMEM, or as store_put(). */
int mosquitto_import_write(MosquittoImport *import, StoreDraft *draft);

/* How much of the work is done, of 1000. */
unsigned mosquitto_import_progress(const MosquittoImport *import);

/* Complete when all is written. */
MosquittoCounts mosquitto_import_counts(const MosquittoImport *import);
