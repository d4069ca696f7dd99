/* SPDX-License-Identifier: Apache-2.0 */
/* test-outbox.c: the order of what waits, and who goes when it is full. */
#include <glib.h>

#include "broker/outbox.h"
#include "broker/router.h"

typedef struct Fixture {
        Outbox *outbox;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
        g_assert_cmpint(outbox_new(NULL, &fixture->outbox), ==, 0);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
        outbox_free(fixture->outbox);
}

/* A message named by one letter, of 100 bytes; lower case: QoS 0, upper case: QoS 1. */
static Outgoing make_numbered(char name, uint32_t expires, uint64_t number)
{
        uint8_t payload[99] = {0};
        MessageParts parts = {
                .topic = {(const uint8_t *)&name, 1},
                .payload = {payload, sizeof(payload)},
                .expires = expires,
                .number = number,
        };
        Message *message = NULL;

        g_assert_cmpint(message_new(&parts, &message), ==, 0);
        return outgoing_make(message, g_ascii_isupper(name), false, 0);
}

static Outgoing make(char name, uint32_t expires)
{
        return make_numbered(name, expires, 0);
}

static void push(Outbox *outbox, const char *names)
{
        for (const char *name = names; *name; name++) {
                Outgoing outgoing = make(*name, MESSAGE_NEVER_EXPIRES);

                g_assert_cmpint(outbox_push(outbox, &outgoing), ==, 0);
        }
}

static char *pop_all(Outbox *outbox, OutboxKind kind)
{
        GString *text = g_string_new(NULL);
        Outgoing outgoing;

        while (outbox_pop(outbox, kind, &outgoing)) {
                g_string_append_c(text, (char)message_topic(outgoing.message).data[0]);
                outgoing_done(&outgoing);
        }
        g_assert_null(outbox_first(outbox, kind));
        return g_string_free(text, FALSE);
}

#define assert_pops(outbox, kind, expected)                                                        \
        do {                                                                                       \
                g_autofree char *got_ = pop_all(outbox, kind);                                     \
                g_assert_cmpstr(got_, ==, expected);                                               \
        } while (0)

static void test_one_order(Fixture *fixture, gconstpointer data)
{
        static const char *const orders[] = {"ABC", "abc", "aBcD", "AbCd", "abCDef", "ABcdE"};

        for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
                push(fixture->outbox, orders[i]);
                g_assert_cmpuint(outbox_count(fixture->outbox), ==, strlen(orders[i]));
                g_assert_cmpuint(fixture->outbox->bytes, ==, 100 * strlen(orders[i]));
                assert_pops(fixture->outbox, OUTBOX_ANY, orders[i]);
                g_assert_cmpuint(fixture->outbox->bytes, ==, 0);
        }
}

static void test_kinds_pass_each_other(Fixture *fixture, gconstpointer data)
{
        push(fixture->outbox, "AbCdE");
        assert_pops(fixture->outbox, OUTBOX_QOS0, "bd");
        push(fixture->outbox, "f");
        assert_pops(fixture->outbox, OUTBOX_QOS12, "ACE");
        assert_pops(fixture->outbox, OUTBOX_ANY, "f");
}

/* Against a list, with the kinds drawn at random. */
static void test_order_model(Fixture *fixture, gconstpointer data)
{
        g_autoptr(GRand) rand = g_rand_new_with_seed(5);
        g_autoptr(GString) model = g_string_new(NULL);
        Outgoing outgoing;

        for (unsigned i = 0; i < 20000; i++) {
                if (g_rand_int_range(rand, 0, 100) < (i / 2000 % 2 ? 40 : 60)) {
                        char name[2] = {"abcABC"[g_rand_int_range(rand, 0, 6)]};

                        push(fixture->outbox, name);
                        g_string_append(model, name);
                } else if (model->len > 0) {
                        g_assert_true(outbox_pop(fixture->outbox, OUTBOX_ANY, &outgoing));
                        g_assert_cmpint(message_topic(outgoing.message).data[0], ==, model->str[0]);
                        g_string_erase(model, 0, 1);
                        outgoing_done(&outgoing);
                }
        }
        assert_pops(fixture->outbox, OUTBOX_ANY, model->str);
}

typedef struct Limit {
        uint32_t messages;
        uint64_t bytes;
        bool drop_oldest;
        const char *offered; /* one after the other */
        const char *left;
        const char *gone; /* in order; the newcomer itself too */
} Limit;

