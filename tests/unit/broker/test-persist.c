/* SPDX-License-Identifier: Apache-2.0 */
/* test-persist.c: what the tables say is what was committed, whenever it ends; and damage is local.
 */

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "broker/persist-key.h"
#include "broker/persist-replay.h"
#include "util/macro.h"

static const StoreOptions options = {
        .tables = persist_tables, .n_tables = PERSIST_TABLES, .format = PERSIST_FORMAT};

static Store *open_store(void)
{
        Store *store;

        g_assert_cmpint(store_open_memory(&options, &store), ==, 0);
        return store;
}

static void put(StoreTxn *txn, unsigned table, PersistKey key, Buffer *value)
{
        g_assert_cmpint(store_put(txn, table, persist_key_bytes(&key), buffer_bytes(value)), ==, 0);
        buffer_done(value);
}

/* --- a model, all of it in one piece, so that to copy it is to remember it --- */

#define SESSIONS 4U
#define TOPICS   5U
#define OWED_MAX 60U
#define IDS      6U

typedef struct ModelOwed {
        uint64_t message;
        uint16_t id;
} ModelOwed;

typedef struct ModelSession {
        uint32_t number; /* 0: there is none */
        ModelOwed waiting[OWED_MAX], inflight[OWED_MAX];
        unsigned n_waiting, n_inflight;
        bool received[IDS + 1];
        uint16_t last_id;
} ModelSession;

typedef struct Model {
        ModelSession sessions[SESSIONS];
        uint64_t retained[TOPICS]; /* number, 0: none */
        bool has_payload[TOPICS];
        uint64_t next_message, next_ack;
        uint32_t next_session;
} Model;

static void print_owed(GString *text, char kind, uint64_t message, uint16_t id)
{
        g_string_append_printf(text, " %c%" G_GUINT64_FORMAT ":%u", kind, message, id);
}

static char *print_model(const Model *model)
{
        GString *text = g_string_new(NULL);

        for (uint32_t number = 1; number < model->next_session; number++)
                for (unsigned i = 0; i < SESSIONS; i++) {
                        const ModelSession *session = &model->sessions[i];

                        if (session->number != number)
                                continue;
                        g_string_append_printf(text, "session %u:", number);
                        for (unsigned j = 0; j < session->n_inflight; j++)
                                print_owed(text, 'i', session->inflight[j].message,
                                           session->inflight[j].id);
                        for (unsigned j = 0; j < session->n_waiting; j++)
                                print_owed(text, 'w', session->waiting[j].message, 0);
                        for (uint16_t id = 1; id <= IDS; id++)
                                if (session->received[id])
                                        print_owed(text, 'r', 0, id);
                        g_string_append_c(text, '\n');
                }
        for (unsigned i = 0; i < TOPICS; i++)
                if (model->retained[i])
                        g_string_append_printf(text, "t%u=%" G_GUINT64_FORMAT "\n", i,
                                               model->retained[i]);
        return g_string_free(text, false);
}

static char *print_image(const PersistImage *image)
{
        GString *text = g_string_new(NULL);

        for (uint32_t number = 1; number < image->next_session; number++) {
                const PersistSession *session = persist_image_session(image, number);
                uint16_t id = 0;

                if (!session)
                        continue;
                g_string_append_printf(text, "session %u:", number);
                for (size_t j = 0; j < session->inflight.count; j++)
                        print_owed(text, 'i', session->inflight.items[j].message,
                                   session->inflight.items[j].packet_id);
                for (size_t j = 0; j < session->waiting.count; j++)
                        print_owed(text, 'w', session->waiting.items[j].message, 0);
                while ((id = packet_ids_next(&session->received, id)) != 0)
                        print_owed(text, 'r', 0, id);
                g_string_append_c(text, '\n');
        }
        for (unsigned i = 0; i < TOPICS; i++) {
                char topic[] = {'t', (char)('0' + i), 0};
                const PersistRetained *retained =
                        persist_image_retained(image, bytes_from_string(topic));

                if (retained)
                        g_string_append_printf(text, "%s=%" G_GUINT64_FORMAT "\n", topic,
                                               retained->number);
        }
        return g_string_free(text, false);
}

