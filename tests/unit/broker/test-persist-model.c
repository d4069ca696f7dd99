/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-persist-model.c: random traffic between clients that follow the standard, whose sessions two
 * workers keep and store, and crashes at any moment, each with whatever part of the last changes
 * the disk has by then. What was acknowledged is there afterwards, nothing arrives twice at QoS 2,
 * and in the end the tables have nothing but sessions and subscriptions.
 */
#include "broker/persist-load.h"
#include "broker/retained-cursor.h"
#include "broker/sender-shelf.h"
#include "mqtt/protocol.h"
#include "persist-fixture.h"

#define WORKERS  2U
#define CLIENTS  5U
#define STEADY   4U /* the others start anew now and then */
#define MESSAGES 250U
#define WINDOW   6U
#define RETAINED MESSAGES /* the number of the one that is retained */
#define NOW      ((msec_t)1000 * MSEC_PER_SEC)
#define REALTIME UINT64_C(50000)

typedef struct Packet {
        PacketType type;
        uint16_t id;
        uint8_t qos;
        unsigned message;
} Packet;

/* A message that a client publishes until the exchange is complete. */
typedef struct Out {
        unsigned message;
        uint16_t id; /* 0: none */
        uint8_t qos;
        bool has_pubrec, is_sent;
} Out;

typedef struct Client {
        char id[8];
        unsigned worker;
        unsigned connection; /* 0: none */
        bool is_ready;       /* CONNACK came */
        bool is_clean;       /* its next CONNECT is with Clean Start */
        GQueue down, up;     /* what is on the way */
        bool received[65536];
        unsigned arrived[MESSAGES + 1];
        Out out[WINDOW];
        uint16_t last_id;
} Client;

/* What a client hears when its worker's change is on the disk. */
typedef struct Answer {
        Client *client;
        unsigned connection;
        Packet packet;
        uint64_t change; /* 0: that of this turn */
} Answer;

typedef struct Publication {
        Message *message; /* NULL: a repetition */
        PersistTakerList takers;
        uint32_t publisher;
        Answer answer;
} Publication;

typedef struct Submitted {
        Change *change;
        uint64_t number, confirms;
} Submitted;

typedef struct Confirmation {
        unsigned worker;
        uint64_t message;
} Confirmation;

typedef struct Worker {
        Persist *persist;
        Sessions *sessions;
        GQueue publications, answers, lane, confirmations;
        GQueue done; /* Submitted, on the disk, of which it was not told */
        uint64_t last_change;
} Worker;

typedef struct World {
        GRand *rand;
        Store *store;
        Router *router;
        Retained *retained;
        Takers *takers;
        PersistNumbers numbers;
        SessionLimits limits;
        Worker workers[WORKERS];
        Client *clients;
        unsigned connections, n_messages, n_crashes;
        uint8_t qos[MESSAGES + 1];
        bool acknowledged[MESSAGES + 1];
        bool drops; /* queues are short: no promise to deliver */
} World;

static bool chance(World *world, int percent)
{
        return g_rand_int_range(world->rand, 0, 100) < percent;
}

static void push(GQueue *queue, gconstpointer item, gsize size)
{
        g_queue_push_tail(queue, g_memdup2(item, size));
}

static Session *session_of(World *world, Client *client)
{
        return sessions_find(world->workers[client->worker].sessions,
                             bytes_from_string(client->id));
}

/* --- clients --- */

static void reply(Client *client, PacketType type, uint16_t id)
{
        push(&client->up, &(Packet){.type = type, .id = id}, sizeof(Packet));
}

static Out *find_out(Client *client, uint16_t id)
{
        for (unsigned i = 0; i < WINDOW; i++)
                if (client->out[i].id == id)
                        return &client->out[i];
        return NULL;
}

static void client_gets_publish(World *world, Client *client, const Packet *packet)
{
        bool is_new = true;

        if (packet->qos == 2) {
                is_new = !client->received[packet->id];
                client->received[packet->id] = true;
        }
        if (is_new)
                client->arrived[packet->message]++;
        if (packet->qos == 2)
                g_assert_cmpuint(client->arrived[packet->message], ==, 1);
        reply(client, packet->qos == 2 ? PACKET_PUBREC : PACKET_PUBACK, packet->id);
}

