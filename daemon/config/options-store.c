/* SPDX-License-Identifier: Apache-2.0 */
/* options-store.c: the rows of the options of what is kept on the disk */
#include "config/options.h"

#include "util/macro.h"

#define BYTES_MAX ((int64_t)1 << 46)

static const OptionWord durabilities[] = {
        {"strict", DURABILITY_STRICT},
        {"relaxed", DURABILITY_RELAXED},
        {},
};

const Option options_store[] = {
        {"persistence", OPTION_GLOBAL, OPTION_BOOL, OPTION_WORKS, OPTION_RESTART,
         OPTION_FIELD(persistence), .fallback = "false",
         .doc = "Keep on the disk what must outlive the broker: sessions that last, with their "
                "subscriptions, the messages of QoS 1 and 2 that wait for them or are on their "
                "way, and their wills; and retained messages. If false, a restart hands them on "
                "to the next process, but a crash or a stop loses them."},
        {"persistence_location", OPTION_GLOBAL, OPTION_STRING, OPTION_WORKS, OPTION_RESTART,
         OPTION_FOLDER, OPTION_FIELD(persistence_location), .value = "FOLDER",
         .doc = "The folder in which the broker makes its own, named store, which nobody else may "
                "read. One broker at a time. If not given: the state directory of the service."},
        {"durability", OPTION_GLOBAL, OPTION_WORD, OPTION_WORKS, OPTION_LIVE, OPTION_HAWKER,
         OPTION_FIELD(durability), .fallback = "strict", .words = durabilities,
         .doc = "With strict, what the broker acknowledges is on the disk before it does. A client "
                "that "
                "has its PUBACK, PUBREC, PUBCOMP, SUBACK, UNSUBACK, or the CONNACK of a session "
                "that lasts, need not fear a crash or a loss of power: the message reaches all "
                "sessions that had subscribed to it, at QoS 2 once. With relaxed it acknowledges "
                "at "
                "once, and writes within a second; a crash costs at most that second."},
        {"group_commit_delay", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(group_commit_delay), .fallback = "0", .maximum = 1000,
         .value = "MILLISECONDS",
         .doc = "How long the first of several messages waits for others, to be written with "
                "them. What comes while the disk is busy waits for it anyway and is written "
                "together, so more than 0 helps only where each write is dear."},
        {"storage_max", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE, OPTION_HAWKER,
         OPTION_FIELD(storage_max), .fallback = "0", .maximum = BYTES_MAX, .value = "BYTES",
         .doc = "The most that the store may take on the disk; 0: a tenth of the file system. "
                "Besides it always leaves a twentieth of the file system free, or 1 GiB if that is "
                "less. The journal, and room that is kept for a start on a full disk, come on top, "
                "in "
                "proportion to what is being written. When it is full, publishers at QoS 1 and 2 "
                "are told so (0x97), or not read "
                "from if they speak MQTT 3, until there is room again; what is acknowledged and "
                "deleted goes on."},
        {"storage_on_network", OPTION_GLOBAL, OPTION_BOOL, OPTION_WORKS, OPTION_RESTART,
         OPTION_HAWKER, OPTION_FIELD(storage_on_network), .fallback = "false",
         .doc = "Allow a store on a network file system (NFS, SMB and the like), where locks and "
                "the promise of a write may not hold."},
        {"autosave_interval", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_CLAMPED, OPTION_FIELD(autosave_interval), .fallback = "1800", .maximum = INT32_MAX,
         .value = "SECONDS",
         .doc = "Nothing waits so long: what durability relaxed has not written is written within "
                "a second, or within this if it is less."},
        {"autosave_on_changes", OPTION_GLOBAL, OPTION_BOOL, OPTION_SILENT, OPTION_LIVE,
         OPTION_FIELD(autosave_on_changes), .fallback = "false",
         .doc = "Count changes, not seconds, until the state is saved: it always is."},
        {"persistence_file", OPTION_GLOBAL, OPTION_STRING, OPTION_SILENT, OPTION_RESTART,
         OPTION_FIELD(persistence_file), .fallback = "mosquitto.db", .value = "NAME",
         .doc = "The name of the file in which Mosquitto keeps its state. It is not touched: "
                "hawkerctl import reads it."},
};

const size_t n_options_store = ARRAY_SIZE(options_store);