/* --- what happens, to the model and to the tables --- */

typedef struct Play {
        Model model;
        GRand *rand;
        StoreTxn *txn;
} Play;

static unsigned draw(Play *play, unsigned n)
{
        return (unsigned)g_rand_int_range(play->rand, 0, (gint32)n);
}

static void write_session(Play *play, const ModelSession *from, uint64_t cursor)
{
        PersistSession session = {.number = from->number,
                                  .client_id = (uint8_t *)"client",
                                  .client_id_length = 6,
                                  .cursor = cursor,
                                  .last_id = from->last_id};
        uint64_t done[1000];
        Buffer buffer = {};

        for (unsigned i = 0; i < from->n_inflight; i++)
                g_assert_cmpint(persist_owed_add(&session.inflight,
                                                 &(PersistOwed){from->inflight[i].message,
                                                                from->inflight[i].id}),
                                ==, 0);
        session.done = done;
        for (uint64_t number = cursor; number < play->model.next_message; number++) {
                bool waits = false;

                for (unsigned i = 0; i < from->n_waiting; i++)
                        waits |= from->waiting[i].message == number;
                if (!waits) {
                        g_assert_cmpuint(session.n_done, <, G_N_ELEMENTS(done));
                        done[session.n_done++] = number;
                }
        }
        for (uint16_t id = 1; id <= IDS; id++)
                if (from->received[id])
                        g_assert_cmpint(packet_ids_add(&session.received, id), ==, 0);
        g_assert_cmpint(persist_session_put(&buffer, &session), ==, 0);
        put(play->txn, PERSIST_SESSION, persist_key_u32(from->number), &buffer);
        free(session.inflight.items);
        packet_ids_done(&session.received);
}

static void open_or_end(Play *play, ModelSession *session)
{
        PersistKey key = persist_key_u32(session->number);

        if (session->number) {
                g_assert_cmpint(store_delete(play->txn, PERSIST_SESSION, persist_key_bytes(&key)),
                                ==, 1);
                *session = (ModelSession){};
                return;
        }
        session->number = play->model.next_session++;
        write_session(play, session, play->model.next_message);
}

static void publish(Play *play)
{
        Model *model = &play->model;
        unsigned topic = draw(play, TOPICS);
        char name[] = {'t', (char)('0' + topic), 0};
        bool keep = draw(play, 2), empty = draw(play, 4) == 0;
        Buffer buffer = {};
        PersistMessage message = {
                .number = model->next_message++,
                .expires = PERSIST_NEVER,
                .topic = bytes_from_string(name),
                .payload = empty ? (Bytes){} : BYTES_LITERAL("payload"),
                .flags = (uint8_t)(1 | (keep ? PERSIST_MESSAGE_KEEP : 0)),
        };
        RecordWriter record = persist_message_begin(&buffer, &message);

        for (unsigned i = 0; i < SESSIONS; i++) {
                ModelSession *session = &model->sessions[i];

                if (!session->number || session->n_waiting == OWED_MAX || draw(play, 2))
                        continue;
                persist_taker_put(&record, &(PersistTaker){.session = session->number, .flags = 1});
                session->waiting[session->n_waiting++].message = message.number;
        }
        g_assert_cmpint(record_end(&record), ==, 0);
        put(play->txn, PERSIST_LOG, persist_key_u64(message.number), &buffer);
        if (keep)
                model->retained[topic] = empty ? 0 : message.number;
}

static void remove_owed(ModelOwed *list, unsigned *n, unsigned at)
{
        memmove(list + at, list + at + 1, (--*n - at) * sizeof(*list));
}