static void client_gets(World *world, Client *client)
{
        g_autofree Packet *packet = g_queue_pop_head(&client->down);
        Out *out;

        if (!packet)
                return;
        switch (packet->type) {
        case PACKET_PUBLISH:
                client_gets_publish(world, client, packet);
                return;
        case PACKET_PUBREL:
                client->received[packet->id] = false;
                reply(client, PACKET_PUBCOMP, packet->id);
                return;
        default:
                break;
        }
        out = find_out(client, packet->id);
        if (!out)
                return;
        world->acknowledged[out->message] = true;
        if (packet->type == PACKET_PUBREC) {
                out->has_pubrec = true;
                reply(client, PACKET_PUBREL, out->id);
        } else {
                out->id = 0;
        }
}

static void client_publishes(World *world, Client *client)
{
        Out *out = find_out(client, 0);

        if (!out || world->n_messages == MESSAGES)
                return;
        *out = (Out){.message = world->n_messages++, .is_sent = true};
        out->qos = world->qos[out->message] = (uint8_t)g_rand_int_range(world->rand, 1, 3);
        do
                client->last_id = client->last_id % 50 + 1;
        while (find_out(client, client->last_id));
        out->id = client->last_id;
        push(&client->up, &(Packet){PACKET_PUBLISH, out->id, out->qos, out->message},
             sizeof(Packet));
}

/* --- the broker: what of a server matters here --- */

static void send_down(Client *client, const Delivery *delivery)
{
        Packet packet = {PACKET_PUBREL, delivery->packet_id, delivery->qos, 0};

        if (delivery->message) {
                packet.type = PACKET_PUBLISH;
                memcpy(&packet.message, message_payload(delivery->message).data, sizeof(unsigned));
        }
        push(&client->down, &packet, sizeof(packet));
}

static void fetch(World *world, Client *client)
{
        Session *session = session_of(world, client);
        Delivery delivery;

        if (!client->connection)
                return;
        for (int r; (r = session_dequeue(session, NOW, &delivery)) != 0;) {
                g_assert_true(r == 1 || r == -EAGAIN);
                if (r == 1)
                        send_down(client, &delivery);
        }
        g_assert_false(session_has_pending(session));
}

static Message *make(World *world, unsigned message, uint64_t number)
{
        Message *made;
        MessageParts parts = {
                .topic = BYTES_LITERAL("t"),
                .payload = {(const uint8_t *)&message, sizeof(message)},
                .expires = MESSAGE_NEVER_EXPIRES,
                .qos = world->qos[message],
                .retain = message == RETAINED,
                .number = number,
        };

        g_assert_cmpint(message_new(&parts, &made), ==, 0);
        return made;
}

static void offer(World *world, Client *client, Message *message, PersistTakerList *takers)
{
        Session *session = session_of(world, client);
        Offer offered = {.message = message,
                         .qos = message->qos,
                         .writable = client->connection && chance(world, 80)};
        Delivery delivery;
        int r;

        if (!session || session_n_subscriptions(session) == 0)
                return;
        r = session_offer(session, &offered, NOW, &delivery);
        g_assert_cmpint(r, >=, 0);
        if (r == OFFER_SEND)
                send_down(client, &delivery);
        if (r != OFFER_DROPPED)
                g_assert_cmpint(session_list_taker(session, &offered, &delivery, takers), ==, 1);
}

/* The takers are asked at once; that their answers are here is another matter. */
static void broker_gets_publish(World *world, Client *client, const Packet *packet)
{
        Worker *worker = &world->workers[client->worker];
        Session *session = session_of(world, client);
        Publication publication = {.publisher = session_number(session),
                                   .answer = {client,
                                              client->connection,
                                              {packet->qos == 2 ? PACKET_PUBREC : PACKET_PUBACK,
                                               packet->id, packet->qos, 0},
                                              0}};
        int r = packet->qos == 2 ? session_publish_received(session, packet->id) : 0;

        if (r == 0) {
                publication.message = make(world, packet->message, persist_number(worker->persist));
                for (unsigned i = 0; i < CLIENTS; i++)
                        offer(world, &world->clients[i], publication.message, &publication.takers);
        }
        push(&worker->publications, &publication, sizeof(publication));
}

static void answer(World *world, Client *client, PacketType type, uint16_t id)
{
        push(&world->workers[client->worker].answers,
             &(Answer){client, client->connection, {type, id, 0, 0}, 0}, sizeof(Answer));
}

