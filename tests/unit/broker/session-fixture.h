/* SPDX-License-Identifier: Apache-2.0 */
/* session-fixture.h: sessions with a router and a retained store, driven by hand; what they send is
 * compared as text. Time stands still at 1000 s unless a test moves it.
 * Thread: any */
#pragma once

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "broker/message.h"
#include "broker/retained.h"
#include "broker/router.h"
#include "broker/session.h"
#include "broker/sessions.h"
#include "mqtt/protocol.h"

#define FIXTURE_EPOCH ((msec_t)1000 * MSEC_PER_SEC)

typedef struct Fixture {
        SessionLimits limits;
        Router *router;
        Retained *retained;
        Sessions *sessions;
        Session *session; /* "client", connected with Receive Maximum 65535, never expires */
        msec_t now;
        uint32_t message_expiry; /* of the messages it makes; 0: none */
} Fixture;

static inline void fixture_attach(Fixture *fixture, Session *session, uint16_t receive_maximum)
{
        session_attach(session, &(SessionAttach){
                                        .connection = fixture,
                                        .expiry_interval = SESSION_NEVER_EXPIRES,
                                        .receive_maximum = receive_maximum,
                                });
        sessions_attached(fixture->sessions, session);
}

static inline void fixture_detach(Fixture *fixture, Session *session)
{
        sessions_detach(fixture->sessions, session, fixture->now);
}

static inline Session *fixture_open(Fixture *fixture, const char *client_id)
{
        Session *session = NULL;

        g_assert_cmpint(sessions_open(fixture->sessions, bytes_from_string(client_id), &session),
                        ==, 0);
        return session;
}

static inline void fixture_init(Fixture *fixture, SessionLimits limits)
{
        *fixture = (Fixture){.limits = limits, .now = FIXTURE_EPOCH};
        if (limits.retention == 0)
                fixture->limits.retention = UINT64_MAX;
        g_assert_cmpint(router_new(2, &fixture->router), ==, 0);
        g_assert_cmpint(retained_new(&fixture->retained), ==, 0);
        g_assert_cmpint(sessions_new(0, fixture->router, &fixture->limits, &fixture->sessions), ==,
                        0);
        fixture->session = fixture_open(fixture, "client");
        fixture_attach(fixture, fixture->session, 65535);
}

static inline void assert_counters_are_zero(const SessionsCounters *counters)
{
        g_assert_cmpuint(counters->sessions, ==, 0);
        g_assert_cmpuint(counters->away, ==, 0);
        g_assert_cmpuint(counters->queued, ==, 0);
        g_assert_cmpuint(counters->queued_bytes, ==, 0);
}

static inline int close_all(Session *session, void *data)
{
        *(Session **)data = session;
        return 1;
}

/* Ends all sessions: nothing may be left in any queue, nor in the router. */
static inline void fixture_done(Fixture *fixture)
{
        Session *session;

        while (sessions_foreach(fixture->sessions, close_all, &session))
                sessions_close(fixture->sessions, session);
        assert_counters_are_zero(sessions_counters(fixture->sessions));
        g_assert_cmpuint(router_count(fixture->router), ==, 0);
        sessions_free(fixture->sessions);
        retained_free(fixture->retained);
        router_free(fixture->router);
}

/* A message whose payload is `size` times its topic's first letter. */
static inline Message *fixture_message(const Fixture *fixture, const char *topic, uint8_t qos,
                                       size_t size)
{
        g_autofree uint8_t *payload = g_malloc(size + 1);
        Message *message = NULL;
        MessageParts parts = {
                .topic = bytes_from_string(topic),
                .payload = {payload, size},
                .expires = fixture->message_expiry
                                   ? message_expires_at(fixture->now, fixture->message_expiry)
                                   : MESSAGE_NEVER_EXPIRES,
                .qos = qos,
        };

        memset(payload, topic[0], size);
        g_assert_cmpint(message_new(&parts, &message), ==, 0);
        return message;
}