/* One of what may happen to a session; false: not now. */
static bool happen(Play *play, ModelSession *session, PersistAck *ack)
{
        unsigned at = draw(play, OWED_MAX);
        uint16_t id = (uint16_t)(1 + draw(play, IDS));

        switch (ack->kind) {
        case PERSIST_ACK_SENT:
                if (session->n_waiting == 0 || session->n_inflight == OWED_MAX)
                        return false;
                at = draw(play, 3) ? 0 : at % session->n_waiting;
                ack->message = session->waiting[at].message;
                ack->packet_id = ++session->last_id;
                session->inflight[session->n_inflight++] =
                        (ModelOwed){ack->message, ack->packet_id};
                remove_owed(session->waiting, &session->n_waiting, at);
                return true;
        case PERSIST_ACK_DONE: /* of one that waits: it expired */
                if (session->n_waiting > 0 && draw(play, 4) == 0) {
                        at %= session->n_waiting;
                        ack->message = session->waiting[at].message;
                        remove_owed(session->waiting, &session->n_waiting, at);
                        return true;
                }
                at = session->n_inflight ? at % session->n_inflight : 0;
                if (session->n_inflight == 0 || session->inflight[at].message == 0)
                        return false;
                ack->message = session->inflight[at].message;
                remove_owed(session->inflight, &session->n_inflight, at);
                return true;
        case PERSIST_ACK_RELEASED:
        case PERSIST_ACK_COMPLETE:
                if (session->n_inflight == 0)
                        return false;
                at %= session->n_inflight;
                ack->message = session->inflight[at].message;
                ack->packet_id = session->inflight[at].id;
                if (ack->kind == PERSIST_ACK_RELEASED)
                        session->inflight[at].message = 0;
                else
                        remove_owed(session->inflight, &session->n_inflight, at);
                return true;
        default:
                ack->packet_id = id;
                session->received[id] = ack->kind == PERSIST_ACK_RECEIVED;
                return true;
        }
}

static void acknowledge(Play *play)
{
        Buffer buffer = {};
        uint64_t number = play->model.next_ack++;
        RecordWriter record = persist_acks_begin(&buffer, number);

        for (unsigned n = draw(play, 8); n > 0; n--) {
                ModelSession *session = &play->model.sessions[draw(play, SESSIONS)];
                PersistAck ack = {.session = session->number,
                                  .kind = (uint8_t)draw(play, PERSIST_ACK_KINDS)};

                if (session->number && happen(play, session, &ack))
                        persist_ack_put(&record, &ack);
        }
        g_assert_cmpint(record_end(&record), ==, 0);
        put(play->txn, PERSIST_ACK, persist_key_u64(number), &buffer);
}

/* What is in the log of a topic goes to its own table. */
static void fold_retained(Play *play, unsigned topic)
{
        char name[] = {'t', (char)('0' + topic), 0};
        PersistKey key = persist_key_text(bytes_from_string(name)), from;
        PersistMessage message;
        Buffer buffer = {};
        RecordWriter record;
        Bytes value;

        from = persist_key_u64(play->model.retained[topic]);
        if (play->model.retained[topic] == 0) {
                store_delete(play->txn, PERSIST_RETAINED, persist_key_bytes(&key));
                return;
        }
        if (store_get(play->txn, PERSIST_LOG, persist_key_bytes(&from), &value) == 0)
                return; /* it is there already */
        g_assert_cmpint(persist_message_get(value, &message), ==, 0);
        record = persist_message_begin(&buffer, &message);
        g_assert_cmpint(record_end(&record), ==, 0);
        put(play->txn, PERSIST_RETAINED, key, &buffer);
}

static void checkpoint(Play *play)
{
        Model *model = &play->model;
        uint64_t needed = model->next_message;
        PersistKey key;
        size_t n;

        for (unsigned i = 0; i < SESSIONS; i++) {
                const ModelSession *session = &model->sessions[i];
                uint64_t cursor =
                        session->n_waiting ? session->waiting[0].message : model->next_message;

                if (!session->number)
                        continue;
                write_session(play, session, cursor);
                needed = MIN(needed, cursor);
                for (unsigned j = 0; j < session->n_inflight; j++)
                        if (session->inflight[j].message)
                                needed = MIN(needed, session->inflight[j].message);
        }
        for (unsigned i = 0; i < TOPICS; i++)
                fold_retained(play, i);
        key = persist_key_u64(needed);
        g_assert_cmpint(
                store_delete_before(play->txn, PERSIST_LOG, persist_key_bytes(&key), SIZE_MAX, &n),
                ==, 0);
        key = persist_key_u64(model->next_ack);
        g_assert_cmpint(
                store_delete_before(play->txn, PERSIST_ACK, persist_key_bytes(&key), SIZE_MAX, &n),
                ==, 0);
}