static void broker_gets(World *world, Client *client)
{
        g_autofree Packet *packet = g_queue_pop_head(&client->up);
        Session *session = session_of(world, client);
        int r = 0;

        if (!packet)
                return;
        switch (packet->type) {
        case PACKET_PUBLISH:
                broker_gets_publish(world, client, packet);
                break;
        case PACKET_PUBREL:
                (void)session_publish_released(session, packet->id);
                answer(world, client, PACKET_PUBCOMP, packet->id);
                break;
        case PACKET_PUBACK:
                r = session_puback(session, packet->id);
                break;
        case PACKET_PUBREC:
                r = session_pubrec(session, packet->id, 0);
                answer(world, client, PACKET_PUBREL, packet->id);
                break;
        default:
                r = session_pubcomp(session, packet->id);
        }
        g_assert_true(r == 0 || r == REASON_PACKET_IDENTIFIER_NOT_FOUND);
}

/* The takers of the oldest publication are known. */
static void complete(World *world, Worker *worker)
{
        g_autofree Publication *publication = g_queue_pop_head(&worker->publications);
        Session *session;
        Answer *held;

        if (!publication)
                return;
        held = &publication->answer;
        session = session_of(world, held->client);
        if (publication->message)
                persist_publication(
                        worker->persist,
                        &(PersistPublication){
                                .message = publication->message,
                                .takers = &publication->takers,
                                .publisher = publication->publisher,
                                .received = held->packet.qos == 2 && session &&
                                                            session_number(session) ==
                                                                    publication->publisher
                                                    ? held->packet.id
                                                    : 0,
                        },
                        NULL);
        push(&worker->answers, held, sizeof(*held));
        message_unref(publication->message);
        persist_taker_list_done(&publication->takers);
}

static void end_turn(World *world, Worker *worker)
{
        const Publication *oldest = g_queue_peek_head(&worker->publications);
        Submitted submitted = {};

        for (const GList *link = worker->publications.head; link && !oldest->message;
             link = link->next)
                oldest = link->data;
        g_assert_cmpint(sessions_take_change(worker->sessions, &submitted.change), ==, 0);
        if (submitted.change) {
                g_assert_cmpint(submitted.change->head.error, ==, 0);
                submitted.number = ++worker->last_change;
                submitted.confirms = oldest && oldest->message ? message_number(oldest->message) - 1
                                                               : persist_drawn(worker->persist);
                persist_submitted(worker->persist, submitted.number);
                push(&worker->lane, &submitted, sizeof(submitted));
        }
        for (const GList *link = worker->answers.head; link; link = link->next) {
                Answer *held = link->data;

                if (held->change == 0)
                        held->change = worker->last_change;
        }
}

/* --- the disk --- */

/* Some of each lane, in whatever order of lanes, in one commit. */
static void commit(World *world)
{
        StoreTxn *txn = begin_write(world->store);

        for (unsigned i = 0; i < 6; i++) {
                Worker *worker = &world->workers[g_rand_int_range(world->rand, 0, (gint32)WORKERS)];
                Submitted *submitted = g_queue_pop_head(&worker->lane);

                if (!submitted)
                        continue;
                g_assert_cmpint(change_apply(submitted->change, txn), ==, 0);
                submitted->change = change_free(submitted->change);
                g_queue_push_tail(&worker->done, submitted);
        }
        g_assert_cmpint(store_commit(txn), ==, 0);
}

static void release(Worker *worker)
{
        uint64_t durable = worker->last_change;
        const Submitted *next = g_queue_peek_head(&worker->lane);
        const Submitted *untold = g_queue_peek_head(&worker->done);

        if (untold)
                next = untold;
        if (next)
                durable = next->number - 1;
        for (Answer *held; (held = g_queue_peek_head(&worker->answers));) {
                if (held->change == 0 || held->change > durable)
                        break;
                if (held->connection == held->client->connection &&
                    held->packet.type == PACKET_CONNACK)
                        held->client->is_ready = true;
                else if (held->connection == held->client->connection)
                        push(&held->client->down, &held->packet, sizeof(Packet));
                g_free(g_queue_pop_head(&worker->answers));
        }
}

