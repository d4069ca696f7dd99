/* SPDX-License-Identifier: Apache-2.0 */

/* The turn of a worker that has a store. */

#include "server/keeping.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/persist-load.h"
#include "server/gather.h"
#include "server/plane-store.h"
#include "server/publications.h"
#include "server/shard-store.h"
#include "server/shelf.h"
#include "server/taken.h"

/* A store that was full is asked so often whether it has room, ms, for so much. */
#define PROBE_TIME 1000U
#define PROBE_SIZE (64U * 1024U)
/* The calendar is looked at so often, ms. */
#define CLOCK_TIME 1000U
/* A worker wakes so often while the committer might want to tell it something and cannot, or the
 * store has no room, ms. */
#define WAKE_TIME 500U
/* A worker waits for a disk that takes no longer than this, ns. */
#define FLUSH_TIME_MAX 1000000U

/* --- its life --- */

/* Both clocks at once: the time of the turn may be seconds past on a busy machine. */
static void set_clock(const Shard *shard)
{
        const PersistClock clock = persist_clock_at(loop_clock(&shard->loop), clock_realtime_ms());

        persist_set_clock(shard->store->persist, clock.boottime, clock.realtime);
}

static int init_parts(Shard *shard, ShardStore *store)
{
        const PersistParts parts = {
                .numbers = &shard->plane->store->numbers,
                .takers = shard->plane->store->takers,
                .worker = shard->index,
                .relaxed = shard->settings->durability != DURABILITY_STRICT,
        };
        int r;

        r = persist_new(&parts, &store->persist);
        if (r == 0)
                r = publications_new(&store->publications);
        if (r == 0)
                r = taken_new(shard->plane->n_shards, &store->taken);
        if (r == 0)
                r = ring_push(&store->rounds, &(StoreRound){}); /* so that one always fits */
        if (r < 0)
                return r;
        ring_pop(&store->rounds);
        return committer_lane(shard->plane->store->committer, shard, &store->lane);
}

int keeping_open(Shard *shard)
{
        ShardStore *store = calloc(1, sizeof(*store));
        int r;

        if (!store)
                return -ENOMEM;
        shard->store = store;
        held_init(&store->held);
        ring_init(&store->rounds, sizeof(StoreRound));
        r = init_parts(shard, store);
        if (r < 0)
                return r;
        alone_init(&store->alone, loop_now(&shard->loop));
        set_clock(shard);
        sessions_set_persist(shard->sessions, store->persist);
        shelf_open(shard);
        return 0;
}

void keeping_close(Shard *shard)
{
        ShardStore *store = shard->store;

        if (!store)
                return;
        held_done(&store->held);
        publications_free(store->publications);
        taken_free(store->taken);
        ring_done(&store->rounds);
        persist_taker_list_done(&store->offering.takers);
        change_free(store->messages);
        persist_free(store->persist);
        shelf_close(shard);
        free(store);
        shard->store = NULL;
}

/* --- handing over --- */

/* Only that of a turn that has one may be written here. 1: it is done; else as committer_submit().
 */
static int submit(ShardStore *store, Change *change, bool here)
{
        return here ? committer_commit(store->lane, change, &store->submitted)
                    : committer_submit(store->lane, change, &store->submitted);
}

static int hand_over_messages(ShardStore *store, bool here)
{
        int r = submit(store, TAKE_PTR(store->messages), here);

        if (r < 0)
                held_refuse(&store->held, shard_store_next(store));
        return r;
}

/* Those that were to hear of what is lost will not, and say it again to another connection. */
static int hand_over_facts(ShardStore *store, Change *facts, bool here)
{
        int r = submit(store, facts, here);

        if (r < 0) {
                held_refuse(&store->held, HELD_OPEN);
                return r;
        }
        store->facts = store->submitted;
        persist_submitted(store->persist, store->submitted);
        return r;
}

/* Without room for one more, it joins the last one: what is told later is as true. */
static void add_round(ShardStore *store)
{
        const uint64_t oldest = publications_oldest(store->publications);
        StoreRound round = {
                .change = store->submitted,
                .message = oldest > 0 ? oldest - 1 : persist_drawn(store->persist),
                .workers = store->told_with,
        };
        StoreRound *last;

        store->told_with = 0;
        if (ring_push(&store->rounds, &round) == 0)
                return;
        last = ring_at(&store->rounds, store->rounds.count - 1);
        last->change = round.change;
        last->message = round.message;
        last->workers |= round.workers;
}

