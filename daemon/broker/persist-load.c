/* SPDX-License-Identifier: Apache-2.0 */
/* persist-load.c: sessions first, then what is theirs, table by table. */
#include "broker/persist-load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/persist-key.h"
#include "broker/sender-leave.h"

typedef struct Load {
        StoreTxn *txn;
        PersistImage *image;
        const PersistTarget *target; /* NULL: no model is made */
        Takers *takers;
        PersistLoaded loaded;
} Load;

/* --- time --- */

static msec_t boot_of(const PersistClock *clock, uint64_t realtime)
{
        uint64_t left;

        if (realtime == PERSIST_NEVER)
                return MSEC_INFINITY;
        if (realtime <= clock->realtime)
                return clock->boottime;
        left = realtime - clock->realtime;
        return left > MSEC_INFINITY / MSEC_PER_SEC ? MSEC_INFINITY
                                                   : msec_add(clock->boottime, left * MSEC_PER_SEC);
}

/* Of a message: seconds, never MESSAGE_NEVER_EXPIRES. A clock that was set back gives it no more
 * time than it had when it came. */
static uint32_t expires_of(const PersistClock *clock, const PersistMessage *message)
{
        const PersistClock since = {
                .boottime = clock->boottime,
                .realtime = MAX(clock->realtime, message->received),
        };
        uint64_t second = boot_of(&since, message->expires) / MSEC_PER_SEC;

        return message->expires == PERSIST_NEVER
                       ? MESSAGE_NEVER_EXPIRES
                       : (uint32_t)MIN(second, (uint64_t)MESSAGE_NEVER_EXPIRES - 1);
}

static bool is_expired(const PersistTarget *target, const PersistMessage *message)
{
        return message->expires <= target->clock.realtime;
}

int persist_load_message(const PersistClock *clock, const PersistMessage *message,
                         Message **ret_message)
{
        MessageParts parts = {
                .topic = message->topic,
                .properties = message->properties,
                .payload = message->payload,
                .expires = expires_of(clock, message),
                .qos = message->flags & PERSIST_MESSAGE_QOS,
                .retain = message->flags & PERSIST_MESSAGE_RETAIN,
                .number = message->number,
                .author = message->flags & PERSIST_MESSAGE_AUTHOR ? &message->author : NULL,
        };

        return message_new(&parts, ret_message);
}

/* --- sessions --- */

/*
 * It ends when it was to end, or earlier if the settings have become stricter. One that was
 * connected is away from now on, and its record will say so: it is told its number first.
 */
static void detach(const PersistTarget *target, Sessions *sessions, Session *session,
                   const PersistSessionHead *head)
{
        Sender *sender = session_inside(session).sender;
        const SessionDue *due = session_due(session);

        if (head->end == 0) {
                sender->number = head->number;
                sessions_detach(sessions, session, MAX(target->now, target->clock.boottime));
                return;
        }
        sessions_detach(sessions, session, MAX(target->now, target->clock.boottime));
        sender->number = head->number;
        sessions_restore_due(sessions, session,
                             session_has_will(session) ? boot_of(&target->clock, head->will_due)
                                                       : MSEC_INFINITY,
                             MIN(due->end, boot_of(&target->clock, head->end)));
}

static int make_session(Load *load, PersistSession *stored)
{
        const PersistTarget *target = load->target;
        PersistSessionHead *head = &stored->head;
        Sessions *sessions = target->sessions_of(target->data, head->client_id);
        Session *session;
        int r;

        /* Two of one name: only damage makes that. The other one has it. */
        if (sessions_find(sessions, head->client_id))
                return 0;
        r = sessions_open(sessions, head->client_id, &session);
        if (r == 0)
                r = session_own(session, head->owner, -1);
        if (r < 0)
                return r;
        session_attach(session, &(SessionAttach){.expiry_interval = head->expiry});
        session_set_will(session, TAKE_PTR(head->will), head->will_delay);
        detach(target, sessions, session, head);
        *session_inside(session).received = stored->received;
        stored->received = (PacketIds){};
        stored->session = session;
        load->loaded.sessions++;
        return 0;
}

