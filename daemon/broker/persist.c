/* SPDX-License-Identifier: Apache-2.0 */
/* persist.c: the change of a turn, and what waits for those that were handed over. */
#include "broker/persist.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "broker/persist-encode.h"
#include "broker/persist-key.h"
#include "broker/persist-turn.h"
#include "broker/persist-waits.h"
#include "broker/persist-wills.h"
#include "broker/ring.h"

/* Until persist_submitted() tells the number. */
#define NOT_SUBMITTED (UINT64_MAX - 1)

struct Persist {
        PersistParts parts;
        PersistTurn turn;
        PersistClock clock;
        uint64_t drawn, last_order;
        uint64_t confirmed[PERSIST_WORKERS];
        uint64_t settled[PERSIST_WORKERS];
        PersistWaits own; /* for changes of this worker */
        PersistWaits waits[PERSIST_WORKERS];
        PersistWaits ready; /* held no more; the first `n_told` are told */
        size_t n_told;
        Ring touched; /* SessionId */
        PersistWills wills;
};

int persist_new(const PersistParts *parts, Persist **ret_persist)
{
        Persist *persist = calloc(1, sizeof(*persist));
        uint64_t last;

        assert(parts->worker < PERSIST_WORKERS);
        if (!persist)
                return -ENOMEM;
        persist->parts = *parts;
        ring_init(&persist->touched, sizeof(SessionId));
        last = persist_numbers_last(parts->numbers);
        for (unsigned i = 0; i < PERSIST_WORKERS; i++)
                persist->confirmed[i] = persist->settled[i] = last;
        *ret_persist = persist;
        return 0;
}

Persist *persist_free(Persist *persist)
{
        if (!persist)
                return NULL;
        persist_turn_done(&persist->turn);
        persist_waits_done(&persist->own);
        for (unsigned i = 0; i < PERSIST_WORKERS; i++)
                persist_waits_done(&persist->waits[i]);
        persist_waits_done(&persist->ready);
        ring_done(&persist->touched);
        persist_wills_done(&persist->wills);
        free(persist);
        return NULL;
}

/* --- time --- */

void persist_set_relaxed(Persist *persist, bool relaxed)
{
        persist->parts.relaxed = relaxed;
}

void persist_set_clock(Persist *persist, msec_t boottime, uint64_t realtime)
{
        persist->clock = (PersistClock){boottime, realtime};
}

/* --- numbers --- */

uint64_t persist_number(Persist *persist)
{
        persist->drawn = persist_numbers_message(persist->parts.numbers, persist->parts.worker);
        return persist->drawn;
}

uint64_t persist_drawn(const Persist *persist)
{
        return persist->drawn;
}

uint32_t persist_session_number(Persist *persist)
{
        return persist_numbers_session(persist->parts.numbers);
}

/* --- a turn --- */

Change **persist_change(Persist *persist)
{
        return persist_turn_change(&persist->turn);
}

static bool is_open(const Persist *persist)
{
        const PersistWaits *own = &persist->own;

        return own->count > 0 && own->items[own->count - 1].until == NOT_SUBMITTED;
}

/* Something may wait for it though there is nothing in it. */
int persist_take(Persist *persist, Change **ret_change)
{
        if (is_open(persist))
                (void)persist_change(persist);
        return persist_turn_take(&persist->turn, ret_change);
}

void persist_submitted(Persist *persist, uint64_t number)
{
        PersistWaits *own = &persist->own;

        for (size_t i = own->count; i > 0 && own->items[i - 1].until == NOT_SUBMITTED; i--)
                own->items[i - 1].until = number;
}

static void wait(Persist *persist, PersistWaits *waits, const PersistWait *what)
{
        if (persist_waits_add(waits, what) < 0)
                persist->turn.error = -ENOMEM;
}

/* --- done --- */

static void delete_message(Change **change, uint64_t message, TakersDone *others)
{
        PersistKey key = persist_key_message(message);

        change_delete(change, PERSIST_LOG, persist_key_bytes(&key));
        for (uint32_t i = 0; others && i < others->count; i++) {
                key = persist_key_done(message, others->sessions[i]);
                change_delete(change, PERSIST_DONE, persist_key_bytes(&key));
        }
        free(others);
}

/* The record is on the disk, or in front of this in the same lane. */
static void put_done(Persist *persist, uint64_t message, uint32_t session, Change **change)
{
        PersistKey key = persist_key_done(message, session);
        uint8_t check[PERSIST_CHECK_SIZE];
        TakersDone *others = NULL;

        if (!change)
                return;
        if (takers_done(persist->parts.takers, message, session, &others) != TAKERS_OTHERS) {
                delete_message(change, message, others);
                return;
        }
        persist_check_put(persist_key_bytes(&key), check);
        change_put(change, PERSIST_DONE, persist_key_bytes(&key), (Bytes){check, sizeof(check)});
        wait(persist, &persist->own, &(PersistWait){NOT_SUBMITTED, message, session, 0});
}

