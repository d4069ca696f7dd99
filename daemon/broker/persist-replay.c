/* SPDX-License-Identifier: Apache-2.0 */
/* persist-replay.c: table by table, each over what those before it said. */
#include "broker/persist-replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/persist-key.h"

typedef struct Done {
        uint64_t message;
        uint32_t session;
} Done;

typedef struct Replay {
        PersistImage *image;
        Done *done; /* in the order of messages */
        size_t n_done, done_capacity;
        size_t passed; /* so many of them are of messages that have been met */
} Replay;

static int leave(PersistImage *image, unsigned table, PersistKey key)
{
        return persist_image_leave(image, table, persist_key_bytes(&key));
}

/* --- what mentions sessions and messages --- */

static void mention_message(PersistImage *image, uint64_t message)
{
        image->last_message = MAX(image->last_message, message);
}

static PersistSession *mention_session(PersistImage *image, uint32_t number)
{
        image->last_session = MAX(image->last_session, number);
        return persist_image_session(image, number);
}

static int add_session(Replay *replay, Bytes key, Bytes value)
{
        PersistImage *image = replay->image;
        PersistSession *session = NULL;
        PersistSessionHead head;
        PersistKey own;
        int r = persist_session_get(value, &head);

        if (r < 0)
                return r;
        own = persist_key_session(head.number);
        r = bytes_equal(key, persist_key_bytes(&own)) ? persist_session_new(&head, &session)
                                                      : -EBADMSG;
        if (r < 0) {
                message_unref(head.will);
                return r;
        }
        r = persist_image_add(image, session);
        if (r < 0)
                persist_session_free(session);
        else
                mention_session(image, head.number);
        return r;
}

/* Only looked at: who restores sessions reads them. A session that is set aside takes its
 * subscriptions along. */
static int check_subscription(Replay *replay, Bytes key, Bytes value)
{
        PersistFilter filter;
        PersistKey own;
        int r = persist_filter_get(value, &filter);

        if (r < 0)
                return r;
        own = persist_key_subscription(filter.session, filter.text);
        return bytes_equal(key, persist_key_bytes(&own)) &&
                               mention_session(replay->image, filter.session)
                       ? 0
                       : -EBADMSG;
}

static int check_retained(Replay *replay, Bytes key, Bytes value)
{
        PersistMessage message;
        PersistKey own;
        int r = persist_message_get(value, &message);

        if (r < 0)
                return r;
        own = persist_key_text(message.topic);
        if (!bytes_equal(key, persist_key_bytes(&own)) || message.payload.length == 0)
                return -EBADMSG;
        mention_message(replay->image, message.number);
        replay->image->n_retained++;
        return 0;
}

static int add_received(Replay *replay, Bytes key, Bytes value)
{
        PersistSession *session;
        uint32_t number;
        uint16_t packet_id;
        int r = persist_key_read_packet(key, &number, &packet_id);

        if (r == 0)
                r = persist_check_get(key, value);
        if (r < 0)
                return r;
        session = mention_session(replay->image, number);
        return session ? packet_ids_add(&session->received, packet_id)
                       : persist_image_leave(replay->image, PERSIST_RECEIVED, key);
}

static int add_flight(Replay *replay, Bytes key, Bytes value)
{
        PersistSession *session;
        PersistFlight flight;
        PersistKey own;
        int r = persist_flight_get(value, &flight);

        if (r < 0)
                return r;
        own = persist_key_packet(flight.session, flight.packet_id);
        if (!bytes_equal(key, persist_key_bytes(&own)))
                return -EBADMSG;
        mention_message(replay->image, MAX(flight.message, flight.order));
        session = mention_session(replay->image, flight.session);
        if (!session)
                return persist_image_leave(replay->image, PERSIST_FLIGHT, key);
        return persist_session_add_exchange(session,
                                            &(PersistExchange){
                                                    .message = flight.message,
                                                    .order = flight.order,
                                                    .packet_id = flight.packet_id,
                                                    .flags = flight.message ? 0 : flight.qos,
                                                    .has_flight = true,
                                            });
}

static int add_done(Replay *replay, Bytes key, Bytes value)
{
        size_t capacity = MAX(replay->done_capacity * 2, (size_t)64);
        Done done, *larger;
        int r = persist_key_read_done(key, &done.message, &done.session);

        if (r == 0)
                r = persist_check_get(key, value);
        if (r < 0)
                return r;
        mention_message(replay->image, done.message);
        mention_session(replay->image, done.session);
        if (replay->n_done == replay->done_capacity) {
                larger = reallocarray(replay->done, capacity, sizeof(*larger));
                if (!larger)
                        return -ENOMEM;
                replay->done = larger;
                replay->done_capacity = capacity;
        }
        replay->done[replay->n_done++] = done;
        return 0;
}