static void play_one(Play *play)
{
        unsigned what = draw(play, 20);

        if (what == 0)
                checkpoint(play);
        else if (what <= 2)
                open_or_end(play, &play->model.sessions[draw(play, SESSIONS)]);
        else if (what <= 11)
                publish(play);
        else
                acknowledge(play);
}

static void check(Store *store, const Model *model)
{
        _cleanup_(persist_image_freep) PersistImage *image = NULL;
        g_autofree char *expected = print_model(model), *found = NULL;
        StoreTxn *txn;

        g_assert_cmpint(store_begin_read(store, &txn), ==, 0);
        g_assert_cmpint(persist_replay(txn, &image), ==, 0);
        store_abort(txn);
        found = print_image(image);
        g_assert_cmpstr(found, ==, expected);
        g_assert_cmpuint(image->n_damaged, ==, 0);
}

static void test_model(void)
{
        for (guint32 seed = 0; seed < 30; seed++) {
                Play play = {.model = {.next_message = 1, .next_ack = 1, .next_session = 1},
                             .rand = g_rand_new_with_seed(seed)};
                Store *store = open_store();
                Model committed = play.model;

                for (unsigned i = 0; i < 60; i++) {
                        g_assert_cmpint(store_begin_write(store, &play.txn), ==, 0);
                        for (unsigned n = draw(&play, 8); n > 0; n--)
                                play_one(&play);
                        if (draw(&play, 6) == 0) { /* a crash */
                                store_abort(play.txn);
                                play.model = committed;
                        } else {
                                g_assert_cmpint(store_commit(play.txn), ==, 0);
                                committed = play.model;
                        }
                        check(store, &committed);
                }
                store_free(store);
                g_rand_free(play.rand);
        }
}

/* --- bytes --- */

static void test_message_round_trip(void)
{
        static const uint8_t identifiers[] = {1, 0, 0, 0, 2, 0, 0, 0};
        Buffer buffer = {};
        PersistMessage message = {7,
                                  100,
                                  200,
                                  BYTES_LITERAL("a/b"),
                                  BYTES_LITERAL("props"),
                                  BYTES_LITERAL("payload"),
                                  2 | PERSIST_MESSAGE_RETAIN},
                       back;
        RecordWriter record = persist_message_begin(&buffer, &message);
        PersistTaker taker;

        persist_taker_put(&record, &(PersistTaker){.session = 3, .flags = 1});
        persist_taker_put(&record, &(PersistTaker){4, PERSIST_TAKER_RETAIN, 2, identifiers,
                                                   BYTES_LITERAL("$share/g/#")});
        g_assert_cmpint(record_end(&record), ==, 0);
        g_assert_cmpint(persist_message_get(buffer_bytes(&buffer), &back), ==, 0);
        g_assert_cmpuint(back.number, ==, 7);
        g_assert_cmpuint(back.received, ==, 100);
        g_assert_cmpuint(back.expires, ==, 200);
        g_assert_true(bytes_equal(back.topic, message.topic));
        g_assert_true(bytes_equal(back.properties, message.properties));
        g_assert_true(bytes_equal(back.payload, message.payload));
        g_assert_cmpuint(back.flags, ==, message.flags);
        g_assert_cmpint(persist_taker_next(&back.takers, &taker), ==, 1);
        g_assert_cmpuint(taker.session, ==, 3);
        g_assert_cmpuint(taker.flags, ==, 1);
        g_assert_cmpint(persist_taker_next(&back.takers, &taker), ==, 1);
        g_assert_cmpuint(taker.session, ==, 4);
        g_assert_cmpuint(taker.n_identifiers, ==, 2);
        g_assert_cmpmem(taker.identifiers, 8, identifiers, 8);
        g_assert_true(bytes_equal(taker.group, BYTES_LITERAL("$share/g/#")));
        g_assert_cmpint(persist_taker_next(&back.takers, &taker), ==, 0);
        buffer_done(&buffer);
}

