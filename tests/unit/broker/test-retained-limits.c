/* SPDX-License-Identifier: Apache-2.0 */
/* How many retained messages, and bytes of them, an author may have. */

#include <glib.h>

#include "broker/retained.h"
#include "mqtt/protocol.h"

#define NONE UINT64_MAX

typedef struct Store {
        Retained *retained;
        RetainedLimits limits;
        RetainedLimit above;
} Store;

static void begin(Store *store, bool count)
{
        *store = (Store){.limits = {NONE, NONE, NONE, NONE}};
        g_assert_cmpint(retained_new(&store->retained), ==, 0);
        g_assert_cmpint(retained_count_authors(store->retained, count), ==, 0);
}

static void end(Store *store)
{
        retained_free(store->retained);
}

/* By `client` as `user`; "": nobody knows by whom. */
static Message *make_message(const char *topic, const char *payload, const char *client,
                             const char *user)
{
        const MessageAuthor author = {.client_id = bytes_from_string(client),
                                      .username = bytes_from_string(user)};
        const MessageParts parts = {
                .topic = bytes_from_string(topic),
                .payload = bytes_from_string(payload),
                .expires = MESSAGE_NEVER_EXPIRES,
                .retain = true,
                .author = *client ? &author : NULL,
        };
        Message *message = NULL;

        g_assert_cmpint(message_new(&parts, &message), ==, 0);
        return message;
}

static int offer(Store *store, const char *topic, const char *payload, const char *client,
                 const char *user)
{
        _cleanup_(message_unrefp) Message *message = make_message(topic, payload, client, user);

        store->above = RETAINED_LIMITS_N;
        return retained_offer(store->retained, message, &store->limits, &store->above);
}

static void accepted(Store *store, const char *topic, const char *payload, const char *client,
                     const char *user)
{
        g_assert_cmpint(offer(store, topic, payload, client, user), ==, 0);
}

static void refused(Store *store, RetainedLimit limit, const char *topic, const char *payload,
                    const char *client, const char *user)
{
        const size_t count = retained_count(store->retained),
                     bytes = retained_bytes(store->retained);

        g_assert_cmpint(offer(store, topic, payload, client, user), ==, REASON_QUOTA_EXCEEDED);
        g_assert_cmpint(store->above, ==, limit);
        g_assert_cmpuint(retained_count(store->retained), ==, count);
        g_assert_cmpuint(retained_bytes(store->retained), ==, bytes);
}

/* Its own may be replaced; others have their own number; one that is removed, or that somebody else
 * has replaced, makes room. */
static void test_messages_of_a_client(void)
{
        Store store;

        begin(&store, true);
        store.limits.client_messages = 2;
        accepted(&store, "a", "1", "one", NULL);
        accepted(&store, "b", "1", "one", NULL);
        refused(&store, RETAINED_CLIENT_MESSAGES, "c", "1", "one", NULL);
        accepted(&store, "b", "2", "one", NULL);
        accepted(&store, "c", "1", "two", NULL);
        refused(&store, RETAINED_CLIENT_MESSAGES, "c", "2", "one", NULL);
        accepted(&store, "a", "", "one", NULL);
        accepted(&store, "c", "2", "one", NULL);
        refused(&store, RETAINED_CLIENT_MESSAGES, "d", "1", "one", NULL);
        accepted(&store, "b", "3", "two", NULL);
        accepted(&store, "d", "1", "one", NULL);
        refused(&store, RETAINED_CLIENT_MESSAGES, "e", "1", "one", NULL);
        end(&store);
}