static int add_subscription(Load *load, Bytes key, Bytes value)
{
        const PersistSession *stored;
        PersistFilter filter;
        bool existed;
        int r = persist_filter_get(value, &filter);

        if (r < 0)
                return 0; /* replay has found that out */
        stored = persist_image_session(load->image, filter.session);
        if (!stored || !stored->session)
                return 0;
        r = session_subscribe(stored->session, filter.text, filter.options, filter.identifier,
                              &existed);
        load->loaded.subscriptions += r == 0;
        return r == -ENOMEM ? r : 0;
}

/* --- messages --- */

static int add_retained(Load *load, Bytes key, Bytes value)
{
        _cleanup_(message_unrefp) Message *kept = NULL;
        PersistMessage message;
        int r;

        if (persist_message_get(value, &message) < 0)
                return 0;
        if (is_expired(load->target, &message)) {
                load->loaded.expired++;
                return persist_image_leave(load->image, PERSIST_RETAINED, key);
        }
        r = persist_load_message(&load->target->clock, &message, &kept);
        if (r == 0)
                r = retained_set(load->target->retained, kept);
        load->loaded.retained += r == 0;
        return r == -ENOMEM ? r : 0;
}

/* Where a taker has the message. */
typedef struct Place {
        PersistSession *stored;    /* NULL: it is done with it */
        PersistExchange *exchange; /* NULL: it waits */
} Place;

static Place find_place(const Load *load, uint64_t message, const PersistTaker *taker)
{
        PersistSession *stored = persist_image_session(load->image, taker->session);
        Place place = {};

        if (!stored || (load->target && !stored->session))
                return place;
        place.exchange = persist_session_find(stored, message);
        if (place.exchange ||
            (stored->next < stored->n_waiting && stored->waiting[stored->next].message == message))
                place.stored = stored;
        return place;
}

/* The group is there as long as it has members; what is owed in its name is the session's now. */
static int hold_group(const Load *load, const PersistTaker *taker, ShareGroup **ret_group)
{
        TopicFilter filter;
        int r;

        if (taker->group.length == 0 || topic_filter_parse(taker->group, &filter) != 0 ||
            filter.group.length == 0) {
                *ret_group = NULL;
                return 0;
        }
        r = router_hold_group(load->target->router, &filter, ret_group);
        if (r == -E2BIG)
                *ret_group = NULL;
        return r == -ENOMEM ? r : 0;
}

static int make_outgoing(const Load *load, Message *message, const PersistTaker *taker,
                         Outgoing *ret_outgoing)
{
        _cleanup_free_ uint32_t *identifiers = NULL;
        RecordReader reader =
                record_reader((Bytes){taker->identifiers, taker->n_identifiers * sizeof(uint32_t)});
        ShareGroup *group;
        int r;

        if (taker->n_identifiers > 0) {
                identifiers = malloc(taker->n_identifiers * sizeof(uint32_t));
                if (!identifiers)
                        return -ENOMEM;
        }
        for (unsigned i = 0; i < taker->n_identifiers; i++)
                identifiers[i] = record_get_u32(&reader);
        r = hold_group(load, taker, &group);
        if (r < 0)
                return r;
        r = outgoing_init(ret_outgoing, &(Offer){
                                                .message = message,
                                                .identifiers = identifiers,
                                                .n_identifiers = taker->n_identifiers,
                                                .qos = taker->flags & PERSIST_TAKER_QOS,
                                                .retain = taker->flags & PERSIST_TAKER_RETAIN,
                                                .group = group,
                                        });
        if (group)
                router_release_group(load->target->router, group);
        return r;
}

