/* SPDX-License-Identifier: Apache-2.0 */

/* What this worker has published and the store is to keep. */

#include "server/publications.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/packet-ids.h"
#include "server/answer.h"
#include "server/plane-store.h"
#include "server/shard-store.h"

/* Of a record, beside the message: its key, head and lengths, and the key of its packet identifier.
 */
#define RECORD_SIZE 96U

int publications_new(Publications **ret_publications)
{
        Publications *publications = calloc(1, sizeof(*publications));

        if (!publications)
                return -ENOMEM;
        ring_init(&publications->queue, sizeof(Publication));
        *ret_publications = publications;
        return 0;
}

static void publication_done(Publication *publication)
{
        message_unref(publication->message);
        persist_taker_list_done(&publication->takers);
}

Publications *publications_free(Publications *publications)
{
        if (!publications)
                return NULL;
        for (uint32_t i = 0; i < publications->queue.count; i++)
                publication_done(ring_at(&publications->queue, i));
        ring_done(&publications->queue);
        while (publications->n_spare > 0)
                persist_taker_list_done(&publications->spare[--publications->n_spare]);
        free(publications);
        return NULL;
}

static Publications *publications_of(const Shard *shard)
{
        return shard->store->publications;
}

/* What is taken at QoS 1 and 2; `upgrade_outgoing_qos` makes that of what was not. */
bool publication_is_kept(const Shard *shard, uint8_t qos)
{
        return shard->store && (qos > 0 || shard->settings->upgrade_outgoing_qos);
}

uint64_t publication_number(const Shard *shard, uint8_t qos)
{
        return publication_is_kept(shard, qos) ? persist_number(shard->store->persist) : 0;
}

uint64_t publication_cost(size_t message_size)
{
        return store_cost(message_size + RECORD_SIZE, 2);
}

/* --- the queue --- */

static PersistTakerList take_spare(Publications *publications)
{
        return publications->n_spare > 0 ? publications->spare[--publications->n_spare]
                                         : (PersistTakerList){};
}

static void give_spare(Publications *publications, PersistTakerList *list)
{
        buffer_clear(&list->bytes);
        list->count = 0;
        if (publications->n_spare < PUBLICATIONS_SPARE)
                publications->spare[publications->n_spare++] = *list;
        else
                persist_taker_list_done(list);
}

static Publication *open_one(const Publications *publications)
{
        return ring_at(&publications->queue, publications->queue.count - 1);
}