static void learn(World *world, Worker *worker)
{
        g_autofree Submitted *submitted = g_queue_pop_head(&worker->done);

        if (submitted) {
                persist_durable(worker->persist, submitted->number);
                for (unsigned i = 0; i < WORKERS; i++)
                        push(&world->workers[i].confirmations,
                             &(Confirmation){(unsigned)(worker - world->workers),
                                             submitted->confirms},
                             sizeof(Confirmation));
        }
        release(worker);
}

static void hear(World *world, Worker *worker)
{
        g_autofree Confirmation *confirmation = g_queue_pop_head(&worker->confirmations);
        Session *session;

        if (!confirmation)
                return;
        persist_confirm(worker->persist, confirmation->worker, confirmation->message);
        persist_settle(worker->persist, confirmation->worker, confirmation->message);
        while ((session = sessions_take_confirmed(worker->sessions)))
                g_assert_true(session_has_pending(session));
}

/* --- connections --- */

static void disconnect(World *world, Client *client)
{
        if (!client->connection)
                return;
        if (session_of(world, client))
                sessions_detach(world->workers[client->worker].sessions, session_of(world, client),
                                NOW);
        client->connection = 0;
        client->is_ready = false;
        g_queue_clear_full(&client->down, g_free);
        g_queue_clear_full(&client->up, g_free);
}

static void subscribe(World *world, Session *session)
{
        _cleanup_(retained_cursor_freep) RetainedCursor *cursor = NULL;
        bool existed;

        g_assert_cmpint(session_subscribe(session, BYTES_LITERAL("t"), 2, 0, &existed), ==, 0);
        g_assert_cmpint(retained_cursor_new(world->retained, BYTES_LITERAL("t"), &cursor), ==, 0);
        if (!existed)
                g_assert_cmpint(session_want_retained(session, TAKE_PTR(cursor), 2, 0), ==, 0);
}

static void repeat(Client *client)
{
        for (unsigned i = 0; i < WINDOW; i++) {
                const Out *out = &client->out[i];

                if (out->id && out->has_pubrec)
                        reply(client, PACKET_PUBREL, out->id);
                else if (out->id)
                        push(&client->up,
                             &(Packet){PACKET_PUBLISH, out->id, out->qos, out->message},
                             sizeof(Packet));
        }
}

/* --- the shelf --- */

static int read_stored(void *data, const uint64_t *numbers, size_t n, Message **ret_messages)
{
        World *world = data;
        const PersistClock clock = {NOW, REALTIME};
        StoreTxn *txn;

        g_assert_cmpint(store_begin_read(world->store, &txn), ==, 0);
        for (size_t i = 0; i < n; i++) {
                PersistKey key = persist_key_message(numbers[i]);
                PersistMessage message;
                Bytes value;

                g_assert_cmpint(store_get(txn, PERSIST_LOG, persist_key_bytes(&key), &value), ==,
                                1);
                g_assert_cmpint(persist_message_get(value, &message), ==, 0);
                g_assert_cmpint(persist_load_message(&clock, &message, &ret_messages[i]), ==, 0);
        }
        store_abort(txn);
        return 0;
}

/* Of one that is connected too: what waits for its window. */
static void shelve(World *world, Client *client)
{
        Session *session = session_of(world, client);

        if (session)
                g_assert_cmpint(sender_shelve(session_inside(session).sender,
                                              (unsigned)g_rand_int_range(world->rand, 1, 20)),
                                >=, 0);
}

/* What it publishes is not the session's of its own here: it starts anew only with nothing open. */
static void start_anew(World *world, Client *client)
{
        Session *session = session_of(world, client);

        for (unsigned i = 0; i < WINDOW; i++)
                if (client->out[i].id)
                        return;
        if (chance(world, 50))
                shelve(world, client);
        if (session)
                sessions_close(world->workers[client->worker].sessions, session);
        memset(client->received, 0, sizeof(client->received));
        client->arrived[RETAINED] = 0;
}

static void connect(World *world, Client *client, bool clean)
{
        Worker *worker = &world->workers[client->worker];
        Session *session;

        if (client->connection)
                return;
        if (clean)
                start_anew(world, client);
        session = session_of(world, client);
        if (!session)
                g_assert_cmpint(
                        sessions_open(worker->sessions, bytes_from_string(client->id), &session),
                        ==, 0);
        client->connection = ++world->connections;
        session_attach(session,
                       &(SessionAttach){
                               .connection = client,
                               .expiry_interval = SESSION_NEVER_EXPIRES,
                               .receive_maximum = (uint16_t)g_rand_int_range(world->rand, 1, 10),
                       });
        sessions_attached(worker->sessions, session);
        session_set_will(session, NULL, 0);
        subscribe(world, session);
        answer(world, client, PACKET_CONNACK, 0);
        repeat(client);
}