static void test_session_round_trip(void)
{
        Buffer buffer = {}, again = {}, will = {};
        uint64_t done[] = {12, 14};
        PersistOwed inflight[] = {{9, 3, 2, false}, {0, 4, PERSIST_OWED_RELEASED, false}};
        PersistSession session = {
                .number = 5,
                .client_id = (uint8_t *)"me",
                .client_id_length = 2,
                .expiry = 60,
                .will_delay = 5,
                .end = PERSIST_NEVER,
                .will_due = 77,
                .receive_maximum = 20,
                .last_id = 4,
                .cursor = 11,
                .inflight = {inflight, 2, 2},
                .done = done,
                .n_done = 2,
        };
        PersistSession *back;
        uint8_t bytes[1 + 8 + 3 * 4] = {1};

        g_assert_cmpint(packet_ids_add(&session.received, 8), ==, 0);
        g_assert_cmpint(buffer_append(&will, bytes, sizeof(bytes)), ==, 0);
        session.will = buffer_head(&will);
        session.will_length = sizeof(bytes);
        g_assert_cmpint(persist_session_put(&buffer, &session), ==, 0);
        g_assert_cmpint(persist_session_get(buffer_bytes(&buffer), &back), ==, 0);
        g_assert_cmpuint(back->cursor, ==, 11);
        g_assert_cmpuint(back->end, ==, PERSIST_NEVER);
        g_assert_cmpuint(back->inflight.count, ==, 2);
        g_assert_true(persist_session_is_done(back, 14));
        g_assert_false(persist_session_is_done(back, 13));
        g_assert_true(packet_ids_contains(&back->received, 8));
        g_assert_cmpint(persist_session_put(&again, back), ==, 0);
        g_assert_true(bytes_equal(buffer_bytes(&buffer), buffer_bytes(&again)));
        persist_session_free(back);
        packet_ids_done(&session.received);
        buffer_done(&buffer);
        buffer_done(&again);
        buffer_done(&will);
}

static void test_long_texts_have_keys(void)
{
        uint8_t a[1000], b[1000];
        PersistKey ka, kb, ks;

        memset(a, 'x', sizeof(a));
        memset(b, 'x', sizeof(b));
        b[999] = 'y';
        ka = persist_key_text((Bytes){a, sizeof(a)});
        kb = persist_key_text((Bytes){b, sizeof(b)});
        ks = persist_key_subscription(1, (Bytes){a, sizeof(a)});
        g_assert_cmpuint(ka.length, ==, 1 + PERSIST_KEY_TEXT + 16);
        g_assert_false(bytes_equal(persist_key_bytes(&ka), persist_key_bytes(&kb)));
        g_assert_cmpuint(ks.length, <=, STORE_KEY_MAX);
        ka = persist_key_text((Bytes){});
        g_assert_cmpuint(ka.length, ==, 1);
        g_assert_true(persist_key_u64(255).bytes[7] == 255 && persist_key_u64(256).bytes[6] == 1);
}

/* --- damage --- */

/* Two sessions, and a message for both, for each number. */
static void fill(Store *store, unsigned n)
{
        Play play = {.model = {.next_message = 1, .next_session = 1}, .rand = g_rand_new()};

        g_assert_cmpint(store_begin_write(store, &play.txn), ==, 0);
        open_or_end(&play, &play.model.sessions[0]);
        open_or_end(&play, &play.model.sessions[1]);
        for (uint64_t i = 1; i <= n; i++) {
                Buffer buffer = {};
                RecordWriter record = persist_message_begin(
                        &buffer, &(PersistMessage){.number = i,
                                                   .topic = BYTES_LITERAL("t"),
                                                   .payload = BYTES_LITERAL("payload")});

                persist_taker_put(&record, &(PersistTaker){.session = 1});
                persist_taker_put(&record, &(PersistTaker){.session = 2});
                g_assert_cmpint(record_end(&record), ==, 0);
                put(play.txn, PERSIST_LOG, persist_key_u64(i), &buffer);
        }
        g_assert_cmpint(store_commit(play.txn), ==, 0);
        g_rand_free(play.rand);
}