/* A topic counts with its payload. */
static void test_bytes_of_a_client(void)
{
        Store store;

        begin(&store, true);
        store.limits.client_bytes = 10;
        accepted(&store, "a", "12345", "one", NULL);
        accepted(&store, "b", "123", "one", NULL);
        refused(&store, RETAINED_CLIENT_BYTES, "c", "1", "one", NULL);
        refused(&store, RETAINED_CLIENT_BYTES, "b", "1234", "one", NULL);
        accepted(&store, "a", "1", "one", NULL);
        accepted(&store, "b", "1234567", "one", NULL);
        refused(&store, RETAINED_CLIENT_BYTES, "a", "12", "one", NULL);
        store.limits.client_bytes = 1; /* a newer one: what is there may not grow */
        accepted(&store, "b", "123", "one", NULL);
        refused(&store, RETAINED_CLIENT_BYTES, "b", "1234", "one", NULL);
        end(&store);
}

/* All of its clients; one without a name has no user. */
static void test_user(void)
{
        Store store;

        begin(&store, true);
        store.limits.user_messages = 2;
        store.limits.user_bytes = 8;
        accepted(&store, "a", "1", "one", "ada");
        accepted(&store, "b", "1", "two", "ada");
        refused(&store, RETAINED_USER_MESSAGES, "c", "1", "three", "ada");
        refused(&store, RETAINED_USER_BYTES, "b", "1234567", "two", "ada");
        accepted(&store, "c", "1", "three", "");
        accepted(&store, "d", "1", "three", "bob");
        for (unsigned i = 0; i < 5; i++)
                accepted(&store, (char[]){'a', (char)('a' + i), 0}, "123456", "three", NULL);
        accepted(&store, "a", "123", "two", "ada");
        end(&store);
}

/* What nobody knows the author of is nobody's; what was there before is counted if it is known. */
static void test_counted_later(void)
{
        Store store;

        begin(&store, false);
        store.limits.client_messages = 1;
        accepted(&store, "a", "1", "one", NULL);
        accepted(&store, "b/c", "1", "one", NULL);
        accepted(&store, "c", "1", "", NULL);
        g_assert_cmpint(retained_count_authors(store.retained, true), ==, 0);
        g_assert_cmpint(retained_count_authors(store.retained, true), ==, 0);
        accepted(&store, "d", "1", "", NULL);
        refused(&store, RETAINED_CLIENT_MESSAGES, "d", "1", "one", NULL);
        accepted(&store, "a", "", "", NULL);
        refused(&store, RETAINED_CLIENT_MESSAGES, "d", "1", "one", NULL);
        accepted(&store, "b/c", "", "", NULL);
        accepted(&store, "d", "1", "one", NULL);
        g_assert_cmpint(retained_count_authors(store.retained, false), ==, 0);
        accepted(&store, "e", "1", "one", NULL);
        accepted(&store, "d", "", "one", NULL);
        g_assert_cmpint(retained_count_authors(store.retained, true), ==, 0);
        refused(&store, RETAINED_CLIENT_MESSAGES, "f", "1", "one", NULL);
        end(&store);
}

static void test_expired(void)
{
        const MessageAuthor author = {.client_id = BYTES_LITERAL("one")};
        const MessageParts parts = {
                .topic = BYTES_LITERAL("a"),
                .payload = BYTES_LITERAL("1"),
                .expires = 10,
                .author = &author,
        };
        _cleanup_(message_unrefp) Message *message = NULL;
        Store store;

        begin(&store, true);
        store.limits.client_messages = 1;
        g_assert_cmpint(message_new(&parts, &message), ==, 0);
        g_assert_cmpint(retained_offer(store.retained, message, &store.limits, &store.above), ==,
                        0);
        refused(&store, RETAINED_CLIENT_MESSAGES, "b", "1", "one", NULL);
        g_assert_cmpuint(retained_expire(store.retained, 10 * MSEC_PER_SEC, 10), ==, 1);
        accepted(&store, "b", "1", "one", NULL);
        end(&store);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/broker/retained-limits/messages-of-a-client", test_messages_of_a_client);
        g_test_add_func("/broker/retained-limits/bytes-of-a-client", test_bytes_of_a_client);
        g_test_add_func("/broker/retained-limits/user", test_user);
        g_test_add_func("/broker/retained-limits/counted-later", test_counted_later);
        g_test_add_func("/broker/retained-limits/expired", test_expired);
        return g_test_run();
}
