/* SPDX-License-Identifier: Apache-2.0 */
/* mosquitto-import.c: from the file to the tables of the store (persist-format.h). */
#include "transfer/mosquitto-import.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "broker/persist-key.h"
#include "broker/persist-session.h"
#include "mqtt/property.h"

#define RECORDS_AT_ONCE 1024U

/* Reading is this much of the work, of 1000. */
#define SHARE_READ 300U

struct MosquittoImport {
        MosquittoImage image;
        MosquittoPlan plan;
        MosquittoTimes times;
        MosquittoCounts counts;
        StoreDraft *draft; /* while it writes */
        Buffer buffer;     /* of one record */
        unsigned part;
        size_t at; /* in the part */
};

int mosquitto_import_new(Bytes file, const MosquittoTimes *times, MosquittoImport **ret_import,
                         uint32_t *ret_version)
{
        MosquittoImport *import = calloc(1, sizeof(*import));
        int r;

        if (!import)
                return -ENOMEM;
        import->times = *times;
        r = mosquitto_image_init(&import->image, file);
        *ret_version = import->counts.version = import->image.file.layout.version;
        if (r < 0) {
                mosquitto_import_free(import);
                return r;
        }
        *ret_import = import;
        return 0;
}

MosquittoImport *mosquitto_import_free(MosquittoImport *import)
{
        if (!import)
                return NULL;
        mosquitto_plan_done(&import->plan);
        mosquitto_image_done(&import->image);
        buffer_done(&import->buffer);
        free(import);
        return NULL;
}

int mosquitto_import_read(MosquittoImport *import, bool partial)
{
        int r = mosquitto_image_read(&import->image, partial);

        return r != 0 ? r : mosquitto_plan_init(&import->plan, &import->image, &import->times);
}

size_t mosquitto_import_place(const MosquittoImport *import)
{
        return import->image.file.at;
}

const char *mosquitto_import_chunk(const MosquittoImport *import)
{
        return mosquitto_chunk_name(mosquitto_file_type(&import->image.file));
}

/* --- records --- */

static int put(MosquittoImport *import, unsigned table, const PersistKey *key)
{
        int r = store_draft_put(import->draft, table, persist_key_bytes(key),
                                buffer_bytes(&import->buffer));

        buffer_clear(&import->buffer);
        return r;
}

static MosquittoMessage message_at(const MosquittoImport *import, const ImageMessage *message)
{
        return mosquitto_file_again(&import->image.file, message->offset).message;
}

/* Of the properties those that are passed on: the others were Mosquitto's own business. */
static int begin_message(MosquittoImport *import, const ImageMessage *of, uint64_t number,
                         bool is_retained, RecordWriter *ret_record)
{
        MosquittoMessage found = message_at(import, of);
        size_t size = properties_select_size(found.properties, PROPERTIES_FORWARDED);
        _cleanup_free_ uint8_t *properties = malloc(size + 1);
        PersistMessage message = {
                .number = number,
                .received = import->times.now,
                .expires = found.expires > 0 ? (uint64_t)found.expires : PERSIST_NEVER,
                .topic = found.topic,
                .properties = {properties, size},
                .payload = found.payload,
                .flags = (uint8_t)(found.qos |
                                   (found.retain || is_retained ? PERSIST_MESSAGE_RETAIN : 0)),
        };

        if (!properties)
                return -ENOMEM;
        properties_select_write(found.properties, PROPERTIES_FORWARDED, properties);
        *ret_record = persist_message_begin(&import->buffer, &message);
        return 0;
}

static void put_taker(RecordWriter *record, const ImageDelivery *delivery)
{
        const uint32_t identifier = htole32(delivery->identifier);
        PersistTaker taker = {
                .session = delivery->session,
                .packet_id = delivery->kind == IMAGE_IN_FLIGHT ? delivery->packet_id : 0,
                .flags = (uint8_t)(delivery->qos | (delivery->retain ? PERSIST_TAKER_RETAIN : 0)),
                .n_identifiers = delivery->identifier != 0,
                .identifiers = (const uint8_t *)&identifier,
        };

        persist_taker_put(record, &taker);
}