/* --- messages --- */

/* Those of one message: [passed, passed + n). What is before it belongs to none. */
static int find_done(Replay *replay, uint64_t message, size_t *ret_n)
{
        size_t n = 0;

        for (; replay->passed < replay->n_done; replay->passed++) {
                const Done *done = &replay->done[replay->passed];
                int r;

                if (done->message >= message)
                        break;
                r = leave(replay->image, PERSIST_DONE,
                          persist_key_done(done->message, done->session));
                if (r < 0)
                        return r;
        }
        while (replay->passed + n < replay->n_done &&
               replay->done[replay->passed + n].message == message)
                n++;
        *ret_n = n;
        return 0;
}

static bool is_done(const Replay *replay, size_t n, uint32_t session)
{
        const Done *done = replay->done + replay->passed;
        size_t low = 0, high = n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (done[middle].session < session)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < n && done[low].session == session;
}

static int owe(PersistSession *session, uint64_t number, const PersistTaker *taker)
{
        PersistExchange *exchange = persist_session_find(session, number);

        if (exchange) {
                exchange->flags = taker->flags;
                return 0;
        }
        if (taker->packet_id == 0)
                return persist_session_add_waiting(session, &(PersistOwed){number, taker->flags});
        return persist_session_add_exchange(session, &(PersistExchange){
                                                             .message = number,
                                                             .order = number,
                                                             .packet_id = taker->packet_id,
                                                             .flags = taker->flags,
                                                     });
}

/* All takers are read before the first counts: half a message would be worse than none. */
static int check_message(Bytes key, Bytes value, PersistMessage *message)
{
        RecordReader takers;
        PersistTaker taker;
        uint64_t number;
        int r = persist_key_read_message(key, &number);

        if (r == 0)
                r = persist_message_get(value, message);
        if (r < 0)
                return r;
        takers = message->takers;
        while ((r = persist_taker_next(&takers, &taker)) > 0)
                ;
        return r < 0 || message->number != number || number == 0 ? -EBADMSG : 0;
}

static int leave_message(Replay *replay, Bytes key, size_t n_done)
{
        int r = persist_image_leave(replay->image, PERSIST_LOG, key);

        for (size_t i = 0; i < n_done && r == 0; i++) {
                const Done *done = &replay->done[replay->passed + i];

                r = leave(replay->image, PERSIST_DONE,
                          persist_key_done(done->message, done->session));
        }
        return r;
}

static int add_message(Replay *replay, Bytes key, Bytes value)
{
        PersistMessage message;
        PersistTaker taker;
        bool is_owed = false;
        size_t n_done;
        int r = check_message(key, value, &message);

        if (r == 0)
                r = find_done(replay, message.number, &n_done);
        if (r < 0)
                return r;
        mention_message(replay->image, message.number);
        while (r == 0 && persist_taker_next(&message.takers, &taker) > 0) {
                PersistSession *session = mention_session(replay->image, taker.session);

                if (!session || is_done(replay, n_done, taker.session))
                        continue;
                is_owed = true;
                r = owe(session, message.number, &taker);
        }
        if (r == 0 && !is_owed)
                r = leave_message(replay, key, n_done);
        replay->image->n_messages += is_owed;
        replay->passed += n_done;
        return r;
}

/* --- all --- */

typedef struct Step {
        PersistTable table;
        int (*add)(Replay *replay, Bytes key, Bytes value);
} Step;

static const Step steps[] = {
        {PERSIST_SESSION, add_session},     {PERSIST_SUBSCRIPTION, check_subscription},
        {PERSIST_RETAINED, check_retained}, {PERSIST_RECEIVED, add_received},
        {PERSIST_FLIGHT, add_flight},       {PERSIST_DONE, add_done},
        {PERSIST_LOG, add_message},
};

static int walk(StoreTxn *txn, const Step *step, Replay *replay)
{
        _cleanup_(store_cursor_freep) StoreCursor *cursor = NULL;
        PersistSession *session;
        Bytes key, value;
        int r = store_cursor_new(txn, step->table, &cursor);

        if (r < 0)
                return r;
        for (r = store_cursor_seek(cursor, (Bytes){}, &key, &value); r > 0;
             r = store_cursor_next(cursor, &key, &value)) {
                r = step->add(replay, key, value);
                if (r == -EBADMSG || r == -EPROTONOSUPPORT)
                        r = persist_image_damaged(replay->image, step->table, key);
                if (r < 0)
                        return r;
        }
        if (step->table == PERSIST_FLIGHT)
                hashmap_foreach (&replay->image->sessions, i, session)
                        persist_session_sort_by_message(session);
        return r;
}