/* --- room --- */

/* What comes to nothing is refused like a message, so no client pays for the question. */
static Change *make_probe(void)
{
        static const uint8_t zeros[PROBE_SIZE];
        const Bytes key = BYTES_LITERAL("room");
        Change *change = change_new(true, key.length * 2 + sizeof(zeros));

        if (!change)
                return NULL;
        change_put(&change, PERSIST_META, key, (Bytes){zeros, sizeof(zeros)});
        change_delete(&change, PERSIST_META, key);
        return change;
}

static void ask_for_room(Shard *shard)
{
        ShardStore *store = shard->store;
        const msec_t now = loop_now(&shard->loop);
        Change *change;

        if (_likely_(store->probe_due == 0) || now < store->probe_due || store->probe > 0)
                return;
        store->probe_due = now + PROBE_TIME;
        change = make_probe();
        if (change && committer_submit(store->lane, change, &store->submitted) == 0)
                store->probe = store->submitted;
}

static void note_full(Shard *shard)
{
        shard->store->probe_due = loop_now(&shard->loop) + PROBE_TIME;
        atomic_store_explicit(&shard->plane->store->is_full, true, memory_order_relaxed);
}

bool keeping_has_room(Shard *shard, size_t message_size)
{
        const PlaneStore *plane = shard->plane->store;

        if (plane_store_is_full(plane))
                return false;
        if (_likely_(committer_has_room(plane->committer, publication_cost(message_size))))
                return true;
        if (!committer_has_room(plane->committer, store_cost(PROBE_SIZE, 1)))
                note_full(shard);
        return false;
}

/* The change that asked was written. */
static void find_room(Shard *shard)
{
        shard->store->probe = shard->store->probe_due = 0;
        atomic_store_explicit(&shard->plane->store->is_full, false, memory_order_relaxed);
}

/* --- what becomes true --- */

static void tell_confirmed(Shard *shard)
{
        ShardStore *store = shard->store;
        Mail mail = {
                .kind = MAIL_CONFIRMED,
                .confirmed = {.message = store->confirmed, .worker = shard->index},
        };

        for (unsigned i = 0; store->to_tell >> i != 0; i++)
                if (store->to_tell >> i & 1 && shard_mail(shard, i, &mail) == 0)
                        store->to_tell &= ~(UINT32_C(1) << i);
}

/* What was held for others may go out. */
static void send_ready(Shard *shard)
{
        Session *session;

        while ((session = sessions_take_confirmed(shard->sessions)))
                if (session_connection(session))
                        connection_schedule(session_connection(session));
}

/* Rounds up to this change are over. */
static void end_rounds(Shard *shard, uint64_t change)
{
        ShardStore *store = shard->store;
        const StoreRound *round;

        while ((round = ring_first(&store->rounds)) && round->change <= change) {
                store->confirmed = round->message;
                store->last_round = *round;
                store->to_tell |= round->workers;
                ring_pop(&store->rounds);
        }
        persist_confirm(store->persist, shard->index, store->confirmed);
        publications_go_on(shard);
}

void keeping_durable(Shard *shard, uint64_t change)
{
        ShardStore *store = shard->store;

        if (change <= store->durable)
                return;
        store->durable = change;
        if (store->probe > 0 && change >= store->probe)
                find_room(shard);
        persist_durable(store->persist, change);
        end_rounds(shard, change);
        send_ready(shard);
        gather_wake(shard);
}

/* Read before the mail is taken: what was refused is in there. */
uint64_t keeping_begin_turn(Shard *shard)
{
        ShardStore *store = shard->store;
        const msec_t now = loop_now(&shard->loop);

        persist_set_relaxed(store->persist, !shard_is_strict(shard));
        if (now >= store->clock_due) {
                set_clock(shard);
                store->clock_due = now + CLOCK_TIME;
        }
        return atomic_load_explicit(&shard->unsaid, memory_order_acquire);
}

