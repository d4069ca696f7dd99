/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The small answers to a client, counted and within its Maximum Packet Size.
 *
 * Thread: worker
 */
#pragma once

#include "access/scram-key.h"
#include "mqtt/protocol.h"
#include "server/connection.h"

/* PUBACK, PUBREC, PUBREL or PUBCOMP. Before MQTT 5 the reason is left out. 0 or -ENOMEM. */
int reply_ack(Connection *connection, PacketType type, uint16_t packet_id, uint8_t reason);

/* SUBACK or UNSUBACK with one reason per entry. 0, -ENOMEM, or REASON_PACKET_TOO_LARGE if the
 * client cannot take it [MQTT-3.1.2-24]. */
int reply_suback(Connection *connection, uint16_t packet_id, Bytes reasons);
int reply_unsuback(Connection *connection, uint16_t packet_id, Bytes reasons);

/* AUTH with the method and its data. As reply_suback(). */
int reply_auth(Connection *connection, uint8_t reason, ScramHash method, Bytes data);

/* 0 or -ENOMEM. */
int reply_pingresp(Connection *connection);