static int compare_owed(const void *a, const void *b)
{
        const PersistOwed *x = a, *y = b;

        return (x->message > y->message) - (x->message < y->message);
}

/* The lowest message that waits, by QoS and by the worker that numbered it; 0: none does. */
typedef struct Lowest {
        uint64_t waits[3][PERSIST_WORKERS];
} Lowest;

/* At QoS 2 only those of which it is known that they came in the order of their numbers. */
static void find_lowest(const PersistSession *session, Lowest *lowest)
{
        for (size_t i = session->n_waiting; i > 0; i--) {
                const PersistOwed *owed = &session->waiting[i - 1];
                uint8_t qos = owed->flags & PERSIST_TAKER_QOS;

                if (qos == 1 || !(owed->flags & PERSIST_TAKER_MORE))
                        lowest->waits[qos][owed->message & (PERSIST_WORKERS - 1)] = owed->message;
        }
}

/*
 * Sent at once, it says, but one before it waits: then that one was in flight too, and the crash
 * has come before its key. At QoS 2 it was held, so this one was never sent; at QoS 1 it may be
 * sent again. Both wait, in their order.
 */
static bool has_overtaken(const PersistExchange *exchange, const Lowest *lowest)
{
        uint64_t waits = lowest->waits[exchange->flags & PERSIST_TAKER_QOS]
                                      [exchange->message & (PERSIST_WORKERS - 1)];

        return exchange->message != 0 && !exchange->has_flight && waits != 0 &&
               waits < exchange->message;
}

/* What became of one that is in flight. True: it is. */
static bool is_settled(const PersistExchange *exchange, const PacketIds *ids, const Lowest *lowest)
{
        return exchange->flags != 0 && !packet_ids_contains(ids, exchange->packet_id) &&
               !has_overtaken(exchange, lowest);
}

/* No log record knows its message, or its identifier was given again: the newer one has it, for
 * what was older was over then. A message that is owed all the same waits. */
static int unsettle(PersistImage *image, PersistSession *session, const PersistExchange *exchange)
{
        int r = 0;

        if (exchange->has_flight)
                r = leave(image, PERSIST_FLIGHT,
                          persist_key_packet(session->head.number, exchange->packet_id));
        if (r == 0 && exchange->message != 0 && exchange->flags != 0)
                r = persist_session_add_waiting(session,
                                                &(PersistOwed){exchange->message, exchange->flags});
        return r;
}

static int settle(PersistImage *image, PersistSession *session, PacketIds *ids)
{
        size_t waiting = session->n_waiting, kept = session->n_inflight, i = kept;
        Lowest lowest = {};
        int r = 0;

        if (kept > 0)
                find_lowest(session, &lowest);
        persist_session_sort_by_order(session);
        while (i > 0 && r == 0) {
                PersistExchange exchange = session->inflight[--i];

                if (is_settled(&exchange, ids, &lowest)) {
                        session->inflight[--kept] = exchange;
                        r = packet_ids_add(ids, exchange.packet_id);
                } else {
                        r = unsettle(image, session, &exchange);
                }
        }
        if (r < 0)
                return r;
        session->n_inflight -= kept;
        if (kept > 0 && session->n_inflight > 0)
                memmove(session->inflight, session->inflight + kept,
                        session->n_inflight * sizeof(*session->inflight));
        if (session->n_waiting > waiting)
                qsort(session->waiting, session->n_waiting, sizeof(*session->waiting),
                      compare_owed);
        return 0;
}

static int settle_all(Replay *replay)
{
        PersistSession *session;
        size_t n;
        int r = find_done(replay, UINT64_MAX, &n);

        if (r < 0)
                return r;
        hashmap_foreach (&replay->image->sessions, i, session) {
                PacketIds ids = {};

                r = settle(replay->image, session, &ids);
                packet_ids_done(&ids);
                if (r < 0)
                        return r;
        }
        return 0;
}

int persist_replay(StoreTxn *txn, PersistImage **ret_image)
{
        _cleanup_(persist_image_freep) PersistImage *image = persist_image_new();
        Replay replay = {.image = image};
        int r = 0;

        if (!image)
                return -ENOMEM;
        for (size_t i = 0; i < ARRAY_SIZE(steps) && r == 0; i++)
                r = walk(txn, &steps[i], &replay);
        if (r == 0)
                r = settle_all(&replay);
        free(replay.done);
        if (r < 0)
                return r;
        *ret_image = TAKE_PTR(image);
        return 0;
}