static void done(Persist *persist, uint64_t message, uint32_t session, Change **change)
{
        if (persist_is_confirmed(persist, message))
                put_done(persist, message, session, change);
        else
                wait(persist, &persist->waits[persist_worker_of(message)],
                     &(PersistWait){message, message, session, 0});
}

void persist_done(Persist *persist, uint64_t message, uint32_t session)
{
        done(persist, message, session, persist_change(persist));
}

/* --- what is on the disk --- */

bool persist_is_idle(const Persist *persist)
{
        size_t n = persist->own.count + persist->ready.count + persist->touched.count +
                   persist->wills.count;

        for (unsigned i = 0; i < PERSIST_WORKERS; i++)
                n += persist->waits[i].count;
        return n == 0 && persist_turn_is_empty(&persist->turn);
}

bool persist_is_confirmed(const Persist *persist, uint64_t message)
{
        return message <= persist->confirmed[persist_worker_of(message)];
}

void persist_settle(Persist *persist, unsigned worker, uint64_t message)
{
        persist->settled[worker] = MAX(persist->settled[worker], message);
}

bool persist_is_settled(const Persist *persist, uint64_t message)
{
        return message <= persist->settled[persist_worker_of(message)];
}

void persist_durable(Persist *persist, uint64_t number)
{
        PersistWaitsWalk walk = {};
        PersistWait over;

        while (persist_waits_take(&persist->own, &walk, number, &over)) {
                TakersDone *all = NULL;
                Change **change;

                if (over.packet_id != 0) {
                        over.until = over.message;
                        wait(persist,
                             persist_is_confirmed(persist, over.message)
                                     ? &persist->ready
                                     : &persist->waits[persist_worker_of(over.message)],
                             &over);
                } else if (takers_settled(persist->parts.takers, over.message, &all) ==
                           TAKERS_LAST) {
                        change = persist_change(persist);
                        if (change)
                                delete_message(change, over.message, all);
                        else
                                free(all);
                }
        }
}

void persist_confirm(Persist *persist, unsigned worker, uint64_t message)
{
        PersistWaitsWalk walk = {};
        PersistWait over;

        if (message <= persist->confirmed[worker])
                return;
        persist->confirmed[worker] = message;
        while (persist_waits_take(&persist->waits[worker], &walk, message, &over)) {
                if (over.packet_id != 0)
                        wait(persist, &persist->ready, &over);
                else
                        put_done(persist, over.message, (uint32_t)over.session,
                                 persist_change(persist));
        }
}

bool persist_hold(Persist *persist, const PersistReady *held, bool written)
{
        PersistWait what = {NOT_SUBMITTED, held->message, held->session, held->packet_id};
        PersistWaits *waits = &persist->own;

        if (persist->parts.relaxed)
                return false;
        if (!written) {
                if (persist_is_confirmed(persist, held->message))
                        return false;
                what.until = held->message;
                waits = &persist->waits[persist_worker_of(held->message)];
        }
        return persist_waits_add(waits, &what) == 0;
}

bool persist_next_ready(Persist *persist, PersistReady *ret_ready)
{
        const PersistWait *next;

        if (persist->n_told == persist->ready.count) {
                persist->n_told = persist->ready.count = 0;
                return false;
        }
        next = &persist->ready.items[persist->n_told++];
        *ret_ready = (PersistReady){next->session, next->message, next->packet_id};
        return true;
}

/* --- publications --- */

static void put_log(Persist *persist, const PersistPublication *publication, Change **change)
{
        uint64_t number = message_number(publication->message);
        PersistKey key = persist_key_message(number);
        int r = 0;

        assert(number != 0);
        if (publication->takers->count > 1)
                r = takers_add(persist->parts.takers, number, publication->takers->count);
        if (r == 0)
                r = persist_encode_message(&persist->clock, publication->message,
                                           publication->takers, &persist->turn.scratch);
        if (r == 0)
                change_append(change, PERSIST_LOG, persist_key_bytes(&key),
                              buffer_bytes(&persist->turn.scratch));
        else
                (*change)->head.error = r;
        buffer_clear(&persist->turn.scratch);
}

void persist_publication(Persist *persist, const PersistPublication *publication, Change **change)
{
        if (!change)
                change = persist_change(persist);
        if (!change)
                return;
        if (publication->takers && publication->takers->count > 0)
                put_log(persist, publication, change);
        if (publication->received != 0) {
                PersistKey key = persist_key_packet(publication->publisher, publication->received);
                uint8_t check[PERSIST_CHECK_SIZE];

                persist_check_put(persist_key_bytes(&key), check);
                change_put(change, PERSIST_RECEIVED, persist_key_bytes(&key),
                           (Bytes){check, sizeof(check)});
        }
        if (publication->replaces != 0)
                done(persist, publication->replaces, publication->replaced_session, change);
        if (publication->will_of != 0)
                persist_will_over(persist, publication->will_of);
}