/* Each bit of each byte: it is found, it costs that message, and it is set aside. */
static void test_flipped_bits(void)
{
        Store *store = open_store();
        PersistKey key = persist_key_u64(2),
                   aside = persist_key_damaged(PERSIST_LOG, persist_key_bytes(&key));
        size_t length = 1;

        fill(store, 3);
        for (size_t bit = 0; bit < length * 8; bit++) {
                _cleanup_(persist_image_freep) PersistImage *image = NULL;
                uint8_t copy[200];
                StoreTxn *txn;
                Bytes value;

                g_assert_cmpint(store_begin_write(store, &txn), ==, 0);
                g_assert_cmpint(store_get(txn, PERSIST_LOG, persist_key_bytes(&key), &value), ==,
                                1);
                length = value.length;
                memcpy(copy, value.data, length);
                copy[bit / 8] ^= (uint8_t)(1U << bit % 8);
                g_assert_cmpint(
                        store_put(txn, PERSIST_LOG, persist_key_bytes(&key), (Bytes){copy, length}),
                        ==, 0);
                g_assert_cmpint(persist_replay(txn, &image), ==, 0);
                g_assert_cmpuint(image->n_damaged, ==, 1);
                g_assert_cmpuint(persist_image_session(image, 1)->waiting.count, ==, 2);
                g_assert_cmpuint(persist_image_session(image, 2)->waiting.count, ==, 2);
                g_assert_cmpint(persist_set_aside(txn, image), ==, 0);
                g_assert_cmpint(store_get(txn, PERSIST_LOG, persist_key_bytes(&key), &value), ==,
                                0);
                g_assert_cmpint(store_get(txn, PERSIST_DAMAGED, persist_key_bytes(&aside), &value),
                                ==, 1);
                g_assert_cmpmem(value.data, value.length, copy, length);
                store_abort(txn);
        }
        g_assert_cmpuint(length, >, 50);
        store_free(store);
}

/* A value that is sound, under a key that is not its own. */
static void test_misplaced(void)
{
        _cleanup_(persist_image_freep) PersistImage *image = NULL;
        PersistKey key = persist_key_u64(2), other = persist_key_u64(9);
        Store *store = open_store();
        uint8_t copy[200];
        StoreTxn *txn;
        Bytes value;

        fill(store, 3);
        g_assert_cmpint(store_begin_write(store, &txn), ==, 0);
        g_assert_cmpint(store_get(txn, PERSIST_LOG, persist_key_bytes(&key), &value), ==, 1);
        memcpy(copy, value.data, value.length);
        g_assert_cmpint(
                store_put(txn, PERSIST_LOG, persist_key_bytes(&other), (Bytes){copy, value.length}),
                ==, 0);
        g_assert_cmpint(persist_replay(txn, &image), ==, 0);
        g_assert_cmpuint(image->n_damaged, ==, 1);
        g_assert_cmpuint(persist_image_session(image, 1)->waiting.count, ==, 3);
        store_abort(txn);
        store_free(store);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/broker/persist/message-round-trip", test_message_round_trip);
        g_test_add_func("/broker/persist/session-round-trip", test_session_round_trip);
        g_test_add_func("/broker/persist/long-texts-have-keys", test_long_texts_have_keys);
        g_test_add_func("/broker/persist/model", test_model);
        g_test_add_func("/broker/persist/flipped-bits", test_flipped_bits);
        g_test_add_func("/broker/persist/misplaced", test_misplaced);
        return g_test_run();
}
