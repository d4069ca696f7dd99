/* SPDX-License-Identifier: Apache-2.0 */
/* store-check.c: the broker's own eyes, and a count. */
#include "transfer/store-check.h"

#include <inttypes.h>
#include <stdio.h>

#include "broker/persist-key.h"

static int count(StoreTxn *txn, unsigned table, uint64_t *ret_n)
{
        _cleanup_(store_cursor_freep) StoreCursor *cursor = NULL;
        Bytes key, value;
        uint64_t n = 0;
        int r = store_cursor_new(txn, table, &cursor);

        if (r < 0)
                return r;
        for (r = store_cursor_seek(cursor, (Bytes){}, &key, &value); r > 0;
             r = store_cursor_next(cursor, &key, &value))
                n++;
        *ret_n = n;
        return r;
}

int store_check_init(StoreCheck *check, StoreTxn *txn)
{
        int r = 0;

        *check = (StoreCheck){};
        for (unsigned table = PERSIST_META + 1; table < PERSIST_TABLES && r == 0; table++)
                r = count(txn, table, &check->records[table]);
        return r < 0 ? r : persist_replay(txn, &check->image);
}

void store_check_done(StoreCheck *check)
{
        persist_image_free(check->image);
}

/* --- places --- */

static void write_key(Bytes key, char *to)
{
        for (size_t i = 0; i < key.length; i++) {
                uint8_t c = key.data[i];

                if (c >= 0x20 && c < 0x7f && c != '\\')
                        *to++ = (char)c;
                else
                        to += sprintf(to, "\\x%02x", c);
                if (i >= STORE_PLACE_SIZE / 4 - 32)
                        break;
        }
        *to = 0;
}

const char *store_place_text(unsigned table, Bytes key, char text[static STORE_PLACE_SIZE])
{
        const char *name = persist_tables[table];
        uint64_t message;
        uint32_t session;
        uint16_t packet_id;
        int n;

        if (table == PERSIST_LOG && persist_key_read_message(key, &message) == 0)
                snprintf(text, STORE_PLACE_SIZE, "%s: message %" PRIu64, name, message);
        else if (table == PERSIST_DONE && persist_key_read_done(key, &message, &session) == 0)
                snprintf(text, STORE_PLACE_SIZE, "%s: message %" PRIu64 ", session %" PRIu32, name,
                         message, session);
        else if ((table == PERSIST_FLIGHT || table == PERSIST_RECEIVED) &&
                 persist_key_read_packet(key, &session, &packet_id) == 0)
                snprintf(text, STORE_PLACE_SIZE, "%s: session %" PRIu32 ", packet %u", name,
                         session, packet_id);
        else {
                n = snprintf(text, STORE_PLACE_SIZE, "%s: ", name);
                write_key(key, text + n);
        }
        return text;
}