/* 1: it is done. */
static int hand_over(Shard *shard, bool here)
{
        ShardStore *store = shard->store;
        Change *facts = NULL;
        int r = sessions_take_change(shard->sessions, &facts), done = 0;

        if (r < 0)
                held_refuse(&store->held, HELD_OPEN);
        here = here && (!store->messages || !facts);
        if (store->messages)
                done = hand_over_messages(store, here);
        if (facts)
                done = hand_over_facts(store, facts, here);
        return done;
}

/* True: it is on the disk, written by this worker. */
static bool keep(Shard *shard, bool here)
{
        ShardStore *store = shard->store;
        const uint64_t before = store->submitted;
        const bool is_done = hand_over(shard, here) == 1;

        if (store->submitted > before)
                add_round(store);
        /* Lanes keep the order of hand-over: what others do about it now comes behind it. */
        if (!shard_is_strict(shard))
                end_rounds(shard, store->submitted);
        held_end_turn(&store->held, store->submitted);
        if (is_done)
                keeping_durable(shard, store->submitted);
        return is_done;
}

static void tell(Shard *shard)
{
        ShardStore *store = shard->store;

        held_release(&store->held, store->durable);
        if (_unlikely_(store->held.has_said))
                gather_wake(shard);
        store->held.has_said = false;
        tell_confirmed(shard);
        store->has_answers = !taken_mail(shard);
}

/* Whether one answer is all that is waited for, and nobody else is there who would have to. */
static bool may_wait(const Shard *shard)
{
        const PlaneStore *plane = shard->plane->store;
        ShardStore *store = shard->store;

        return store->held.answers.count == 1 && store->durable == store->submitted &&
               plane->has_thread && shard_is_strict(shard) &&
               shard->settings->group_commit_delay == 0 &&
               committer_commit_time(plane->committer) < FLUSH_TIME_MAX &&
               alone_use(&store->alone, loop_now(&shard->loop));
}

void keeping_end_turn(Shard *shard)
{
        shelf_turn(shard);
        ask_for_room(shard);
        if (!may_wait(shard))
                (void)keep(shard, false);
        tell(shard);
}

bool keeping_end_flush(Shard *shard)
{
        const bool is_done = keep(shard, may_wait(shard));

        tell(shard);
        return is_done;
}

void keeping_hand_over(Shard *shard)
{
        (void)keep(shard, false);
        tell(shard);
}

void keeping_note_events(Shard *shard)
{
        const LoopSource *first = NULL;
        unsigned n = loop_ready(&shard->loop, &shard->mailbox_source, &first);

        if (n > 0)
                alone_note(&shard->store->alone, n == 1 ? first : NULL, loop_now(&shard->loop));
}

void keeping_note_company(Shard *shard)
{
        alone_note(&shard->store->alone, NULL, loop_now(&shard->loop));
}

msec_t keeping_patience(const Shard *shard)
{
        const ShardStore *store = shard->store;

        if (store->to_tell != 0 || store->has_answers || store->messages || shelf_is_busy(shard))
                return 0;
        return store->durable < store->submitted || store->probe_due > 0 || shard->has_stalled
                       ? (msec_t)WAKE_TIME
                       : MSEC_INFINITY;
}

/* --- mail --- */

void keeping_confirmed(Shard *shard, unsigned worker, uint64_t message)
{
        persist_confirm(shard->store->persist, worker, message);
        publications_go_on(shard);
        send_ready(shard);
}

void keeping_refused(Shard *shard, uint64_t change)
{
        ShardStore *store = shard->store;

        if (change == store->probe)
                store->probe = 0;
        else
                held_refuse(&store->held, change);
        store->refused = change;
        note_full(shard);
}

void keeping_give_up(Shard *shard)
{
        if (shard->store)
                held_done(&shard->store->held);
}

bool keeping_is_quiet(const Shard *shard)
{
        const ShardStore *store = shard->store;

        return !store || plane_store_has_failed(shard->plane->store) ||
               (store->rounds.count == 0 && !store->has_answers && !store->messages &&
                held_is_empty(&store->held) && publications_oldest(store->publications) == 0 &&
                store->to_tell == 0);
}
