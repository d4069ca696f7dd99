/* SPDX-License-Identifier: Apache-2.0 */

/* Access: which topics nobody but the broker writes to. */
#include <glib.h>
#include <glib/gstdio.h>
#include <unistd.h>

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

/* --- with rules --- */

static Acl *acl_of(const char *text)
{
        _cleanup_(config_errors_done) ConfigErrors errors = CONFIG_ERRORS_INIT;
        g_autofree char *path = NULL;
        Acl *acl = NULL;
        int fd = g_file_open_tmp("hawker-XXXXXX", &path, NULL);

        g_assert_cmpint(write(fd, text, strlen(text)), ==, (ssize_t)strlen(text));
        close(fd);
        g_assert_cmpint(acl_load(path, &(AclOptions){}, &errors, &acl), ==, 0);
        g_unlink(path);
        return acl;
}

static void test_rules_are_asked_for_what_they_say(void)
{
        static const struct {
                AccessKind kind;
                const char *topic;
                bool allowed, is_partial;
        } cases[] = {
                {ACCESS_PUBLISH, "rw", true, false},
                {ACCESS_PUBLISH, "r", false, false},
                {ACCESS_PUBLISH, "w", true, false},
                {ACCESS_RECEIVE, "r", true, false},
                {ACCESS_RECEIVE, "w", false, false},
                {ACCESS_SUBSCRIBE, "r", true, false},
                {ACCESS_SUBSCRIBE, "w", false, true},
                {ACCESS_SUBSCRIBE, "+", true, true},
                {ACCESS_SUBSCRIBE, "x/#", false, true},
                /* No rule gives what is the broker's own. */
                {ACCESS_PUBLISH, "$SYS/x", false, false},
                {ACCESS_RECEIVE, "$SYS/x", true, false},
        };
        _cleanup_(acl_unrefp) Acl *acl =
                acl_of("user u\ntopic rw\ntopic read r\ntopic write w\ntopic $SYS/#\n");

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                AccessRequest request = {
                        .kind = cases[i].kind,
                        .acl = acl,
                        .rules = acl_find(acl, BYTES_LITERAL("u")),
                        .subject = {BYTES_LITERAL("u"), BYTES_LITERAL("c")},
                        .topic = bytes_from_string(cases[i].topic),
                };
                bool is_partial = false;

                g_test_message("case %zu", i);
                g_assert_cmpint(access_check(&request, &is_partial), ==,
                                cases[i].allowed ? 0 : REASON_NOT_AUTHORIZED);
                g_assert_true(is_partial == cases[i].is_partial);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/access/access/publish-spares-what-is-the-brokers-own",
                        test_publish_spares_what_is_the_brokers_own);
        g_test_add_func("/access/access/reading-is-free", test_reading_is_free);
        g_test_add_func("/access/access/rules-are-asked-for-what-they-say",
                        test_rules_are_asked_for_what_they_say);
        return g_test_run();
}
