/* SPDX-License-Identifier: Apache-2.0 */
/* test-session-memory.c: what sessions and messages cost, and that nothing is lost but one message
 * when there is no memory. The linker puts the functions below in the place of the allocator's. */
#include <malloc.h>

#include "broker/subscriptions.h"
#include "session-fixture.h"

/* Volatile: the compiler knows malloc() as one that changes no variable of ours. */
static volatile bool counting;
static size_t allocated;                /* bytes that live, as the allocator rounds them */
static volatile unsigned n_allocations; /* since it was last set to 0 */
static volatile unsigned fail_at;       /* which of them fails; 0: none */

/* The names are the linker's: --wrap. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void __wrap_free(void *p);

static bool fails(void)
{
        return counting && ++n_allocations == fail_at;
}

static size_t cost(void *p)
{
        return p && counting ? malloc_usable_size(p) + sizeof(size_t) : 0;
}

static void *count(void *p)
{
        allocated += cost(p);
        return p;
}

void *__wrap_malloc(size_t size)
{
        return fails() ? NULL : count(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
        return fails() ? NULL : count(__real_calloc(n, size));
}

void *__wrap_realloc(void *p, size_t size)
{
        size_t before = cost(p);
        void *q = fails() ? NULL : __real_realloc(p, size);

        if (q)
                allocated -= before;
        return count(q);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
        return __wrap_realloc(p, n * size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
        return fails() ? NULL : count(__real_aligned_alloc(alignment, size));
}

void __wrap_free(void *p)
{
        allocated -= cost(p);
        __real_free(p);
}

/* --- what it costs --- */

/* The session with its client identifier and one subscription; what the router and the index of all
 * sessions need for it is theirs. */
static void test_idle_session_is_small(void)
{
        SessionShared shared = {0};
        SessionParts parts = {.shared = &shared, .id = 1};
        Subscriptions subscriptions = {0};
        Subscription *subscription;
        Session *session;
        int r, q;

        allocated = 0;
        counting = true;
        r = session_new(&parts, BYTES_LITERAL("mqttjs_0123456789abcdef"), &session);
        q = subscriptions_add(&subscriptions, BYTES_LITERAL("building/7/+/temperature"),
                              &subscription);
        counting = false;
        g_assert_cmpint(r, ==, 0);
        g_assert_cmpint(q, ==, 0);
        g_test_message("%zu bytes", allocated);
        g_assert_cmpuint(allocated, <=, 350);
        subscriptions_done(&subscriptions);
        session_free(session);
}

static void test_queued_message_costs_two_words(void)
{
        enum { N = 100000 };
        Fixture fixture;
        Message *message;
        Offer offer = {.qos = 1};
        Delivery delivery;

        fixture_init(&fixture, (SessionLimits){0});
        fixture_detach(&fixture, fixture.session);
        message = offer.message = fixture_message(&fixture, "bench/topic", 1, 256);
        allocated = 0;
        counting = true;
        for (unsigned i = 0; i < N; i++)
                g_assert_cmpint(session_offer(fixture.session, &offer, fixture.now, &delivery), ==,
                                OFFER_QUEUED);
        counting = false;
        g_test_message("%zu bytes", allocated / N);
        /* An array that doubles: up to twice the 16 bytes, of which only 16 are ever touched. */
        g_assert_cmpuint(allocated / N, <=, 32);
        message_unref(message);
        fixture_done(&fixture);
}

/* --- when there is none --- */

typedef struct Script {
        const char *name;
        /* Returns how many calls failed; looks after itself otherwise. */
        unsigned (*run)(Fixture *fixture);
} Script;

static unsigned failed(int r)
{
        g_assert_true(r >= 0 || r == -ENOMEM);
        return r < 0;
}

static unsigned run_sessions(Fixture *fixture)
{
        unsigned n = 0;

        for (unsigned i = 0; i < 40; i++) {
                char name[16];
                Session *session = NULL;
                int length = g_snprintf(name, sizeof(name), "c%u", i);
                int r = sessions_open(fixture->sessions,
                                      (Bytes){(const uint8_t *)name, (size_t)length}, &session);

                n += failed(r);
                g_assert_true((session != NULL) == (r == 0));
        }
        return n;
}

static unsigned run_subscriptions(Fixture *fixture)
{
        unsigned n = 0;

        for (unsigned i = 0; i < 12; i++) {
                char text[32];
                bool existed = true;
                size_t before = session_n_subscriptions(fixture->session);
                int length =
                        g_snprintf(text, sizeof(text), "%sa/%u/b", i % 3 ? "" : "$share/g/", i);
                int r = session_subscribe(fixture->session,
                                          (Bytes){(const uint8_t *)text, (size_t)length}, 1, i,
                                          &existed);

                n += failed(r);
                g_assert_cmpuint(session_n_subscriptions(fixture->session), ==, before + (r == 0));
                g_assert_cmpuint(router_count(fixture->router), ==, before + (r == 0));
        }
        return n;
}

