/* SPDX-License-Identifier: Apache-2.0 */
/* late-store.c: messages get numbers, then records. */
#include "broker/late-store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/retained-walk.h"
#include "broker/sender-store.h"
#include "broker/session.h"
#include "util/hashmap.h"
#include "util/siphash.h"

/* So much goes into one change, and that of one message. */
#define CHANGE_BYTES (1024U * 1024U)

/* A message, and the copy with a number of this store that has taken its place. */
typedef struct LateMessage {
        const Message *from; /* only its address: it may be gone */
        Message *own;        /* a reference */
        PersistTakerList takers;
} LateMessage;

typedef struct LateStore {
        Persist *persist;
        Hashmap by_from;    /* LateMessage: the last one of each */
        LateMessage **late; /* all, in the order of their numbers */
        size_t n, capacity;

        uint64_t last; /* that the session at hand has so far */
} LateStore;

static bool equals_from(const void *entry, Bytes key)
{
        return memcmp(&((const LateMessage *)entry)->from, key.data, sizeof(Message *)) == 0;
}

static Bytes from_bytes(const Message *const *from)
{
        return (Bytes){(const uint8_t *)from, sizeof(*from)};
}

static void late_free(LateMessage *late)
{
        message_unref(late->own);
        persist_taker_list_done(&late->takers);
        free(late);
}

static void late_store_done(LateStore *store)
{
        hashmap_done(&store->by_from);
        for (size_t i = 0; i < store->n; i++)
                late_free(store->late[i]);
        free(store->late);
}

/* --- numbers --- */

