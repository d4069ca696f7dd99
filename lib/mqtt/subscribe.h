/* SPDX-License-Identifier: Apache-2.0 */

/*
 * SUBSCRIBE (MQTT 5.0, 3.8).
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mqtt/property.h"
#include "mqtt/protocol.h"
#include "mqtt/reader.h"
#include "util/buffer.h"
#include "util/bytes.h"

typedef struct Subscribe {
        uint16_t packet_id;
        size_t n_entries;
        Reader entries; /* at the next entry, in its encoding */
        Properties properties;
} Subscribe;

typedef struct SubscribeEntry {
        Bytes filter;  /* as written: with `$share/name/` if any */
        uint8_t qos;   /* asked for at most */
        bool no_local; /* false before MQTT 5, as is the next */
        bool retain_as_published;
        uint8_t retain_handling; /* 0 send, 1 send if new, 2 do not send */
} SubscribeEntry;

/*
 * Checks the whole packet, so that nothing of it is acted upon if a part is wrong.
 * REASON_MALFORMED_PACKET: reserved bits in the options [MQTT-3.8.3-5]. REASON_PROTOCOL_ERROR: no
 * entry at all [MQTT-3.8.3-2], QoS 3, Retain Handling 3, No Local on a shared subscription
 * [MQTT-3.8.3-4], packet identifier 0. REASON_TOPIC_FILTER_INVALID: as topic_filter_parse() says.
 */
int subscribe_decode(Bytes body, MqttVersion version, Subscribe *ret);

/* The same in parts, for there may be 100,000 entries: first all but these, which are not counted
 * yet; then so many at most from the reader's place on, which begins as a copy of `entries`. They
 * are added to *n. When the reader is empty, and no part was wrong, the packet is right. */
int subscribe_begin(Bytes body, MqttVersion version, Subscribe *ret);
int subscribe_check(Reader *entries, MqttVersion version, size_t max, size_t *n);

/* Takes the next entry; false when there is none left. To walk twice, keep a copy of `entries`. */
bool subscribe_next(Subscribe *subscribe, SubscribeEntry *ret);

/* Appends one entry in its encoding: what `entries` of a Subscribe to encode points at. 0, -ENOMEM
 * or -EMSGSIZE. All but the QoS is left out before MQTT 5. */
int subscribe_entry_encode(const SubscribeEntry *entry, MqttVersion version, Buffer *to);

int subscribe_encode(const Subscribe *subscribe, MqttVersion version, Buffer *to);