/* --- a process --- */

static Sessions *sessions_for(void *data, Bytes client_id)
{
        World *world = data;

        for (unsigned i = 0; i < CLIENTS; i++)
                if (bytes_equal(client_id, bytes_from_string(world->clients[i].id)))
                        return world->workers[world->clients[i].worker].sessions;
        g_assert_not_reached();
}

static void load(World *world)
{
        _cleanup_(persist_image_freep) PersistImage *image = replay(world->store);
        PersistLoaded loaded;
        PersistTarget target = {world->router, world->retained, world->takers,    sessions_for,
                                world,         {NOW, REALTIME}, chance(world, 50)};
        StoreTxn *txn;

        g_assert_cmpuint(image->damaged.count, ==, 0);
        persist_numbers_init(&world->numbers, image->last_message, image->last_session);
        g_assert_cmpint(store_begin_read(world->store, &txn), ==, 0);
        g_assert_cmpint(persist_load(txn, image, &target, &loaded), ==, 0);
        store_abort(txn);
        tidy(world->store, image);
}

static void start(World *world)
{
        _cleanup_(message_unrefp) Message *kept = NULL;

        g_assert_cmpint(router_new(WORKERS, &world->router), ==, 0);
        g_assert_cmpint(retained_new(&world->retained), ==, 0);
        g_assert_cmpint(takers_new(&world->takers), ==, 0);
        for (unsigned i = 0; i < WORKERS; i++)
                g_assert_cmpint(
                        sessions_new(i, world->router, &world->limits, &world->workers[i].sessions),
                        ==, 0);
        load(world);
        for (unsigned i = 0; i < WORKERS; i++) {
                Worker *worker = &world->workers[i];

                g_assert_cmpint(
                        persist_new(&(PersistParts){&world->numbers, world->takers, i, false},
                                    &worker->persist),
                        ==, 0);
                persist_set_clock(worker->persist, NOW, REALTIME);
                sessions_set_persist(worker->sessions, worker->persist);
                sessions_set_fetch(worker->sessions, read_stored, world);
                worker->last_change = 0;
        }
        kept = make(world, RETAINED, 0);
        g_assert_cmpint(retained_set(world->retained, kept), ==, 0);
}

static void publication_free(gpointer data)
{
        Publication *publication = data;

        message_unref(publication->message);
        persist_taker_list_done(&publication->takers);
        g_free(publication);
}

static void submitted_free(gpointer data)
{
        change_free(((Submitted *)data)->change);
        g_free(data);
}

static void end(World *world)
{
        for (unsigned i = 0; i < CLIENTS; i++)
                disconnect(world, &world->clients[i]);
        for (unsigned i = 0; i < WORKERS; i++) {
                Worker *worker = &world->workers[i];

                g_queue_clear_full(&worker->publications, publication_free);
                g_queue_clear_full(&worker->lane, submitted_free);
                g_queue_clear_full(&worker->done, submitted_free);
                g_queue_clear_full(&worker->answers, g_free);
                g_queue_clear_full(&worker->confirmations, g_free);
                sessions_free(worker->sessions);
                persist_free(worker->persist);
        }
        takers_free(world->takers);
        retained_free(world->retained);
        router_free(world->router);
}

/* --- the play --- */

static void step(World *world)
{
        Client *client = &world->clients[g_rand_int_range(world->rand, 0, (gint32)CLIENTS)];
        Worker *worker = &world->workers[g_rand_int_range(world->rand, 0, (gint32)WORKERS)];

        switch (g_rand_int_range(world->rand, 0, 10)) {
        case 0:
                if (client->is_ready)
                        client_publishes(world, client);
                break;
        case 1:
        case 2:
                if (client->is_ready)
                        client_gets(world, client);
                break;
        case 3:
        case 4:
                if (client->is_ready)
                        broker_gets(world, client);
                break;
        case 5:
                fetch(world, client);
                break;
        case 6:
                complete(world, worker);
                break;
        case 7:
                end_turn(world, worker);
                break;
        case 8:
                hear(world, worker);
                learn(world, worker);
                break;
        default:
                commit(world);
        }
        if (chance(world, 5))
                shelve(world, client);
        if (!client->connection && chance(world, 30))
                connect(world, client, client >= &world->clients[STEADY] && chance(world, 50));
        if (chance(world, 1) && chance(world, 60))
                disconnect(world, client);
}