void persist_retained(Persist *persist, const Message *message, Change **change)
{
        PersistKey key = persist_key_text(message_topic(message));
        int r;

        if (message->payload_length == 0) {
                persist_retained_delete(message_topic(message), change);
                return;
        }
        r = persist_encode_message(&persist->clock, message, NULL, &persist->turn.scratch);
        if (r == 0)
                change_put(change, PERSIST_RETAINED, persist_key_bytes(&key),
                           buffer_bytes(&persist->turn.scratch));
        else
                (*change)->head.error = r;
        buffer_clear(&persist->turn.scratch);
}

void persist_retained_delete(Bytes topic, Change **change)
{
        PersistKey key = persist_key_text(topic);

        change_delete(change, PERSIST_RETAINED, persist_key_bytes(&key));
}

/* --- sessions --- */

void persist_touch(Persist *persist, SessionId session)
{
        if (ring_push(&persist->touched, &session) < 0)
                persist->turn.error = -ENOMEM;
}

SessionId persist_next_touched(Persist *persist)
{
        const SessionId *first = ring_first(&persist->touched);
        SessionId session = first ? *first : SESSION_ID_NONE;

        if (first)
                ring_pop(&persist->touched);
        return session;
}

void persist_will_taken(Persist *persist, uint32_t number, SessionId session)
{
        if (persist_wills_add(&persist->wills, number, session) < 0)
                persist->turn.error = -ENOMEM;
}

void persist_will_over(Persist *persist, uint32_t number)
{
        PersistKey key;
        PersistWill will;

        if (!persist_wills_take(&persist->wills, number, &will))
                return;
        key = persist_key_session(number);
        if (will.has_ended)
                persist_turn_delete(&persist->turn, PERSIST_SESSION, &key);
        else
                persist_touch(persist, will.session);
}

void persist_write_session(Persist *persist, const PersistSessionHead *head)
{
        const PersistKey key = persist_key_session(head->number);
        PersistSessionHead real = *head;

        if (persist_wills_find(&persist->wills, head->number))
                return; /* then it is touched again */
        real.end = head->end == 0 ? 0 : persist_clock_real(&persist->clock, head->end);
        real.will_due =
                head->will_due == 0 ? 0 : persist_clock_real(&persist->clock, head->will_due);
        persist_turn_put_scratch(&persist->turn, PERSIST_SESSION, &key,
                                 persist_session_put(&persist->turn.scratch, &real));
}

void persist_forget_session(Persist *persist, uint32_t session)
{
        const PersistKey key = persist_key_session(session);
        PersistWill *will = persist_wills_find(&persist->wills, session);

        if (will)
                will->has_ended = true;
        else
                persist_turn_delete(&persist->turn, PERSIST_SESSION, &key);
}

void persist_subscribed(Persist *persist, const PersistFilter *filter)
{
        const PersistKey key = persist_key_subscription(filter->session, filter->text);

        persist_turn_put_scratch(&persist->turn, PERSIST_SUBSCRIPTION, &key,
                                 persist_filter_put(&persist->turn.scratch, filter));
}

void persist_unsubscribed(Persist *persist, uint32_t session, Bytes filter)
{
        const PersistKey key = persist_key_subscription(session, filter);

        persist_turn_delete(&persist->turn, PERSIST_SUBSCRIPTION, &key);
}

static void put_flight(Persist *persist, const PersistFlight *flight)
{
        const PersistKey key = persist_key_packet(flight->session, flight->packet_id);

        persist_turn_put_scratch(&persist->turn, PERSIST_FLIGHT, &key,
                                 persist_flight_put(&persist->turn.scratch, flight));
}

uint64_t persist_sent(Persist *persist, const PersistFlight *flight)
{
        PersistFlight ordered = *flight;

        ordered.order = persist->last_order = persist_number(persist);
        put_flight(persist, &ordered);
        return ordered.order;
}

bool persist_is_behind(const Persist *persist, uint64_t message)
{
        return message < persist->last_order;
}

/* In whose place among what is in flight does not matter. */
void persist_released(Persist *persist, uint32_t session, uint16_t packet_id)
{
        put_flight(persist, &(PersistFlight){.order = persist_number(persist),
                                             .session = session,
                                             .packet_id = packet_id,
                                             .qos = 2});
}

void persist_landed(Persist *persist, uint32_t session, uint16_t packet_id)
{
        const PersistKey key = persist_key_packet(session, packet_id);

        persist_turn_delete(&persist->turn, PERSIST_FLIGHT, &key);
}

void persist_received(Persist *persist, uint32_t session, uint16_t packet_id)
{
        PersistKey key = persist_key_packet(session, packet_id);
        uint8_t check[PERSIST_CHECK_SIZE];

        persist_check_put(persist_key_bytes(&key), check);
        persist_turn_put(&persist->turn, PERSIST_RECEIVED, &key, (Bytes){check, sizeof(check)});
}

void persist_freed(Persist *persist, uint32_t session, uint16_t packet_id)
{
        const PersistKey key = persist_key_packet(session, packet_id);

        persist_turn_delete(&persist->turn, PERSIST_RECEIVED, &key);
}
