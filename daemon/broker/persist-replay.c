/* SPDX-License-Identifier: Apache-2.0 */
/* persist-replay.c: table by table, each over what those before it said. */
#include "broker/persist-replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/persist-key.h"
#include "util/siphash.h"

/* --- what is found by a key --- */

static bool equals_session(const void *entry, Bytes key)
{
        return memcmp(&((const PersistSession *)entry)->number, key.data, sizeof(uint32_t)) == 0;
}

static Bytes topic_of(const PersistRetained *retained)
{
        return (Bytes){retained->topic, retained->topic_length};
}

static bool equals_topic(const void *entry, Bytes key)
{
        return bytes_equal(topic_of(entry), key);
}

static Bytes number_bytes(const uint32_t *number)
{
        return (Bytes){(const uint8_t *)number, sizeof(*number)};
}

PersistSession *persist_image_session(const PersistImage *image, uint32_t number)
{
        return hashmap_find(&image->sessions, hash_bytes(&number, sizeof(number)),
                            number_bytes(&number));
}

PersistRetained *persist_image_retained(const PersistImage *image, Bytes topic)
{
        return hashmap_find(&image->retained, hash_bytes(topic.data, topic.length), topic);
}

PersistImage *persist_image_free(PersistImage *image)
{
        PersistSession *session;
        PersistRetained *retained;

        if (!image)
                return NULL;
        hashmap_foreach (&image->sessions, i, session)
                persist_session_free(session);
        hashmap_foreach (&image->retained, i, retained)
                free(retained);
        hashmap_done(&image->sessions);
        hashmap_done(&image->retained);
        free(image->damaged);
        free(image);
        return NULL;
}

/* --- damage --- */

static int remember_damage(PersistImage *image, unsigned table, Bytes key)
{
        size_t capacity = MAX(image->damaged_capacity * 2, (size_t)8);
        PersistDamaged *damaged = image->damaged;

        if (image->n_damaged == image->damaged_capacity) {
                damaged = reallocarray(damaged, capacity, sizeof(*damaged));
                if (!damaged)
                        return -ENOMEM;
                image->damaged = damaged;
                image->damaged_capacity = capacity;
        }
        damaged += image->n_damaged++;
        damaged->table = table;
        damaged->key_length = MIN(key.length, sizeof(damaged->key));
        memcpy(damaged->key, key.data, damaged->key_length);
        return 0;
}

