/* SPDX-License-Identifier: Apache-2.0 */

/*
 * CONNECT (MQTT 5.0, 3.1; the same section of 3.1.1 and 3.1).
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "mqtt/property.h"
#include "mqtt/protocol.h"
#include "util/buffer.h"
#include "util/bytes.h"

typedef struct ConnectWill {
        uint8_t qos;
        bool retain;
        Bytes topic;
        Bytes payload;
        Properties properties; /* nothing before MQTT 5 */
} ConnectWill;

typedef struct Connect {
        MqttVersion version;
        bool clean_start; /* "clean session" before MQTT 5 */
        bool is_bridge;   /* bit 0x80 in the protocol level: a bridge of Mosquitto's kind */
        bool has_username;
        bool has_password;
        bool has_will;
        uint16_t keep_alive; /* seconds; 0: none */
        Bytes client_id;     /* may be empty: whether that is legal is for the caller to judge */
        Bytes username;      /* empty without has_username, and so on */
        Bytes password;
        ConnectWill will;      /* undefined without has_will */
        Properties properties; /* nothing before MQTT 5 */
} Connect;

/*
 * ret->version is set also on failure: to MQTT_UNKNOWN if this does not look like MQTT at all
 * (another protocol name: REASON_MALFORMED_PACKET), to the number that was asked for with
 * REASON_UNSUPPORTED_PROTOCOL_VERSION [MQTT-3.1.2-2], which may be none of the enum, else to the
 * version. REASON_MALFORMED_PACKET: bit 0 of the flags [MQTT-3.1.2-3], will flags that do not fit
 * [MQTT-3.1.2-11 to -15], a password without a user name before MQTT 5 [MQTT-3.1.2-22], bytes
 * left over. REASON_TOPIC_NAME_INVALID: the will's topic. In MQTT 3.1 flags that have no meaning
 * are disregarded, and a user name or password may be missing in spite of its flag (3.1,
 * section 3.1).
 */
int connect_decode(Bytes body, Connect *ret);

/* In connect->version. */
int connect_encode(const Connect *connect, Buffer *to);
