/* SPDX-License-Identifier: Apache-2.0 */
/* sessions.c: a table of slots, an index by client identifier, a heap of due times. */
#include "broker/sessions.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/session-shared.h"
#include "util/hashmap.h"
#include "util/heap.h"
#include "util/siphash.h"

#define SLOTS_MIN      16U
#define NO_SLOT        UINT32_MAX
#define GENERATION_MAX 0xffffffU

typedef struct Slot {
        Session *session; /* NULL: the slot is free */
        uint32_t generation;
        uint32_t next_free;
} Slot;

struct Sessions {
        Slot *slots;
        uint32_t n_slots;
        uint32_t first_free;
        unsigned worker;
        SessionShared shared;
        Hashmap by_client_id;
        Heap due; /* all sessions are in it, so that none can fail to get in */
};

static bool has_client_id(const void *entry, Bytes client_id)
{
        return bytes_equal(session_client_id(entry), client_id);
}

int sessions_new(unsigned worker, Router *router, const SessionLimits *limits,
                 Sessions **ret_sessions)
{
        Sessions *sessions = calloc(1, sizeof(Sessions));

        if (!sessions)
                return -ENOMEM;
        sessions->first_free = NO_SLOT;
        sessions->worker = worker;
        sessions->shared.router = router;
        sessions->shared.limits = *limits;
        leavers_init(&sessions->shared.leavers);
        hashmap_init(&sessions->by_client_id, has_client_id);
        heap_init(&sessions->due);
        *ret_sessions = sessions;
        return 0;
}

Sessions *sessions_free(Sessions *sessions)
{
        if (!sessions)
                return NULL;
        sessions->shared.persist = NULL;
        for (uint32_t i = 0; i < sessions->n_slots; i++)
                if (sessions->slots[i].session)
                        sessions_close(sessions, sessions->slots[i].session);
        leavers_done(&sessions->shared.leavers, sessions->shared.router);
        hashmap_done(&sessions->by_client_id);
        heap_done(&sessions->due);
        free(sessions->slots);
        free(sessions);
        return NULL;
}

unsigned sessions_take_back(Sessions *sessions, unsigned n)
{
        return leavers_take_back(&sessions->shared.leavers, sessions->shared.router, n);
}

bool sessions_have_left(const Sessions *sessions)
{
        return leavers_wait(&sessions->shared.leavers);
}

/* --- the store --- */

void sessions_set_persist(Sessions *sessions, Persist *persist)
{
        sessions->shared.persist = persist;
        for (uint32_t i = 0; persist && i < sessions->n_slots; i++) {
                Session *session = sessions->slots[i].session;

                if (session && session_is_touched(session))
                        persist_touch(persist, session_id(session));
                if (session && session_number(session) == 0)
                        session_store(session);
        }
}

void sessions_set_owners(Sessions *sessions, Owners *owners)
{
        sessions->shared.owners = owners;
}

void sessions_set_fetch(Sessions *sessions, SessionFetch fetch, void *data)
{
        sessions->shared.fetch = fetch;
        sessions->shared.fetch_data = data;
}

/* Places are counted from 1. One that has more than its share is met again the next time. */
uint32_t sessions_shelve(Sessions *sessions, uint32_t from, unsigned n, unsigned n_messages)
{
        uint32_t begin = from > 0 ? from - 1 : 0;
        uint32_t end = (uint32_t)MIN((uint64_t)begin + n, (uint64_t)sessions->n_slots);

        for (uint32_t i = begin; i < end; i++) {
                Session *session = sessions->slots[i].session;

                if (session && session_shelve(session, n_messages) > 0)
                        return i + 1;
        }
        return end < sessions->n_slots ? end + 1 : 0;
}

uint64_t sessions_shelved(const Sessions *sessions)
{
        return sessions->shared.shelved;
}

int sessions_take_change(Sessions *sessions, Change **ret_change)
{
        Persist *persist = sessions->shared.persist;
        SessionId id;

        while ((id = persist_next_touched(persist)) != SESSION_ID_NONE) {
                Session *session = sessions_get(sessions, id);

                if (session)
                        session_write(session);
        }
        return persist_take(persist, ret_change);
}