static const Limit limits[] = {
        /* 0 is no limit, whatever there is. */
        {0, 0, false, "AAAAAAAAAAAAAAAAAAAAaaaaaaaaaaaaaaa", "AAAAAAAAAAAAAAAAAAAAaaaaaaaaaaaaaaa",
         ""},
        {3, 0, false, "ABCDE", "ABC", "DE"},
        {3, 0, true, "ABCDE", "CDE", "AB"},
        {0, 399, false, "ABCDE", "ABC", "DE"},
        {0, 400, false, "ABCDE", "ABCD", "E"},
        {0, 399, true, "ABCDE", "CDE", "AB"},
        {2, 1000, false, "ABC", "AB", "C"},
        {10, 200, false, "ABC", "AB", "C"},
        /* Alone too large: nobody goes for it. */
        {0, 99, true, "A", "", "A"},
        /* QoS 0 gives way, with both policies, oldest first... */
        {3, 0, false, "aAbBC", "ABC", "ab"},
        {3, 0, true, "aAbBC", "ABC", "ab"},
        {3, 0, false, "aAbBCD", "ABC", "abD"},
        {3, 0, true, "aAbBCD", "BCD", "abA"},
        /* ...and never puts out the others. */
        {2, 0, true, "ABc", "AB", "c"},
        {2, 0, false, "ABc", "AB", "c"},
        {3, 0, true, "ABcd", "ABd", "c"},
        {3, 0, false, "ABcd", "ABc", "d"},
};

static void offer(Outbox *outbox, const SessionLimits *session_limits, char name, GString *gone)
{
        Outgoing newcomer = make(name, MESSAGE_NEVER_EXPIRES), outgoing;
        size_t size = message_size(newcomer.message);

        while (!outbox_has_room(outbox, session_limits, size)) {
                if (!outbox_yield(outbox, session_limits, outgoing_qos(&newcomer), size,
                                  &outgoing)) {
                        g_string_append_c(gone, name);
                        outgoing_done(&newcomer);
                        return;
                }
                g_string_append_c(gone, (char)message_topic(outgoing.message).data[0]);
                outgoing_done(&outgoing);
        }
        g_assert_cmpint(outbox_push(outbox, &newcomer), ==, 0);
}

/* What waits for one client of a user counts for the others, who do not lose anything for it. */
static void test_owner(Fixture *fixture, gconstpointer data)
{
        const SessionLimits session_limits = {.user_max_queued_bytes = 400, .drop_oldest = true};
        _cleanup_(owners_freep) Owners *owners = NULL;
        g_autoptr(GString) gone = g_string_new(NULL);
        Outbox *other = NULL;
        Owner *owner, *next;

        g_assert_cmpint(owners_new(&owners), ==, 0);
        g_assert_cmpint(owners_enter(owners, BYTES_LITERAL("ada"), -1, &owner), ==, 0);
        g_assert_cmpint(owners_enter(owners, BYTES_LITERAL("bob"), -1, &next), ==, 0);
        push(fixture->outbox, "A");
        outbox_set_owner(fixture->outbox, owner);
        g_assert_cmpuint(owner_queued(owner), ==, 100);
        g_assert_cmpint(outbox_new(owner, &other), ==, 0);
        push(other, "xYZ");
        g_assert_cmpuint(owner_queued(owner), ==, 400);
        offer(fixture->outbox, &session_limits, 'B', gone);
        g_assert_cmpstr(gone->str, ==, "A");
        assert_pops(fixture->outbox, OUTBOX_ANY, "B");
        g_assert_cmpuint(owner_queued(owner), ==, 300);
        /* It has room for one, and the others leave none for more. */
        push(other, "W");
        offer(fixture->outbox, &session_limits, 'C', gone);
        g_assert_cmpstr(gone->str, ==, "AC");
        /* At another user's they count there. */
        outbox_set_owner(other, next);
        g_assert_cmpuint(owner_queued(owner), ==, 0);
        g_assert_cmpuint(owner_queued(next), ==, 400);
        offer(fixture->outbox, &session_limits, 'D', gone);
        g_assert_cmpstr(gone->str, ==, "AC");
        g_assert_cmpuint(owner_queued(owner), ==, 100);
        outbox_free(other);
        g_assert_cmpuint(owner_queued(next), ==, 0);
        outbox_set_owner(fixture->outbox, NULL);
        g_assert_cmpuint(owner_queued(owner), ==, 0);
        owner_leave(owner);
        owner_leave(next);
}

