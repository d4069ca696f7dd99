/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A record of a broker's store, of whatever table, as what it says; and back.
 *
 * Thread: any
 */
#pragma once

#include <stdint.h>

#include "broker/persist-key.h"
#include "broker/persist-record.h"
#include "broker/persist-session.h"
#include "util/buffer.h"
#include "util/bytes.h"
#include "util/macro.h"

/* Views into key and value, but for the will. */
typedef struct StoreRecord {
        unsigned table; /* PersistTable */
        union {
                PersistMessage message; /* PERSIST_LOG, PERSIST_RETAINED */
                PersistSessionHead session;
                PersistFilter subscription;
                PersistFlight flight;
                struct {
                        uint64_t message;
                        uint32_t session;
                } done;
                struct {
                        uint32_t session;
                        uint16_t packet_id;
                } received;
                struct { /* PERSIST_META, PERSIST_DAMAGED */
                        Bytes key, value;
                } raw;
        };
} StoreRecord;

/* All of it is checked, also that the key is that of the value. 0; -EBADMSG: it does not add up;
 * -EPROTONOSUPPORT: a newer broker's; -ENOMEM. */
int store_record_read(unsigned table, Bytes key, Bytes value, StoreRecord *ret_record);
void store_record_done(StoreRecord *record);

/* The value is appended to the buffer. 0, -ENOMEM, -E2BIG, -EBADMSG for takers that cannot be. */
int store_record_write(const StoreRecord *record, Buffer *value, PersistKey *ret_key);

/* Whether it is the store's own: nothing of a broker's. */
bool store_record_is_own(unsigned table, Bytes key);