/* As the broker would print it in a test: "topic.qos#id", with `!` for DUP and `r` for RETAIN, and
 * the identifiers in brackets; "rel#id" for a PUBREL. */
static inline void print_delivery(GString *text, const Delivery *delivery)
{
        if (text->len > 0)
                g_string_append_c(text, ' ');
        if (!delivery->message) {
                g_string_append_printf(text, "rel#%u", delivery->packet_id);
                return;
        }
        g_string_append_len(text, (const char *)message_topic(delivery->message).data,
                            (gssize)message_topic(delivery->message).length);
        g_string_append_printf(text, ".%u", delivery->qos);
        if (delivery->packet_id)
                g_string_append_printf(text, "#%u", delivery->packet_id);
        if (delivery->dup)
                g_string_append_c(text, '!');
        if (delivery->retain)
                g_string_append_c(text, 'r');
        for (unsigned i = 0; i < delivery->n_identifiers; i++)
                g_string_append_printf(text, "[%u]", delivery->identifiers[i]);
}

/* Offers a message of `size` bytes; "sent ..." as printed above, "queued", "dropped". */
static inline char *offer_sized(Fixture *fixture, Session *session, const char *topic, uint8_t qos,
                                size_t size)
{
        _cleanup_(message_unrefp) Message *message = fixture_message(fixture, topic, qos, size);
        Offer offer = {.message = message, .qos = qos, .writable = true};
        GString *text = g_string_new(NULL);
        Delivery delivery;

        switch (session_offer(session, &offer, fixture->now, &delivery)) {
        case OFFER_SEND:
                print_delivery(text, &delivery);
                break;
        case OFFER_QUEUED:
                g_string_append(text, "queued");
                break;
        case OFFER_DROPPED:
                g_string_append(text, "dropped");
                break;
        default:
                g_string_append(text, "failed");
        }
        return g_string_free(text, FALSE);
}

/* Offers messages one by one from "a.1 b.2", each of ten bytes without its topic; what became of
 * them, in the same manner. */
static inline char *offer_all(Fixture *fixture, Session *session, const char *what)
{
        g_auto(GStrv) words = g_strsplit(what, " ", -1);
        GString *text = g_string_new(NULL);

        for (char **word = words; *word; word++) {
                char *dot = strchr(*word, '.');
                g_autofree char *result = NULL;

                *dot = 0;
                result = offer_sized(fixture, session, *word, (uint8_t)(dot[1] - '0'), 10);
                g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", result);
        }
        return g_string_free(text, FALSE);
}

/* All that the session sends now. */
static inline char *drain(Fixture *fixture, Session *session)
{
        GString *text = g_string_new(NULL);
        Delivery delivery;
        int r;

        while ((r = session_dequeue(session, fixture->now, &delivery)) != 0) {
                if (r == -EAGAIN)
                        continue;
                g_assert_cmpint(r, ==, 1);
                print_delivery(text, &delivery);
        }
        g_assert_false(session_has_pending(session));
        return g_string_free(text, FALSE);
}

#define assert_offers(fixture, what, expected)                                                     \
        do {                                                                                       \
                g_autofree char *got_ = offer_all(fixture, (fixture)->session, what);              \
                g_assert_cmpstr(got_, ==, expected);                                               \
        } while (0)

#define assert_drains(fixture, expected)                                                           \
        do {                                                                                       \
                g_autofree char *got_ = drain(fixture, (fixture)->session);                        \
                g_assert_cmpstr(got_, ==, expected);                                               \
        } while (0)

/* A test with the limits that it needs. */
typedef struct Case {
        const char *name;
        void (*run)(Fixture *fixture);
        SessionLimits limits;
} Case;

static inline void fixture_run_case(gconstpointer data)
{
        const Case *c = data;
        Fixture fixture;

        fixture_init(&fixture, c->limits);
        c->run(&fixture);
        fixture_done(&fixture);
}

static inline void fixture_add_cases(const char *prefix, const Case *cases, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                g_autofree char *path = g_strconcat(prefix, cases[i].name, NULL);

                g_test_add_data_func(path, &cases[i], fixture_run_case);
        }
}