/* Queues, sends, repeats; what failed was dropped, and all counters still fit. */
static unsigned run_messages(Fixture *fixture)
{
        static const uint32_t identifiers[] = {1, 2, 3};
        MessageParts parts = {.topic = BYTES_LITERAL("t"), .expires = MESSAGE_NEVER_EXPIRES};
        const SessionsCounters *counters = sessions_counters(fixture->sessions);
        _cleanup_(message_unrefp) Message *message = NULL;
        unsigned n = 0, sent = 0, dropped = 0;
        Delivery delivery;

        if (failed(message_new(&parts, &message)))
                return 1;
        for (unsigned i = 0; i < 100; i++) {
                Offer offer = {
                        .message = message,
                        .qos = i % 3,
                        .identifiers = identifiers,
                        .n_identifiers = i % 4,
                        .writable = i % 7,
                };

                if (i == 50)
                        fixture_detach(fixture, fixture->session);
                dropped += failed(session_offer(fixture->session, &offer, fixture->now, &delivery));
        }
        n += dropped;
        fixture_attach(fixture, fixture->session, 65535);
        for (unsigned i = 0; i < 300; i++) {
                int r = session_dequeue(fixture->session, fixture->now, &delivery);

                n += failed(r);
                sent += r == 1;
        }
        g_assert_cmpuint(counters->dropped, >=, dropped);
        g_assert_cmpuint(counters->queued, ==,
                         session_n_inflight(fixture->session) + session_n_queued(fixture->session));
        g_assert_cmpuint(sent, ==, session_n_inflight(fixture->session));
        return n;
}

static unsigned run_received(Fixture *fixture)
{
        unsigned n = 0;

        for (uint16_t id = 1; id <= 200; id++) {
                int r = session_publish_received(fixture->session, id);

                n += failed(r);
                g_assert_cmpint(session_publish_released(fixture->session, id), ==,
                                r == 0 ? 0 : REASON_PACKET_IDENTIFIER_NOT_FOUND);
                failed(session_publish_received(fixture->session, id));
        }
        return n;
}

static unsigned run_retained(Fixture *fixture)
{
        MessageParts parts = {.topic = BYTES_LITERAL("t"),
                              .payload = BYTES_LITERAL("p"),
                              .expires = MESSAGE_NEVER_EXPIRES,
                              .qos = 1,
                              .retain = true};
        _cleanup_(message_unrefp) Message *message = NULL;
        RetainedCursor *cursor;
        Delivery delivery;
        unsigned n = 0;
        bool existed;
        int r;

        if (failed(message_new(&parts, &message)) ||
            failed(retained_set(fixture->retained, message)) ||
            failed(session_subscribe(fixture->session, BYTES_LITERAL("#"), 1, 0, &existed)) ||
            failed(retained_cursor_new(fixture->retained, BYTES_LITERAL("#"), &cursor)))
                return 1;
        n += failed(session_want_retained(fixture->session, cursor, 1, 0));
        for (unsigned i = 0; i < 10; i++) {
                r = session_dequeue(fixture->session, fixture->now, &delivery);
                g_assert_true(r >= 0 || r == -EAGAIN || r == -ENOMEM);
                n += r == -ENOMEM;
        }
        return n;
}

static const Script scripts[] = {
        {"sessions", run_sessions}, {"subscriptions", run_subscriptions},
        {"messages", run_messages}, {"received", run_received},
        {"retained", run_retained},
};

/* The script as often as it allocates, each time with another allocation that fails. */
static void test_each_allocation_fails_once(gconstpointer data)
{
        const Script *script = data;
        unsigned last;

        fail_at = 0;
        do {
                Fixture fixture;

                fixture_init(&fixture, (SessionLimits){.max_inflight_messages = 20});
                fail_at++;
                n_allocations = 0;
                counting = true;
                script->run(&fixture);
                counting = false;
                last = n_allocations;
                fixture_done(&fixture);
        } while (fail_at <= last);
        g_test_message("%u allocations", last);
        g_assert_cmpuint(last, >, 3);
        fail_at = 0;
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/broker/session/memory/idle-session-is-small", test_idle_session_is_small);
        g_test_add_func("/broker/session/memory/queued-message-costs-two-words",
                        test_queued_message_costs_two_words);
        for (size_t i = 0; i < G_N_ELEMENTS(scripts); i++) {
                g_autofree char *path = g_strconcat("/broker/session/memory/each-allocation-fails/",
                                                    scripts[i].name, NULL);

                g_test_add_data_func(path, &scripts[i], test_each_allocation_fails_once);
        }
        return g_test_run();
}