/* Numbers rise in the queue; those that have none are never asked for. */
static Publication *find(const Publications *publications, uint64_t number)
{
        uint32_t low = 0, high = publications->queue.count;

        while (low < high) {
                const uint32_t middle = low + (high - low) / 2;
                Publication *publication = ring_at(&publications->queue, middle);
                const uint64_t there = message_number(publication->message);

                if (there == number)
                        return publication;
                if (there < number)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

uint64_t publications_oldest(const Publications *publications)
{
        const Publication *first = ring_first(&publications->queue);

        return first ? message_number(first->message) : 0;
}

/* --- a publication --- */

static bool is_stored_publisher(const Shard *shard, const Connection *connection)
{
        return connection && shard_keeps(shard, connection->session);
}

int publication_begin(Shard *shard, Message *message, const PublicationOrigin *origin)
{
        Publication publication = {.message = message, .place = PUBLICATION_NO_PLACE};
        Publications *publications;
        int r;

        if (_likely_(!shard->store) || message_number(message) == 0)
                return 0;
        publications = publications_of(shard);
        if (origin)
                publication.origin = *origin;
        if (is_stored_publisher(shard, publication.origin.connection) && message->qos == 2)
                publication.publisher = session_id(publication.origin.connection->session);
        if ((publication.origin.connection || publication.origin.receipt) &&
            shard_is_strict(shard)) {
                r = held_add(&shard->store->held,
                             &(HeldAnswer){
                                     .connection = publication.origin.connection,
                                     .receipt = publication.origin.receipt,
                                     .change = HELD_OPEN,
                                     .packet_id = publication.origin.packet_id,
                                     .type = message->qos == 1 ? PACKET_PUBACK : PACKET_PUBREC,
                                     .kind = HELD_PUBLICATION,
                             },
                             &publication.place);
                if (r < 0)
                        return r;
        }
        r = ring_push(&publications->queue, &publication);
        if (r < 0) {
                if (publication.place != PUBLICATION_NO_PLACE)
                        held_cancel(&shard->store->held);
                return r;
        }
        message_ref(message);
        open_one(publications)->takers = take_spare(publications);
        open_one(publications)->promised = publication_cost(message_size(message));
        committer_promise(shard->plane->store->committer, open_one(publications)->promised);
        publications->is_open = true;
        return 0;
}

/* What came by mail itself is passed on: then whoever gets it answers. */
void publication_asked(Shard *shard, const Message *message)
{
        if (message_number(message) == 0)
                return;
        if (publications_of(shard)->is_open)
                open_one(publications_of(shard))->unanswered++;
        else
                shard->store->offering.handed_on = true;
}

/* Whether it still is unreleased: a client may send PUBREL before it has PUBREC. */
static uint32_t received_by(const Shard *shard, const Publication *publication)
{
        Session *session;

        if (publication->publisher == SESSION_ID_NONE)
                return 0;
        session = sessions_get(shard->sessions, publication->publisher);
        return session && packet_ids_contains(session_inside(session).received,
                                              publication->origin.packet_id)
                       ? session_number(session)
                       : 0;
}

static bool must_be_written(const Publication *publication, uint32_t received)
{
        const PublicationOrigin *origin = &publication->origin;

        return publication->takers.count > 0 || received > 0 || origin->left > 0 ||
               origin->will_of > 0 || publication->message->retain;
}

static uint64_t cost_of(const Change *change)
{
        return change ? store_cost(change->head.put_bytes, change->head.puts) : 0;
}

/* Its change has the promise, as much as it really takes. False: there was no memory for it. */
static bool put_record(Shard *shard, Publication *publication, const PersistPublication *entry)
{
        ShardStore *store = shard->store;
        const uint64_t before = cost_of(store->messages);
        Change **messages = shard_store_messages(shard);
        uint64_t cost;

        if (!messages) {
                publication->is_lost = true;
                return false;
        }
        persist_publication(store->persist, entry, messages);
        cost = cost_of(*messages) - before;
        (*messages)->head.promised += cost;
        committer_promise(shard->plane->store->committer, cost);
        return true;
}

/* Into the turn's change. What it waits for there, its answer waits for too. */
static void publication_write(Shard *shard, Publication *publication)
{
        ShardStore *store = shard->store;
        const PublicationOrigin *origin = &publication->origin;
        const uint32_t received = received_by(shard, publication);
        PersistPublication entry = {
                .message = publication->message,
                .takers = &publication->takers,
                .publisher = received,
                .received = received > 0 ? origin->packet_id : 0,
                .replaces = origin->left,
                .replaced_session = origin->leaver,
                .will_of = origin->will_of,
        };
        uint64_t change = 0;

        if (must_be_written(publication, received)) {
                if (put_record(shard, publication, &entry))
                        change = shard_store_next(store);
                shard_store_tell(shard, publication->workers);
        }
        committer_take_back(shard->plane->store->committer, publication->promised);
        if (publication->place != PUBLICATION_NO_PLACE)
                held_set_change(&store->held, publication->place, change);
        if (publication->place != PUBLICATION_NO_PLACE && publication->is_lost)
                held_refuse_one(&store->held, publication->place);
}

/* What ends the record that a message had before must come behind that record. */
static bool waits_for_record(const Shard *shard, const Publication *publication)
{
        return publication->origin.left > 0 &&
               !persist_is_confirmed(shard->store->persist, publication->origin.left);
}

void publications_go_on(Shard *shard)
{
        Publications *publications = publications_of(shard);
        Publication *first;

        while ((first = ring_first(&publications->queue)) && first->unanswered == 0 &&
               !waits_for_record(shard, first) &&
               !(publications->is_open && publications->queue.count == 1)) {
                publication_write(shard, first);
                message_unref(first->message);
                give_spare(publications, &first->takers);
                ring_pop(&publications->queue);
        }
}

int publication_end(Shard *shard, uint8_t reason)
{
        ShardStore *store = shard->store;
        Connection *connection;
        Publication *open;
        int r = 0;

        if (_likely_(!store) || !store->publications->is_open)
                return 1;
        store->publications->is_open = false;
        open = open_one(store->publications);
        open->is_lost |= store->offering.is_lost ||
                         persist_taker_list_join(&open->takers, &store->offering.takers) < 0;
        shard_store_end_offering(store);
        connection = open->origin.connection;
        if (open->place != PUBLICATION_NO_PLACE)
                held_set_reason(&store->held, open->place, reason);
        else if (connection)
                r = answer_ack(connection, open->message->qos == 1 ? PACKET_PUBACK : PACKET_PUBREC,
                               open->origin.packet_id, reason);
        publications_go_on(shard);
        /* Where nothing is to be written the answer goes out in its place. */
        held_release(&store->held, store->durable);
        return r;
}

void publication_abort(Shard *shard)
{
        Publications *publications;
        Publication *open;

        if (_likely_(!shard->store) || !shard->store->publications->is_open)
                return;
        publications = publications_of(shard);
        publications->is_open = false;
        open = open_one(publications);
        if (open->place != PUBLICATION_NO_PLACE)
                held_cancel(&shard->store->held);
        committer_take_back(shard->plane->store->committer, open->promised);
        message_unref(open->message);
        give_spare(publications, &open->takers);
        publications->queue.count--;
}

void publication_answered(Shard *shard, uint64_t number, unsigned worker, bool is_lost,
                          const PersistTakerList *takers)
{
        Publication *publication = find(publications_of(shard), number);

        if (!publication)
                return;
        publication->unanswered--;
        publication->is_lost |= is_lost;
        if (takers->count > 0) {
                publication->workers |= UINT32_C(1) << worker;
                publication->is_lost |= persist_taker_list_join(&publication->takers, takers) < 0;
        }
        publications_go_on(shard);
}
