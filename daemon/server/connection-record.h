/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A connection as a record (broker/record.h): all that makes it go on in another process, but for
 * the socket and the session. It stands behind the record of its session, the payloads that its
 * output shares before it.
 *
 * Thread: worker
 */
#pragma once

#include "server/connection.h"
#include "server/payloads.h"

#define CONNECTION_RECORD (RECORD_TYPE_OTHERS | 1U)
/* The same for one that is a WebSocket. A process that does not know them passes it over, where it
 * would serve a CONNECTION_RECORD as bare MQTT. */
#define WEBSOCKET_RECORD (RECORD_TYPE_OTHERS | 4U)

/* What to know of a record before there is a connection. Views into the record. */
typedef struct ConnectionRecord {
        uint32_t number;
        uint16_t flags;
        bool has_session;
        bool is_websocket;
        Bytes listener;    /* its name in the settings */
        Bytes mount_point; /* of that listener */
        Address peer;
        uint8_t refuse;
        RecordReader rest; /* for connection_record_apply() */
        Bytes proof;       /* after it: a LoginFingerprint; empty: it needed none */
} ConnectionRecord;

/*
 * Writes one that waits for CONNECT or is open, over a plain transport or a WebSocket that can
 * leave; number: under which its socket travels. 0, -ENOMEM, -E2BIG.
 */
int connection_record_write(const Connection *connection, uint32_t number,
                            PayloadsWritten *payloads, Buffer *to);

/* 0 or -EBADMSG. */
int connection_record_read(const Record *record, ConnectionRecord *ret_record);

/* Makes a new connection, in no loop yet, what the record says; an open one has no session yet. 0,
 * -ENOMEM, -EBADMSG: then it can only be freed. */
int connection_record_apply(ConnectionRecord *record, const PayloadsRead *payloads,
                            Connection *connection);