static int enqueue(PersistSession *stored, Outgoing *outgoing, bool shelves)
{
        const Message *message = outgoing->message;
        Sender *sender = session_inside(stored->session).sender;
        int r = 0;

        if (!sender->outbox)
                r = outbox_new(sender->owner, &sender->outbox);
        if (r == 0)
                r = outbox_push(sender->outbox, outgoing);
        if (r < 0) {
                outgoing_done(outgoing);
                return r;
        }
        sender_count_in(sender, message);
        stored->next++;
        if (!shelves)
                return 0;
        r = outbox_shelve(sender->outbox);
        return r < 0 ? r : 0;
}

static int give(Load *load, Message *message, const PersistTaker *taker, Place place)
{
        Outgoing outgoing;
        int r = make_outgoing(load, message, taker, &outgoing);

        if (r < 0)
                return r;
        if (!place.exchange)
                return enqueue(place.stored, &outgoing, load->target->shelves);
        outgoing_done(&place.exchange->loaded); /* of a session that is named twice */
        place.exchange->loaded = outgoing;
        return 0;
}

/* What the takers of a message have of it. */
typedef struct Tally {
        uint32_t takers, waiting, inflight;
} Tally;

static Tally take_stock(const Load *load, const PersistMessage *message)
{
        RecordReader rest = message->takers;
        PersistTaker taker;
        Tally tally = {};

        while (persist_taker_next(&rest, &taker) > 0) {
                Place place = find_place(load, message->number, &taker);

                tally.takers++;
                tally.inflight += place.exchange != NULL;
                tally.waiting += place.stored && !place.exchange;
        }
        return tally;
}

/* Who is done with it, by a key of its own: of those that are not there nobody asks. */
static int count_takers(Load *load, const PersistMessage *message, const Tally *tally)
{
        _cleanup_free_ uint32_t *done = calloc(tally->takers, sizeof(uint32_t));
        uint32_t left = tally->waiting + tally->inflight, n_done = 0;
        RecordReader rest = message->takers;
        PersistTaker taker;
        Bytes value;

        if (!done)
                return -ENOMEM;
        while (persist_taker_next(&rest, &taker) > 0) {
                PersistKey key = persist_key_done(message->number, taker.session);
                int r = store_get(load->txn, PERSIST_DONE, persist_key_bytes(&key), &value);

                if (r < 0)
                        return r;
                if (r > 0)
                        done[n_done++] = taker.session;
        }
        if (left == 1 && n_done == 0)
                return 0;
        return takers_restore(load->takers, message->number, left, done, n_done);
}

static int leave_out(Load *load, const PersistMessage *message, Bytes key)
{
        RecordReader rest = message->takers;
        PersistTaker taker;
        int r = persist_image_leave(load->image, PERSIST_LOG, key);

        load->loaded.expired++;
        while (r == 0 && persist_taker_next(&rest, &taker) > 0) {
                PersistKey done = persist_key_done(message->number, taker.session);
                Place place = find_place(load, message->number, &taker);

                if (place.stored)
                        place.stored->next++;
                r = persist_image_leave(load->image, PERSIST_DONE, persist_key_bytes(&done));
        }
        return r;
}

static int add_message(Load *load, Bytes key, Bytes value)
{
        _cleanup_(message_unrefp) Message *made = NULL;
        PersistMessage message;
        PersistTaker taker;
        Tally tally;
        int r;

        if (persist_message_get(value, &message) < 0)
                return 0;
        tally = take_stock(load, &message);
        if (tally.waiting + tally.inflight == 0)
                return 0;
        if (tally.inflight == 0 && is_expired(load->target, &message))
                return leave_out(load, &message, key);
        r = persist_load_message(&load->target->clock, &message, &made);
        if (r == 0 && tally.takers > 1)
                r = count_takers(load, &message, &tally);
        while (r == 0 && persist_taker_next(&message.takers, &taker) > 0) {
                Place place = find_place(load, message.number, &taker);

                if (place.stored)
                        r = give(load, made, &taker, place);
        }
        load->loaded.messages++;
        return r;
}