static bool is_idle(World *world)
{
        for (unsigned i = 0; i < CLIENTS; i++) {
                Client *client = &world->clients[i];
                Session *session = session_of(world, client);

                if (!client->is_ready || session_n_inflight(session) || session_n_queued(session) ||
                    session_has_pending(session) || client->down.length || client->up.length)
                        return false;
        }
        for (unsigned i = 0; i < WORKERS; i++) {
                const Worker *worker = &world->workers[i];

                if (!persist_is_idle(worker->persist) || worker->publications.length ||
                    worker->answers.length || worker->lane.length || worker->done.length ||
                    worker->confirmations.length)
                        return false;
        }
        return true;
}

/* Nobody goes away any more. */
static void settle(World *world)
{
        for (unsigned i = 0; i < 4000; i++) {
                for (unsigned j = 0; j < CLIENTS; j++) {
                        Client *client = &world->clients[j];

                        connect(world, client, false);
                        fetch(world, client);
                        while (client->is_ready && client->down.length)
                                client_gets(world, client);
                        while (client->is_ready && client->up.length)
                                broker_gets(world, client);
                }
                for (unsigned j = 0; j < WORKERS; j++) {
                        complete(world, &world->workers[j]);
                        end_turn(world, &world->workers[j]);
                        hear(world, &world->workers[j]);
                        learn(world, &world->workers[j]);
                }
                commit(world);
                if (i > 100 && is_idle(world))
                        return;
        }
        g_assert_not_reached();
}

static void check(World *world)
{
        g_autofree char *keys = print_store(world->store);

        for (unsigned i = 0; i < world->n_messages; i++)
                for (unsigned j = 0; j < STEADY; j++)
                        if (world->acknowledged[i] && !world->drops)
                                g_assert_cmpuint(world->clients[j].arrived[i], >=, 1);
        g_assert_null(strstr(keys, "log"));
        g_assert_null(strstr(keys, "done"));
        g_assert_null(strstr(keys, "flight"));
        g_assert_null(strstr(keys, "received"));
        g_assert_cmpuint(takers_count(world->takers), ==, 0);
        for (unsigned i = 0; i < WORKERS; i++)
                g_assert_cmpuint(sessions_counters(world->workers[i].sessions)->queued, ==, 0);
}

static void play(guint32 seed, bool drops)
{
        World world = {.rand = g_rand_new_with_seed(seed), .drops = drops};

        world.limits = (SessionLimits){.retention = UINT64_MAX,
                                       .max_inflight_messages = 5,
                                       .max_queued_messages = drops ? 4 : 0,
                                       .drop_oldest = true};
        world.qos[RETAINED] = 2;
        world.store = open_store();
        world.clients = g_new0(Client, CLIENTS);
        for (unsigned i = 0; i < CLIENTS; i++) {
                world.clients[i].worker = i % WORKERS;
                g_snprintf(world.clients[i].id, sizeof(world.clients[i].id), "c%u", i);
        }
        start(&world);
        settle(&world);
        while (world.n_messages < MESSAGES) {
                step(&world);
                /* A start deletes what is left over: some worlds have none, to find what should not
                 * have been left. */
                if (seed % 3 != 0 && chance(&world, 1) && chance(&world, 40)) {
                        end(&world);
                        start(&world);
                        world.n_crashes++;
                }
        }
        settle(&world);
        check(&world);
        g_test_message("seed %u: %u crashes, %" G_GUINT64_FORMAT " bytes shelved", seed,
                       world.n_crashes, sessions_shelved(world.workers[0].sessions));
        end(&world);
        store_free(world.store);
        g_free(world.clients);
        g_rand_free(world.rand);
}

static void test_play(gconstpointer drops)
{
        for (guint32 seed = 0; seed < 30; seed++)
                play(seed, drops != NULL);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_data_func("/broker/persist-model/delivers", NULL, test_play);
        g_test_add_data_func("/broker/persist-model/drops", "", test_play);
        return g_test_run();
}