static void test_limits(Fixture *fixture, gconstpointer data)
{
        for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
                g_autoptr(GString) gone = g_string_new(NULL);
                SessionLimits session_limits = {
                        .max_queued_messages = limits[i].messages,
                        .max_queued_bytes = limits[i].bytes,
                        .drop_oldest = limits[i].drop_oldest,
                };

                for (const char *name = limits[i].offered; *name; name++)
                        offer(fixture->outbox, &session_limits, *name, gone);
                g_assert_cmpstr(gone->str, ==, limits[i].gone);
                assert_pops(fixture->outbox, OUTBOX_ANY, limits[i].left);
        }
}

static size_t expire(Outbox *outbox, msec_t now, size_t *ret_bytes)
{
        OutboxExpiry walk = {};
        Outgoing outgoing;
        size_t n = 0;

        *ret_bytes = 0;
        for (; outbox_take_expired(outbox, &walk, now, &outgoing); n++) {
                *ret_bytes += message_size(outgoing.message);
                outgoing_done(&outgoing);
        }
        return n;
}

static void test_expired_ones_go_from_anywhere(Fixture *fixture, gconstpointer data)
{
        static const char *const names = "ABcDeFgH";
        size_t bytes;

        /* Every second one expires: B, D, F at 10 s, H at 20 s. */
        for (unsigned i = 0; names[i]; i++) {
                Outgoing outgoing = make(names[i], i % 2 == 0        ? MESSAGE_NEVER_EXPIRES
                                                   : names[i] == 'H' ? 20
                                                                     : 10);

                g_assert_cmpint(outbox_push(fixture->outbox, &outgoing), ==, 0);
        }
        g_assert_cmpuint(expire(fixture->outbox, 9999, &bytes), ==, 0);
        g_assert_cmpuint(bytes, ==, 0);
        g_assert_cmpuint(expire(fixture->outbox, 10000, &bytes), ==, 3);
        g_assert_cmpuint(bytes, ==, 300);
        g_assert_cmpuint(fixture->outbox->expires, ==, 20);
        g_assert_cmpuint(outbox_count(fixture->outbox), ==, 5);
        push(fixture->outbox, "iJ");
        g_assert_cmpuint(expire(fixture->outbox, 20000, &bytes), ==, 1);
        assert_pops(fixture->outbox, OUTBOX_ANY, "AcegiJ");
}

static void test_keeps_little_when_empty(Fixture *fixture, gconstpointer data)
{
        for (unsigned i = 0; i < 1000; i++)
                push(fixture->outbox, "Aa");
        while (outbox_count(fixture->outbox) > 0) {
                Outgoing outgoing;

                outbox_pop(fixture->outbox, OUTBOX_ANY, &outgoing);
                outgoing_done(&outgoing);
        }
        outbox_trim(fixture->outbox);
        for (unsigned i = 0; i < OUTBOX_RINGS; i++)
                g_assert_cmpuint(fixture->outbox->rings[i].capacity, <=, 64);
}

/* --- the shelf --- */

/* Their numbers are their letters. */
static void push_stored(Outbox *outbox, const char *names)
{
        for (const char *name = names; *name; name++) {
                Outgoing outgoing = make_numbered(*name, MESSAGE_NEVER_EXPIRES, (uint64_t)*name);

                g_assert_cmpint(outbox_push(outbox, &outgoing), ==, 0);
        }
}

static void shelve(Outbox *outbox, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                g_assert_cmpint(outbox_shelve(outbox), ==, 1);
}

/* The oldest n; those in `gone` are not there any more. */
static void fetch(Outbox *outbox, uint32_t n, const char *gone)
{
        Message *messages[8] = {};
        OutboxShelfCursor cursor = {};
        OutboxShelved shelved;

        g_assert_cmpuint(n, <=, G_N_ELEMENTS(messages));
        for (uint32_t i = 0; i < n; i++) {
                char name;

                g_assert_true(outbox_shelf_next(outbox->shelf, &cursor, &shelved));
                name = (char)shelved.number;
                if (!strchr(gone, name))
                        messages[i] =
                                make_numbered(name, MESSAGE_NEVER_EXPIRES, (uint64_t)name).message;
        }
        g_assert_cmpint(outbox_fetch(outbox, messages, n), ==, 0);
}

