/* SPDX-License-Identifier: Apache-2.0 */

/*
 * UNSUBSCRIBE (MQTT 5.0, 3.10).
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

typedef struct Unsubscribe {
        uint16_t packet_id;
        size_t n_filters;
        Reader filters; /* at the next filter, in its encoding */
        Properties properties;
} Unsubscribe;

/* Checks the whole packet. REASON_PROTOCOL_ERROR: no filter at all [MQTT-3.10.3-2], packet
 * identifier 0. REASON_TOPIC_FILTER_INVALID: as topic_filter_parse() says. */
int unsubscribe_decode(Bytes body, MqttVersion version, Unsubscribe *ret);

/* The same in parts, as subscribe_begin() and subscribe_check(). */
int unsubscribe_begin(Bytes body, MqttVersion version, Unsubscribe *ret);
int unsubscribe_check(Reader *filters, size_t max, size_t *n);

/* Takes the next filter, as written; false when there is none left. */
bool unsubscribe_next(Unsubscribe *unsubscribe, Bytes *ret_filter);

/* Appends one filter in its encoding: what `filters` of an Unsubscribe to encode points at. 0,
 * -ENOMEM or -EMSGSIZE. */
int unsubscribe_filter_encode(Bytes filter, Buffer *to);

int unsubscribe_encode(const Unsubscribe *unsubscribe, MqttVersion version, Buffer *to);