int persist_set_aside(StoreTxn *txn, const PersistImage *image)
{
        for (size_t i = 0; i < image->n_damaged; i++) {
                const PersistDamaged *damaged = &image->damaged[i];
                Bytes key = {damaged->key, damaged->key_length}, value;
                PersistKey aside = persist_key_damaged(damaged->table, key);
                _cleanup_free_ uint8_t *copy = NULL;
                int r = store_get(txn, damaged->table, key, &value);

                if (r > 0) /* a view does not outlive a change */
                        r = bytes_duplicate(value, &copy);
                if (r == 0 && copy)
                        r = store_put(txn, PERSIST_DAMAGED, persist_key_bytes(&aside),
                                      (Bytes){copy, value.length});
                if (r == 0)
                        r = store_delete(txn, damaged->table, key);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* --- sessions --- */

static int add_session(PersistImage *image, Bytes key, Bytes value)
{
        _cleanup_(persist_session_freep) PersistSession *session = NULL;
        PersistKey own;
        int r = persist_session_get(value, &session);

        if (r < 0)
                return r;
        own = persist_key_u32(session->number);
        if (!bytes_equal(key, persist_key_bytes(&own)))
                return -EBADMSG;
        r = hashmap_add(&image->sessions, hash_bytes(&session->number, sizeof(session->number)),
                        session);
        if (r < 0)
                return r;
        if (session->number >= image->next_session)
                image->next_session = session->number + 1;
        TAKE_PTR(session);
        return 0;
}

/* Only looked at: sessions know their clients, and who restores them reads the subscriptions. */
static int check_client(PersistImage *image, Bytes key, Bytes value)
{
        const PersistSession *session;
        PersistClient client;
        PersistKey own;
        int r = persist_client_get(value, &client);

        if (r < 0)
                return r;
        own = persist_key_text(client.client_id);
        session = persist_image_session(image, client.session);
        return bytes_equal(key, persist_key_bytes(&own)) && session &&
                               bytes_equal(persist_session_client_id(session), client.client_id)
                       ? 0
                       : -EBADMSG;
}

static int check_subscription(PersistImage *image, Bytes key, Bytes value)
{
        PersistFilter filter;
        PersistKey own;
        int r = persist_filter_get(value, &filter);

        if (r < 0)
                return r;
        own = persist_key_subscription(filter.session, filter.text);
        return bytes_equal(key, persist_key_bytes(&own)) &&
                               persist_image_session(image, filter.session)
                       ? 0
                       : -EBADMSG;
}

/* --- messages --- */

static int keep(PersistImage *image, const PersistMessage *message, bool in_log)
{
        uint64_t hash = hash_bytes(message->topic.data, message->topic.length);
        PersistRetained *retained = hashmap_find(&image->retained, hash, message->topic);
        int r;

        if (retained && retained->number >= message->number)
                return 0;
        if (message->payload.length == 0) {
                free(hashmap_remove(&image->retained, hash, message->topic));
                return 0;
        }
        if (!retained) {
                retained = malloc(sizeof(*retained) + message->topic.length);
                if (!retained)
                        return -ENOMEM;
                retained->topic_length = message->topic.length;
                memcpy(retained->topic, message->topic.data, message->topic.length);
                r = hashmap_add(&image->retained, hash, retained);
                if (r < 0) {
                        free(retained);
                        return r;
                }
        }
        retained->number = message->number;
        retained->in_log = in_log;
        return 0;
}

static int add_retained(PersistImage *image, Bytes key, Bytes value)
{
        PersistMessage message;
        PersistKey own;
        int r = persist_message_get(value, &message);

        if (r < 0)
                return r;
        own = persist_key_text(message.topic);
        if (!bytes_equal(key, persist_key_bytes(&own)) || message.payload.length == 0)
                return -EBADMSG;
        return keep(image, &message, false);
}

static int owe(PersistImage *image, const PersistMessage *message, const PersistTaker *taker)
{
        PersistSession *session = persist_image_session(image, taker->session);
        PersistOwed owed = {.message = message->number, .flags = taker->flags};

        if (!session) {
                image->n_takers_gone++;
                return 0;
        }
        if (message->number < session->cursor || persist_session_is_done(session, message->number))
                return 0;
        for (size_t i = 0; i < session->inflight.count; i++)
                if (session->inflight.items[i].message == message->number)
                        return 0;
        return persist_owed_add(&session->waiting, &owed);
}

/* All takers are read before the first counts: half a message would be worse than none. */
static int add_message(PersistImage *image, Bytes key, Bytes value)
{
        PersistMessage message;
        RecordReader takers;
        PersistTaker taker;
        uint64_t number;
        int r = persist_key_read_u64(key, &number);

        if (r == 0)
                r = persist_message_get(value, &message);
        if (r < 0)
                return r;
        takers = message.takers;
        while ((r = persist_taker_next(&takers, &taker)) > 0)
                ;
        if (r < 0 || message.number != number || number == 0)
                return -EBADMSG;
        if (image->first_message == 0)
                image->first_message = number;
        image->next_message = number + 1;
        takers = message.takers;
        while (r == 0 && persist_taker_next(&takers, &taker) > 0)
                r = owe(image, &message, &taker);
        if (r == 0 && message.flags & PERSIST_MESSAGE_KEEP)
                r = keep(image, &message, true);
        return r;
}

/* --- acknowledgements: what they are about may be gone, which is no damage --- */

static PersistOwed *find_inflight(PersistSession *session, uint64_t message, uint16_t packet_id)
{
        for (size_t i = 0; i < session->inflight.count; i++) {
                PersistOwed *owed = &session->inflight.items[i];

                if (packet_id ? owed->packet_id == packet_id : owed->message == message)
                        return owed;
        }
        return NULL;
}

/* At once: the list is as long as a window, the acknowledgements may be millions. */
static void end_inflight(PersistSession *session, PersistOwed *owed)
{
        PersistOwedList *list = &session->inflight;
        size_t at = (size_t)(owed - list->items);

        list->count--;
        memmove(owed, owed + 1, (list->count - at) * sizeof(*owed));
}

static int apply_sent(PersistSession *session, const PersistAck *ack)
{
        PersistOwed *waiting = persist_owed_find(&session->waiting, ack->message), owed;

        if (!waiting)
                return 0;
        owed = *waiting;
        owed.packet_id = ack->packet_id;
        waiting->gone = true;
        session->last_id = ack->packet_id;
        return persist_owed_add(&session->inflight, &owed);
}

static int apply_done(PersistSession *session, const PersistAck *ack)
{
        PersistOwed *owed = find_inflight(session, ack->message, 0);

        if (owed) {
                end_inflight(session, owed);
                return 0;
        }
        owed = persist_owed_find(&session->waiting, ack->message);
        if (owed)
                owed->gone = true;
        return 0;
}

static int apply_released(PersistSession *session, const PersistAck *ack)
{
        PersistOwed *owed = find_inflight(session, 0, ack->packet_id);

        if (owed) {
                owed->message = 0;
                owed->flags = PERSIST_OWED_RELEASED;
        }
        return 0;
}

static int apply_complete(PersistSession *session, const PersistAck *ack)
{
        PersistOwed *owed = find_inflight(session, 0, ack->packet_id);

        if (owed)
                end_inflight(session, owed);
        return 0;
}

static int apply_received(PersistSession *session, const PersistAck *ack)
{
        return packet_ids_contains(&session->received, ack->packet_id)
                       ? 0
                       : packet_ids_add(&session->received, ack->packet_id);
}

static int apply_freed(PersistSession *session, const PersistAck *ack)
{
        packet_ids_remove(&session->received, ack->packet_id);
        return 0;
}

static int (*const kinds[PERSIST_ACK_KINDS])(PersistSession *session, const PersistAck *ack) = {
        [PERSIST_ACK_SENT] = apply_sent,         [PERSIST_ACK_DONE] = apply_done,
        [PERSIST_ACK_RELEASED] = apply_released, [PERSIST_ACK_COMPLETE] = apply_complete,
        [PERSIST_ACK_RECEIVED] = apply_received, [PERSIST_ACK_FREED] = apply_freed,
};

static int add_acks(PersistImage *image, Bytes key, Bytes value)
{
        RecordReader acks;
        PersistAck ack;
        uint64_t number;
        int r = persist_key_read_u64(key, &number);

        if (r == 0)
                r = persist_acks_get(value, number, &acks);
        if (r < 0)
                return r;
        image->next_ack = number + 1;
        while (r == 0 && persist_ack_next(&acks, &ack) > 0) {
                PersistSession *session = persist_image_session(image, ack.session);

                if (session)
                        r = kinds[ack.kind](session, &ack);
        }
        return r;
}

/* --- all --- */

typedef struct Step {
        PersistTable table;
        int (*add)(PersistImage *image, Bytes key, Bytes value);
} Step;

static const Step steps[] = {
        {PERSIST_SESSION, add_session},
        {PERSIST_CLIENT, check_client},
        {PERSIST_SUBSCRIPTION, check_subscription},
        {PERSIST_RETAINED, add_retained},
        {PERSIST_LOG, add_message},
        {PERSIST_ACK, add_acks},
};

static int walk(StoreTxn *txn, const Step *step, PersistImage *image)
{
        _cleanup_(store_cursor_freep) StoreCursor *cursor = NULL;
        Bytes key, value;
        int r = store_cursor_new(txn, step->table, &cursor);

        if (r < 0)
                return r;
        for (r = store_cursor_seek(cursor, (Bytes){}, &key, &value); r > 0;
             r = store_cursor_next(cursor, &key, &value)) {
                r = step->add(image, key, value);
                if (r == -EBADMSG || r == -EPROTONOSUPPORT)
                        r = remember_damage(image, step->table, key);
                if (r < 0)
                        return r;
        }
        return r;
}

int persist_replay(StoreTxn *txn, PersistImage **ret_image)
{
        _cleanup_(persist_image_freep) PersistImage *image = calloc(1, sizeof(*image));
        PersistSession *session;
        int r = 0;

        if (!image)
                return -ENOMEM;
        hashmap_init(&image->sessions, equals_session);
        hashmap_init(&image->retained, equals_topic);
        image->next_message = image->next_ack = image->next_session = 1;
        for (size_t i = 0; i < ARRAY_SIZE(steps) && r == 0; i++)
                r = walk(txn, &steps[i], image);
        if (r < 0)
                return r;
        hashmap_foreach (&image->sessions, i, session) {
                persist_owed_compact(&session->inflight);
                persist_owed_compact(&session->waiting);
        }
        *ret_image = TAKE_PTR(image);
        return 0;
}