static void test_shelf_keeps_the_order(Fixture *fixture, gconstpointer data)
{
        Outbox *outbox = fixture->outbox;

        push_stored(outbox, "ABcDEFgH");
        g_assert_false(outbox_lacks(outbox));
        shelve(outbox, 4); /* A B D E */
        g_assert_true(outbox_lacks(outbox));
        g_assert_cmpuint(outbox_count(outbox), ==, 8);
        g_assert_cmpuint(outbox->bytes, ==, 800);
        g_assert_cmpuint(outbox_next_to_shelve(outbox), ==, 'F');
        push_stored(outbox, "iJ");
        fetch(outbox, 2, "");
        g_assert_false(outbox_lacks(outbox));
        assert_pops(outbox, OUTBOX_FETCHED, "AB");
        g_assert_true(outbox_lacks(outbox));
        fetch(outbox, 2, "");
        g_assert_cmpuint(outbox_shelf_size(outbox), ==, 0);
        assert_pops(outbox, OUTBOX_ANY, "cDEFgHiJ");
        g_assert_cmpuint(outbox->bytes, ==, 0);
}

static void test_what_is_gone_leaves_no_bytes(Fixture *fixture, gconstpointer data)
{
        Outbox *outbox = fixture->outbox;

        push_stored(outbox, "ABCD");
        shelve(outbox, 3);
        fetch(outbox, 3, "BC");
        g_assert_cmpuint(outbox->bytes, ==, 200);
        g_assert_cmpuint(outbox->shelf_bytes, ==, 0);
        assert_pops(outbox, OUTBOX_ANY, "AD");
        g_assert_cmpuint(outbox->bytes, ==, 0);
}

static void test_shelf_is_cleared(Fixture *fixture, gconstpointer data)
{
        Outbox *outbox = fixture->outbox;

        push_stored(outbox, "ABCD");
        shelve(outbox, 3);
        outbox_clear_shelf(outbox);
        g_assert_cmpuint(outbox_count(outbox), ==, 1);
        g_assert_cmpuint(outbox->bytes, ==, 100);
        assert_pops(outbox, OUTBOX_ANY, "D");
}

static void test_not_for_the_shelf(Fixture *fixture, gconstpointer data)
{
        const uint32_t identifiers[] = {1, 2};
        Outbox *outbox = fixture->outbox;
        Outgoing plain = make('B', MESSAGE_NEVER_EXPIRES), outgoing;
        Offer offer = {.identifiers = identifiers, .n_identifiers = 2, .qos = 1};

        g_assert_cmpint(outbox_shelve(outbox), ==, 0);
        offer.message = make_numbered('A', MESSAGE_NEVER_EXPIRES, 7).message;
        g_assert_cmpint(outgoing_init(&outgoing, &offer), ==, 0);
        message_unref(offer.message);
        g_assert_cmpint(outbox_push(outbox, &outgoing), ==, 0);
        g_assert_cmpint(outbox_push(outbox, &plain), ==, 0);
        g_assert_cmpint(outbox_shelve(outbox), ==, 0); /* more to it than two words */
        g_assert_true(outbox_pop(outbox, OUTBOX_ANY, &outgoing));
        outgoing_done(&outgoing);
        g_assert_cmpint(outbox_shelve(outbox), ==, 0); /* without a number */
        assert_pops(outbox, OUTBOX_ANY, "B");
}

int main(int argc, char **argv)
{
        static const struct {
                const char *name;
                void (*test)(Fixture *fixture, gconstpointer data);
        } tests[] = {
                {"one-order", test_one_order},
                {"kinds-pass-each-other", test_kinds_pass_each_other},
                {"order-model", test_order_model},
                {"limits", test_limits},
                {"owner", test_owner},
                {"expired-ones-go-from-anywhere", test_expired_ones_go_from_anywhere},
                {"keeps-little-when-empty", test_keeps_little_when_empty},
                {"shelf-keeps-the-order", test_shelf_keeps_the_order},
                {"what-is-gone-leaves-no-bytes", test_what_is_gone_leaves_no_bytes},
                {"shelf-is-cleared", test_shelf_is_cleared},
                {"not-for-the-shelf", test_not_for_the_shelf},
        };

        g_test_init(&argc, &argv, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
                g_autofree char *path = g_strconcat("/broker/outbox/", tests[i].name, NULL);

                g_test_add(path, Fixture, NULL, set_up, tests[i].test, tear_down);
        }
        return g_test_run();
}