/* --- sessions --- */

/* Once sent, PUBREC came: the message is no longer needed. */
static int write_released(MosquittoImport *import, const ImageDelivery *delivery)
{
        PersistKey key = persist_key_packet(delivery->session, delivery->packet_id);
        PersistFlight flight = {
                .order = delivery->number,
                .session = delivery->session,
                .packet_id = delivery->packet_id,
                .qos = delivery->qos,
        };
        int r = persist_flight_put(&import->buffer, &flight);

        return r < 0 ? r : put(import, PERSIST_FLIGHT, &key);
}

static int write_received(MosquittoImport *import, const ImageDelivery *delivery)
{
        PersistKey key = persist_key_packet(delivery->session, delivery->packet_id);
        uint8_t check[PERSIST_CHECK_SIZE];

        persist_check_put(persist_key_bytes(&key), check);
        return store_draft_put(import->draft, PERSIST_RECEIVED, persist_key_bytes(&key),
                               (Bytes){check, sizeof(check)});
}

/* What is in a message's record is written with it. */
static int write_deliveries(MosquittoImport *import, const ImageClient *client)
{
        int r = 0;

        for (uint32_t at = client->first_delivery; at != IMAGE_NONE && r == 0;) {
                const ImageDelivery *delivery = &import->image.deliveries[at];

                switch (delivery->kind) {
                case IMAGE_WAITS:
                        import->counts.waiting++;
                        break;
                case IMAGE_IN_FLIGHT:
                        import->counts.in_flight++;
                        break;
                case IMAGE_RELEASED:
                        import->counts.in_flight++;
                        r = write_released(import, delivery);
                        break;
                case IMAGE_RECEIVED:
                        import->counts.received++;
                        r = write_received(import, delivery);
                        break;
                default:
                        break;
                }
                at = delivery->next;
        }
        return r;
}

static int write_subscriptions(MosquittoImport *import, const ImageClient *client)
{
        const MosquittoImage *image = &import->image;
        int r = 0;

        for (uint32_t at = client->first_subscription; at != IMAGE_NONE && r == 0;
             at = image->subscriptions[at].next) {
                MosquittoSubscription found =
                        mosquitto_file_again(&image->file, image->subscriptions[at].offset)
                                .subscription;
                PersistFilter filter = {
                        .session = client->session,
                        .identifier = found.identifier,
                        .options = found.options,
                        .text = found.filter,
                };
                PersistKey key = persist_key_subscription(client->session, found.filter);

                r = persist_filter_put(&import->buffer, &filter);
                if (r == 0)
                        r = put(import, PERSIST_SUBSCRIPTION, &key);
                import->counts.subscriptions++;
        }
        return r;
}

static int write_client(MosquittoImport *import, size_t i)
{
        const ImageClient *client = import->image.clients[i];
        PersistSessionHead head = {
                .number = client->session,
                .client_id = client->client_id,
                .expiry = client->expiry,
                .end = client->end,
                .last_id = client->last_id,
        };
        PersistKey key = persist_key_session(client->session);
        int r;

        if (client->session == 0)
                return 0;
        r = persist_session_put(&import->buffer, &head);
        if (r == 0)
                r = put(import, PERSIST_SESSION, &key);
        if (r == 0)
                r = write_deliveries(import, client);
        import->counts.sessions++;
        return r < 0 ? r : write_subscriptions(import, client);
}

/* --- messages --- */

static int write_message(MosquittoImport *import, size_t i)
{
        const ImageMessage *message = &import->image.messages[i];
        PersistKey key = persist_key_message(message->number);
        RecordWriter record;
        int r;

        if (message->n_takers == 0)
                return 0;
        r = begin_message(import, message, message->number, false, &record);
        if (r < 0)
                return r;
        for (uint32_t taker = 0; taker < message->n_takers; taker++)
                put_taker(&record,
                          &import->image
                                   .deliveries[import->plan.takers[message->first_taker + taker]]);
        r = record_end(&record);
        return r < 0 ? r : put(import, PERSIST_LOG, &key);
}

