/* SPDX-License-Identifier: Apache-2.0 */
/* persist-stage.h: a worker whose sessions are stored, driven by hand, and restarted.
 * Thread: any */
#pragma once

#include "broker/persist-load.h"
#include "broker/retained-cursor.h"
#include "persist-fixture.h"
#include "session-fixture.h"

#define REALTIME UINT64_C(70000)

/* One worker, "client" of which is stored. */
typedef struct Stage {
        Fixture fixture;
        Store *store;
        Takers *takers;
        Owners *owners;
        PersistNumbers numbers;
        Persist *persist;
        uint64_t change;
        uint64_t realtime;
        bool shelves; /* a restart leaves there what waits, and nobody reads it */
        PersistLoaded loaded;
} Stage;

static inline void stage_begin(Stage *stage)
{
        stage->fixture = (Fixture){.limits = {.retention = UINT64_MAX}, .now = FIXTURE_EPOCH};
        g_assert_cmpint(router_new(2, &stage->fixture.router), ==, 0);
        g_assert_cmpint(retained_new(&stage->fixture.retained), ==, 0);
        g_assert_cmpint(sessions_new(0, stage->fixture.router, &stage->fixture.limits,
                                     &stage->fixture.sessions),
                        ==, 0);
        g_assert_cmpint(takers_new(&stage->takers), ==, 0);
        g_assert_cmpint(owners_new(&stage->owners), ==, 0);
        sessions_set_owners(stage->fixture.sessions, stage->owners);
        stage->change = 0;
}

static inline void use_store(Stage *stage)
{
        const PersistParts parts = {&stage->numbers, stage->takers, 0, false};

        g_assert_cmpint(persist_new(&parts, &stage->persist), ==, 0);
        persist_set_clock(stage->persist, FIXTURE_EPOCH, stage->realtime);
        sessions_set_persist(stage->fixture.sessions, stage->persist);
}

/* Ends the turn: all of it is on the disk, and known to be. */
static inline void flush(Stage *stage)
{
        Change *change = NULL;

        g_assert_cmpint(sessions_take_change(stage->fixture.sessions, &change), ==, 0);
        if (change) {
                apply_change(stage->store, change);
                persist_submitted(stage->persist, ++stage->change);
        }
        persist_durable(stage->persist, stage->change);
        persist_confirm(stage->persist, 0, persist_drawn(stage->persist));
        while (sessions_take_confirmed(stage->fixture.sessions))
                ;
}

static inline Session *open_client(Stage *stage, const char *client_id, uint32_t expiry)
{
        Session *session = sessions_find(stage->fixture.sessions, bytes_from_string(client_id));

        if (!session)
                session = fixture_open(&stage->fixture, client_id);
        session_attach(session, &(SessionAttach){.connection = stage,
                                                 .expiry_interval = expiry,
                                                 .receive_maximum = 100});
        sessions_attached(stage->fixture.sessions, session);
        return session;
}

static inline void stage_init(Stage *stage)
{
        *stage = (Stage){.store = open_store(), .realtime = REALTIME};
        persist_numbers_init(&stage->numbers, 0, 0);
        stage_begin(stage);
        use_store(stage);
        stage->fixture.session = open_client(stage, "client", 3600);
        flush(stage);
}

static inline void stage_leave(Stage *stage)
{
        sessions_free(stage->fixture.sessions);
        stage->persist = persist_free(stage->persist);
        takers_free(stage->takers);
        owners_free(stage->owners);
        retained_free(stage->fixture.retained);
        router_free(stage->fixture.router);
}

static inline void stage_done(Stage *stage)
{
        stage_leave(stage);
        store_free(stage->store);
}

static inline Sessions *only_worker(void *data, Bytes client_id)
{
        return ((Stage *)data)->fixture.sessions;
}

/* The process ends, and the next one begins so many seconds later. */
static inline void restart(Stage *stage, unsigned seconds)
{
        PersistImage *image;
        PersistTarget target = {
                .sessions_of = only_worker, .data = stage, .shelves = stage->shelves};
        StoreTxn *txn;

        stage_leave(stage);
        stage_begin(stage);
        stage->realtime += seconds;
        image = replay(stage->store);
        target.router = stage->fixture.router;
        target.retained = stage->fixture.retained;
        target.takers = stage->takers;
        target.clock = (PersistClock){FIXTURE_EPOCH, stage->realtime};
        g_assert_cmpint(store_begin_read(stage->store, &txn), ==, 0);
        g_assert_cmpint(persist_load(txn, image, &target, &stage->loaded), ==, 0);
        store_abort(txn);
        g_assert_cmpuint(image->damaged.count, ==, 0);
        tidy(stage->store, image);
        persist_numbers_init(&stage->numbers, image->last_message, image->last_session);
        persist_image_free(image);
        use_store(stage);
        stage->fixture.session = sessions_find(stage->fixture.sessions, BYTES_LITERAL("client"));
}

/* Publishes "a.1", or "b.2:60" which expires in a minute, to these sessions; what each does. */
static inline char *publish(Stage *stage, const char *what, Session *const *sessions, unsigned n)
{
        g_auto(GStrv) words = g_strsplit(what, ":", 2);
        g_autofree char *topic = g_strndup(words[0], strlen(words[0]) - 2);
        _cleanup_(message_unrefp) Message *message = NULL;
        PersistTakerList takers = {};
        GString *text = g_string_new(NULL);
        MessageParts parts = {
                .topic = bytes_from_string(topic),
                .payload = BYTES_LITERAL("payload"),
                .qos = (uint8_t)(words[0][strlen(topic) + 1] - '0'),
                .expires =
                        words[1] ? message_expires_at(stage->fixture.now, (uint32_t)atoi(words[1]))
                                 : MESSAGE_NEVER_EXPIRES,
                .number = persist_number(stage->persist),
        };

        g_assert_cmpint(message_new(&parts, &message), ==, 0);
        for (unsigned i = 0; i < n; i++) {
                Offer offer = {.message = message, .qos = parts.qos, .writable = true};
                Delivery delivery = {};
                int r = session_offer(sessions[i], &offer, stage->fixture.now, &delivery);

                if (r == OFFER_SEND)
                        print_delivery(text, &delivery);
                else
                        g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "",
                                               r == OFFER_QUEUED ? "queued" : "dropped");
                if (r == OFFER_QUEUED && delivery.packet_id)
                        g_string_append_printf(text, "#%u", delivery.packet_id);
                if (r != OFFER_DROPPED)
                        g_assert_cmpint(session_list_taker(sessions[i], &offer, &delivery, &takers),
                                        ==, session_number(sessions[i]) != 0 && parts.qos > 0);
        }
        persist_publication(stage->persist,
                            &(PersistPublication){.message = message, .takers = &takers}, NULL);
        persist_taker_list_done(&takers);
        return g_string_free(text, FALSE);
}

#define assert_publishes(stage, what, expected)                                                    \
        do {                                                                                       \
                g_autofree char *got_ = publish(stage, what, &(stage)->fixture.session, 1);        \
                g_assert_cmpstr(got_, ==, expected);                                               \
        } while (0)