static int add_takers(Load *load, Bytes key, Bytes value)
{
        PersistMessage message;
        PersistTaker taker;
        Tally tally;
        int r = 0;

        if (persist_message_get(value, &message) < 0)
                return 0;
        tally = take_stock(load, &message);
        if (tally.takers > 1 && tally.waiting + tally.inflight > 0)
                r = count_takers(load, &message, &tally);
        while (r == 0 && persist_taker_next(&message.takers, &taker) > 0) {
                Place place = find_place(load, message.number, &taker);

                if (place.stored && !place.exchange)
                        place.stored->next++;
        }
        return r;
}

/* --- what is in flight, in its order --- */

static int restore_exchange(Sender *sender, PersistExchange *exchange)
{
        InflightEntry item = {
                .outgoing = exchange->loaded,
                .id = exchange->packet_id,
                .qos = exchange->flags & PERSIST_TAKER_QOS,
                .is_sent = true,
                .has_flight = exchange->has_flight,
        };
        int r;

        if (exchange->message != 0 && !exchange->loaded.message)
                return 0;
        r = inflight_restore(&sender->inflight, &item);
        if (r < 0)
                return r == -EBADMSG ? 0 : r;
        exchange->loaded = (Outgoing){};
        if (item.outgoing.message)
                sender_count_in(sender, item.outgoing.message);
        sender->inflight.last_id = item.id;
        return 0;
}

static int restore_inflight(PersistSession *stored)
{
        Sender *sender = session_inside(stored->session).sender;
        int r = 0;

        sender->inflight.last_id = stored->head.last_id;
        persist_session_sort_by_order(stored);
        for (size_t i = 0; i < stored->n_inflight && r == 0; i++)
                r = restore_exchange(sender, &stored->inflight[i]);
        return r;
}

/* --- all --- */

static int walk(Load *load, PersistTable table, int (*add)(Load *load, Bytes key, Bytes value))
{
        _cleanup_(store_cursor_freep) StoreCursor *cursor = NULL;
        Bytes key, value;
        int r = store_cursor_new(load->txn, table, &cursor);

        if (r < 0)
                return r;
        for (r = store_cursor_seek(cursor, (Bytes){}, &key, &value); r > 0;
             r = store_cursor_next(cursor, &key, &value)) {
                r = add(load, key, value);
                if (r < 0)
                        return r;
        }
        return r;
}

static int for_sessions(Load *load, int (*what)(Load *load, PersistSession *stored))
{
        PersistSession *stored;

        hashmap_foreach (&load->image->sessions, i, stored) {
                int r = what(load, stored);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int prepare(Load *load, PersistSession *stored)
{
        int r = load->target ? make_session(load, stored) : 0;

        persist_session_sort_by_message(stored);
        return r;
}

static int finish(Load *load, PersistSession *stored)
{
        return stored->session ? restore_inflight(stored) : 0;
}

int persist_load(StoreTxn *txn, PersistImage *image, const PersistTarget *target,
                 PersistLoaded *ret_loaded)
{
        Load load = {.txn = txn, .image = image, .target = target, .takers = target->takers};
        int r = for_sessions(&load, prepare);

        if (r == 0)
                r = walk(&load, PERSIST_SUBSCRIPTION, add_subscription);
        if (r == 0)
                r = walk(&load, PERSIST_RETAINED, add_retained);
        if (r == 0)
                r = walk(&load, PERSIST_LOG, add_message);
        if (r == 0)
                r = for_sessions(&load, finish);
        if (r == 0)
                *ret_loaded = load.loaded;
        return r;
}

int persist_load_takers(StoreTxn *txn, PersistImage *image, Takers *takers)
{
        Load load = {.txn = txn, .image = image, .takers = takers};
        int r = for_sessions(&load, prepare);

        return r < 0 ? r : walk(&load, PERSIST_LOG, add_takers);
}