static int remember(LateStore *store, LateMessage *late)
{
        const uint64_t hash = hash_bytes(&late->from, sizeof(late->from));

        if (store->n == store->capacity) {
                const size_t capacity = MAX(store->capacity * 2, (size_t)64);
                LateMessage **grown = reallocarray(store->late, capacity, sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                store->late = grown;
                store->capacity = capacity;
        }
        hashmap_remove(&store->by_from, hash, from_bytes(&late->from));
        if (hashmap_add(&store->by_from, hash, late) < 0)
                return -ENOMEM;
        store->late[store->n++] = late;
        return 0;
}

static int copy(LateStore *store, Sender *sender, Outgoing *outgoing, LateMessage **ret_late)
{
        LateMessage *late = calloc(1, sizeof(*late));
        int r;

        if (!late)
                return -ENOMEM;
        late->from = outgoing->message;
        r = sender_own(sender, outgoing);
        if (r == 0) {
                late->own = message_ref(outgoing->message);
                r = remember(store, late);
        }
        if (r < 0) {
                late_free(late);
                return r;
        }
        *ret_late = late;
        return 0;
}

/* Numbers are the order in which a session is sent its messages: one that another session has
 * earlier than this one may not have its number. */
static int number(LateStore *store, Sender *sender, Outgoing *outgoing, LateMessage **ret_late)
{
        const Message *from = outgoing->message;
        LateMessage *late =
                hashmap_find(&store->by_from, hash_bytes(&from, sizeof(from)), from_bytes(&from));

        if (!late || message_number(late->own) <= store->last)
                return copy(store, sender, outgoing, ret_late);
        message_unref(outgoing->message);
        outgoing->message = message_ref(late->own);
        *ret_late = late;
        return 0;
}

static int list_taker(Sender *sender, const Outgoing *outgoing, uint16_t packet_id,
                      PersistTakerList *list)
{
        const ShareGroup *share = outgoing_group(outgoing);
        Delivery delivery;
        uint32_t identifier;
        PersistTaker taker = {.session = sender->number, .packet_id = packet_id};
        Buffer group = {};
        int r = share ? router_group_text(sender->shared->router, share, &group) : 0;

        outgoing_deliver(outgoing, &identifier, &delivery);
        taker.flags = (uint8_t)(delivery.qos | (delivery.retain ? PERSIST_TAKER_RETAIN : 0));
        taker.n_identifiers = delivery.n_identifiers;
        taker.given = delivery.identifiers;
        taker.group = buffer_bytes(&group);
        if (r == 0)
                r = persist_taker_list_add(list, &taker);
        buffer_done(&group);
        return r;
}

static int take(LateStore *store, Sender *sender, Outgoing *outgoing, uint16_t packet_id)
{
        LateMessage *late;
        int r;

        if (outgoing_qos(outgoing) == 0)
                return 0;
        r = number(store, sender, outgoing, &late);
        if (r < 0)
                return r;
        store->last = message_number(late->own);
        return list_taker(sender, outgoing, packet_id, &late->takers);
}

static int take_inflight(LateStore *store, Sender *sender)
{
        Inflight *inflight = &sender->inflight;
        InflightEntry *entry = inflight_find(inflight, inflight->first);
        int r = 0;

        for (; r == 0 && entry; entry = inflight_find(inflight, entry->next))
                if (inflight_is_released(entry))
                        sender_store_released(sender, entry);
                else
                        r = take(store, sender, &entry->outgoing, entry->id);
        return r;
}

static int take_waiting(LateStore *store, Sender *sender)
{
        OutboxCursor cursor = {};
        const Outgoing *outgoing;
        int r = 0;

        /* The message changes, but not what the outbox knows of it. */
        while (r == 0 && sender->outbox && (outgoing = outbox_next(sender->outbox, &cursor)))
                r = take(store, sender, (Outgoing *)(uintptr_t)outgoing, 0);
        return r;
}

static int take_session(Session *session, void *data)
{
        Sender *sender = session_inside(session).sender;
        LateStore *store = data;
        int r;

        if (!sender_persist(sender))
                return 0;
        store->last = 0;
        r = take_inflight(store, sender);
        return r < 0 ? r : take_waiting(store, sender);
}

/* --- records --- */

/* With all, or only if it is large enough. */
static int submit(Change **change, bool all, CommitLane *lane, uint64_t *number)
{
        if (!*change || (!all && (*change)->head.length < CHANGE_BYTES))
                return 0;
        return committer_submit(lane, TAKE_PTR(*change), number);
}

static int write_messages(const LateStore *store, CommitLane *lane, uint64_t *number)
{
        _cleanup_(change_freep) Change *change = NULL;
        int r = 0;

        for (size_t i = 0; r == 0 && i < store->n; i++) {
                const PersistPublication publication = {
                        .message = store->late[i]->own,
                        .takers = &store->late[i]->takers,
                };

                if (!change && !(change = change_new(true, CHANGE_BYTES)))
                        return -ENOMEM;
                persist_publication(store->persist, &publication, &change);
                r = submit(&change, false, lane, number);
        }
        return r < 0 ? r : submit(&change, true, lane, number);
}

static int forget(Session *session, void *data)
{
        Sender *sender = session_inside(session).sender;
        InflightEntry *entry = inflight_find(&sender->inflight, sender->inflight.first);

        sender->number = 0;
        for (; entry; entry = inflight_find(&sender->inflight, entry->next))
                entry->has_flight = entry->is_held = false;
        return 0;
}

void late_store_forget(Sessions *sessions)
{
        (void)sessions_foreach(sessions, forget, NULL);
}

int late_store_sessions(Sessions *sessions, Persist *persist, CommitLane *lane,
                        uint64_t *ret_number)
{
        _cleanup_(late_store_done) LateStore store = {.persist = persist};
        int r;

        hashmap_init(&store.by_from, equals_from);
        r = sessions_foreach(sessions, take_session, &store);
        return r < 0 ? r : write_messages(&store, lane, ret_number);
}

int late_store_retained(Retained *retained, Persist *persist, CommitLane *lane)
{
        _cleanup_(change_freep) Change *change = NULL;
        RetainedWalk walk = {.retained = retained};
        RetainedPlace place;
        uint64_t number;
        int r = 0;

        while (r == 0 && retained_walk_next(&walk, &place)) {
                if (!place.message ||
                    bytes_has_prefix(message_topic(place.message), BYTES_LITERAL("$SYS/")))
                        continue;
                if (!change && !(change = change_new(true, CHANGE_BYTES)))
                        return -ENOMEM;
                persist_retained(persist, place.message, &change);
                r = submit(&change, false, lane, &number);
        }
        return r < 0 ? r : submit(&change, true, lane, &number);
}
