/* SPDX-License-Identifier: Apache-2.0 */

/* Access: which topics nobody but the broker writes to. */
#include <glib.h>

#include "access/access.h"
#include "mqtt/protocol.h"

static int check(AccessKind kind, const char *topic)
{
        const AccessRequest request = {
                .kind = kind,
                .subject.client_id = BYTES_LITERAL("c"),
                .topic = bytes_from_string(topic),
        };

        return access_check(&request, NULL);
}

static void test_publish_spares_what_is_the_brokers_own(void)
{
        static const struct {
                const char *topic;
                bool allowed;
        } cases[] = {
                {"a/b", true},
                {"", true},
                {"$", true},
                {"$foo", true},
                {"$SYSTEM/x", true},
                {"$CONTROLS/x", true},
                {"a/$SYS/b", true},
                {"$SYS", false},
                {"$SYS/", false},
                {"$SYS/broker/uptime", false},
                {"$CONTROL", false},
                {"$CONTROL/dynamic-security/v1", false},
                {"$share", false},
                {"$share/group/a", false},
                /* What the bridges of other brokers tell. */
                {"$SYS/broker/connection/north.1/state", true},
                {"$SYS/broker/connection//state", true},
                {"$SYS/broker/connection/a/b/state", false},
                {"$SYS/broker/connection/state", false},
                {"$SYS/broker/connection/a/stat", false},
                {"$SYS/broker/connection/a/state/x", false},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_test_message("%s", cases[i].topic);
                g_assert_cmpint(check(ACCESS_PUBLISH, cases[i].topic), ==,
                                cases[i].allowed ? 0 : REASON_NOT_AUTHORIZED);
        }
}

static void test_reading_is_free(void)
{
        static const char *const topics[] = {"a", "#", "$SYS/#", "$SYS/broker/uptime",
                                             "$CONTROL/x"};

        for (size_t i = 0; i < G_N_ELEMENTS(topics); i++) {
                g_assert_cmpint(check(ACCESS_SUBSCRIBE, topics[i]), ==, 0);
                g_assert_cmpint(check(ACCESS_RECEIVE, topics[i]), ==, 0);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/access/access/publish-spares-what-is-the-brokers-own",
                        test_publish_spares_what_is_the_brokers_own);
        g_test_add_func("/access/access/reading-is-free", test_reading_is_free);
        return g_test_run();
}