Session *sessions_take_confirmed(Sessions *sessions)
{
        PersistReady ready;

        while (persist_next_ready(sessions->shared.persist, &ready)) {
                Session *session = sessions_get(sessions, ready.session);

                if (session && session_confirmed(session, &ready))
                        return session;
        }
        return NULL;
}

const SessionsCounters *sessions_counters(const Sessions *sessions)
{
        return &sessions->shared.counters;
}

Session *sessions_find(const Sessions *sessions, Bytes client_id)
{
        return hashmap_find(&sessions->by_client_id, hash_bytes(client_id.data, client_id.length),
                            client_id);
}

Session *sessions_get(const Sessions *sessions, SessionId id)
{
        uint32_t i = session_id_slot(id);

        if (session_id_worker(id) != sessions->worker || i >= sessions->n_slots ||
            sessions->slots[i].generation != session_id_generation(id))
                return NULL;
        return sessions->slots[i].session;
}

Session *sessions_at(const Sessions *sessions, uint32_t i)
{
        return sessions->slots[i].session;
}

uint32_t sessions_n_places(const Sessions *sessions)
{
        return sessions->n_slots;
}

/* New slots are free, the lowest first. */
static int grow(Sessions *sessions)
{
        uint32_t n = sessions->n_slots ? sessions->n_slots * 2 : SLOTS_MIN;
        Slot *slots;

        if (sessions->n_slots > NO_SLOT / 2)
                return -ENOMEM;
        slots = reallocarray(sessions->slots, n, sizeof(Slot));
        if (!slots)
                return -ENOMEM;
        for (uint32_t i = sessions->n_slots; i < n; i++)
                slots[i] = (Slot){.generation = 1, .next_free = i + 1 < n ? i + 1 : NO_SLOT};
        sessions->first_free = sessions->n_slots;
        sessions->slots = slots;
        sessions->n_slots = n;
        return 0;
}

int sessions_open(Sessions *sessions, Bytes client_id, Session **ret_session)
{
        _cleanup_(session_freep) Session *session = NULL;
        uint64_t hash = hash_bytes(client_id.data, client_id.length);
        SessionParts parts = {.shared = &sessions->shared};
        Slot *slot;
        int r;

        if (sessions->first_free == NO_SLOT) {
                r = grow(sessions);
                if (r < 0)
                        return r;
        }
        slot = &sessions->slots[sessions->first_free];
        parts.id = session_id_make(sessions->worker, slot->generation, sessions->first_free);
        r = session_new(&parts, client_id, &session);
        if (r < 0)
                return r;
        r = heap_insert(&sessions->due, &session_due(session)->node, MSEC_INFINITY);
        if (r < 0)
                return r;
        r = hashmap_add(&sessions->by_client_id, hash, session);
        if (r < 0) {
                heap_remove(&sessions->due, &session_due(session)->node);
                return r;
        }
        sessions->first_free = slot->next_free;
        slot->session = session;
        counter_add(&sessions->shared.counters.sessions, 1);
        *ret_session = TAKE_PTR(session);
        return 0;
}

Session *sessions_close(Sessions *sessions, Session *session)
{
        Bytes client_id = session_client_id(session);
        uint32_t i = session_id_slot(session_id(session));
        Slot *slot = &sessions->slots[i];

        hashmap_remove_entry(&sessions->by_client_id, hash_bytes(client_id.data, client_id.length),
                             session);
        heap_remove(&sessions->due, &session_due(session)->node);
        session_free(session);
        slot->session = NULL;
        slot->generation = slot->generation == GENERATION_MAX ? 1 : slot->generation + 1;
        slot->next_free = sessions->first_free;
        sessions->first_free = i;
        counter_subtract(&sessions->shared.counters.sessions, 1);
        return NULL;
}

/* --- what time brings --- */

static msec_t seconds_after(msec_t now, uint64_t seconds)
{
        return seconds >= MSEC_INFINITY / MSEC_PER_SEC ? MSEC_INFINITY
                                                       : msec_add(now, seconds * MSEC_PER_SEC);
}