static int write_copy(MosquittoImport *import, size_t i)
{
        const ImageDelivery *delivery = &import->image.deliveries[import->plan.copies[i]];
        PersistKey key = persist_key_message(delivery->number);
        RecordWriter record;
        int r;

        r = begin_message(import, &import->image.messages[delivery->message], delivery->number,
                          false, &record);
        if (r < 0)
                return r;
        put_taker(&record, delivery);
        r = record_end(&record);
        return r < 0 ? r : put(import, PERSIST_LOG, &key);
}

static int write_retained(MosquittoImport *import, size_t i)
{
        const ImageMessage *message =
                mosquitto_plan_message(&import->plan, import->image.retained[i]);
        StoreTxn *txn = store_draft_txn(import->draft);
        PersistKey key;
        RecordWriter record;
        Bytes old;
        int r;

        if (!message)
                return 0;
        key = persist_key_text(message_at(import, message).topic);
        r = store_get(txn, PERSIST_RETAINED, persist_key_bytes(&key), &old);
        if (r < 0)
                return r;
        import->counts.retained -= r > 0;
        if (message_at(import, message).payload.length == 0) {
                r = store_delete(txn, PERSIST_RETAINED, persist_key_bytes(&key));
                return MIN(r, 0);
        }
        import->counts.retained++;
        r = begin_message(import, message, message->number, true, &record);
        if (r == 0)
                r = record_end(&record);
        return r < 0 ? r : put(import, PERSIST_RETAINED, &key);
}

/* --- all --- */

/* `n`: where in an import the number of items is. */
static const struct {
        int (*write)(MosquittoImport *import, size_t i);
        size_t n;
} parts[] = {
        {write_client, offsetof(MosquittoImport, image.n_clients)},
        {write_message, offsetof(MosquittoImport, image.n_messages)},
        {write_copy, offsetof(MosquittoImport, plan.n_copies)},
        {write_retained, offsetof(MosquittoImport, image.n_retained)},
};

static size_t items_of(const MosquittoImport *import, unsigned part)
{
        size_t n;

        memcpy(&n, (const char *)import + parts[part].n, sizeof(n));
        return n;
}

int mosquitto_import_write(MosquittoImport *import, StoreDraft *draft)
{
        int r = 0;

        import->draft = draft;
        for (unsigned i = 0; i < RECORDS_AT_ONCE && r == 0; i++) {
                while (import->part < ARRAY_SIZE(parts) &&
                       import->at == items_of(import, import->part)) {
                        import->part++;
                        import->at = 0;
                }
                if (import->part == ARRAY_SIZE(parts))
                        return 0;
                r = parts[import->part].write(import, import->at++);
        }
        return r < 0 ? r : 1;
}

unsigned mosquitto_import_progress(const MosquittoImport *import)
{
        const MosquittoFile *file = &import->image.file;
        size_t all = 1, done = import->at;

        if (!import->plan.image)
                return (unsigned)(file->at / (file->bytes.length / SHARE_READ + 1));
        for (unsigned i = 0; i < ARRAY_SIZE(parts); i++) {
                all += items_of(import, i);
                done += i < import->part ? items_of(import, i) : 0;
        }
        return (unsigned)(SHARE_READ + (1000 - SHARE_READ) * done / all);
}

MosquittoCounts mosquitto_import_counts(const MosquittoImport *import)
{
        MosquittoCounts counts = import->counts;

        counts.sessions_over = import->plan.n_sessions_over;
        counts.messages_over = import->plan.n_messages_over;
        counts.qos_0 = import->plan.n_qos_0;
        counts.unowned = import->image.n_unowned + import->plan.n_missing;
        counts.damaged = import->image.n_damaged;
        counts.cut_at = import->image.cut_at;
        return counts;
}