static void reckon(Sessions *sessions, SessionDue *due)
{
        heap_update(&sessions->due, &due->node, MIN(due->will, due->end));
}

/* How many ms it lives when it is away. */
static msec_t lifetime(const Session *session, uint64_t retention)
{
        uint32_t expiry = session_expiry(session);

        return seconds_after(0, expiry == SESSION_NEVER_EXPIRES ? retention
                                                                : MIN(retention, (uint64_t)expiry));
}

void sessions_detach(Sessions *sessions, Session *session, msec_t now)
{
        SessionDue *due = session_due(session);

        session_detach(session);
        due->end = msec_add(now, lifetime(session, sessions->shared.limits.retention));
        due->will = MSEC_INFINITY;
        if (session_has_will(session))
                due->will = seconds_after(now, session_will_delay(session));
        reckon(sessions, due);
}

void sessions_attached(Sessions *sessions, Session *session)
{
        SessionDue *due = session_due(session);

        if (due->will != MSEC_INFINITY)
                session_set_will(session, NULL, 0);
        due->end = MSEC_INFINITY;
        reckon(sessions, due);
}

/* Since when it has been away is reckoned back from its end; of one without end it is not known. */
static void change_end(Session *session, uint64_t before, uint64_t after, msec_t now)
{
        SessionDue *due = session_due(session);
        msec_t begin = now;

        if (due->end != MSEC_INFINITY)
                begin = due->end - MIN(due->end, lifetime(session, before));
        due->end = msec_add(begin, lifetime(session, after));
}

void sessions_set_limits(Sessions *sessions, const SessionLimits *limits, msec_t now)
{
        uint64_t before = sessions->shared.limits.retention;

        sessions->shared.limits = *limits;
        if (limits->retention == before)
                return;
        for (uint32_t i = 0; i < sessions->n_slots; i++) {
                Session *session = sessions->slots[i].session;

                if (!session || session_is_attached(session))
                        continue;
                change_end(session, before, limits->retention, now);
                reckon(sessions, session_due(session));
                session_touch(session);
        }
}

void sessions_restore_due(Sessions *sessions, Session *session, msec_t will, msec_t end)
{
        SessionDue *due = session_due(session);

        due->will = will;
        due->end = end;
        reckon(sessions, due);
}

void sessions_restore_retention(Sessions *sessions, Session *session, uint64_t retention,
                                msec_t now)
{
        if (retention == sessions->shared.limits.retention || session_is_attached(session))
                return;
        change_end(session, retention, sessions->shared.limits.retention, now);
        reckon(sessions, session_due(session));
}

msec_t sessions_next_due(const Sessions *sessions)
{
        return heap_next(&sessions->due);
}

SessionEvent sessions_take_due(Sessions *sessions, msec_t now, Session **ret_session,
                               Message **ret_will)
{
        while (heap_next(&sessions->due) <= now) {
                SessionDue *due = container_of(heap_peek(&sessions->due), SessionDue, node);
                Session *session = session_of_due(due);
                bool ends = due->end <= due->will;
                Message *will = session_take_will(session);

                due->will = MSEC_INFINITY;
                if (ends)
                        due->end = MSEC_INFINITY;
                reckon(sessions, due);
                if (!ends && !will)
                        continue; /* somebody has taken it meanwhile */
                if (ends && session_expiry(session) != 0)
                        counter_add(&sessions->shared.counters.expired, 1);
                *ret_session = session;
                *ret_will = will;
                return ends ? SESSION_EVENT_EXPIRED : SESSION_EVENT_WILL;
        }
        return SESSION_EVENT_NONE;
}

int sessions_foreach(Sessions *sessions, int (*visit)(Session *session, void *data), void *data)
{
        for (uint32_t i = 0; i < sessions->n_slots; i++) {
                int r = sessions->slots[i].session ? visit(sessions->slots[i].session, data) : 0;

                if (r != 0)
                        return r;
        }
        return 0;
}
