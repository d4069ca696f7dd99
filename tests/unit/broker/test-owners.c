/* SPDX-License-Identifier: Apache-2.0 */
/* test-owners.c: users and their sessions. Thread: any */
#include <glib.h>

#include "broker/owners.h"
#include "mqtt/protocol.h"

#define ADA BYTES_LITERAL("ada")
#define BOB BYTES_LITERAL("bob")

static void test_each_user_has_a_number(void)
{
        _cleanup_(owners_freep) Owners *owners = NULL;
        Owner *first, *second, *other, *none = NULL;

        g_assert_cmpint(owners_new(&owners), ==, 0);
        g_assert_cmpint(owners_enter(owners, ADA, 2, &first), ==, 0);
        g_assert_cmpint(owners_enter(owners, ADA, 2, &second), ==, 0);
        g_assert_true(first == second);
        g_assert_cmpint(owners_enter(owners, ADA, 2, &none), ==, REASON_QUOTA_EXCEEDED);
        g_assert_null(none);
        g_assert_cmpint(owners_enter(owners, BOB, 1, &other), ==, 0);
        g_assert_true(bytes_equal(owner_name(first), ADA));
        g_assert_true(bytes_equal(owner_name(other), BOB));
        g_assert_cmpuint(owners_sessions(owners, ADA), ==, 2);
        g_assert_cmpuint(owners_sessions(owners, BOB), ==, 1);
        g_assert_null(owner_leave(second));
        g_assert_cmpint(owners_enter(owners, ADA, 2, &second), ==, 0);
        owner_leave(first);
        owner_leave(second);
        owner_leave(other);
}

/* Who has none is forgotten, and one who may have none does not begin to be known. */
static void test_nobody_is_remembered_for_nothing(void)
{
        _cleanup_(owners_freep) Owners *owners = NULL;
        Owner *owner;

        g_assert_cmpint(owners_new(&owners), ==, 0);
        g_assert_cmpint(owners_enter(owners, ADA, 0, &owner), ==, REASON_QUOTA_EXCEEDED);
        g_assert_cmpuint(owners_count(owners), ==, 0);
        g_assert_cmpint(owners_enter(owners, ADA, -1, &owner), ==, 0);
        g_assert_cmpuint(owners_count(owners), ==, 1);
        owner_leave(owner);
        g_assert_cmpuint(owners_count(owners), ==, 0);
        g_assert_cmpuint(owners_sessions(owners, ADA), ==, 0);
        g_assert_null(owner_leave(NULL));
        g_assert_cmpuint(owner_name(NULL).length, ==, 0);
}

/* Of all sessions of one; nobody's are not counted. */
static void test_what_sessions_have_is_added_up(void)
{
        _cleanup_(owners_freep) Owners *owners = NULL;
        Owner *ada, *bob;

        g_assert_cmpint(owners_new(&owners), ==, 0);
        g_assert_cmpint(owners_enter(owners, ADA, -1, &ada), ==, 0);
        g_assert_cmpint(owners_enter(owners, BOB, -1, &bob), ==, 0);
        owner_add_subscriptions(ada, 3);
        owner_add_subscriptions(bob, 1);
        owner_add_queued(ada, 1000);
        owner_remove_subscriptions(ada, 1);
        owner_remove_queued(ada, 300);
        g_assert_cmpuint(owner_subscriptions(ada), ==, 2);
        g_assert_cmpuint(owner_subscriptions(bob), ==, 1);
        g_assert_cmpuint(owner_queued(ada), ==, 700);
        g_assert_cmpuint(owner_queued(bob), ==, 0);
        owner_add_queued(NULL, 1);
        owner_remove_queued(NULL, 1);
        owner_add_subscriptions(NULL, 1);
        owner_remove_subscriptions(NULL, 1);
        g_assert_cmpuint(owner_queued(NULL) + owner_subscriptions(NULL), ==, 0);
        owner_leave(ada);
        owner_leave(bob);
}

/* A stricter limit takes nothing away. */
static void test_who_has_more_keeps_it(void)
{
        _cleanup_(owners_freep) Owners *owners = NULL;
        Owner *owner[3];

        g_assert_cmpint(owners_new(&owners), ==, 0);
        for (unsigned i = 0; i < 3; i++)
                g_assert_cmpint(owners_enter(owners, ADA, -1, &owner[i]), ==, 0);
        g_assert_cmpint(owners_enter(owners, ADA, 2, &owner[0]), ==, REASON_QUOTA_EXCEEDED);
        owner_leave(owner[0]);
        g_assert_cmpint(owners_enter(owners, ADA, 2, &owner[0]), ==, REASON_QUOTA_EXCEEDED);
        owner_leave(owner[1]);
        g_assert_cmpint(owners_enter(owners, ADA, 2, &owner[1]), ==, 0);
        g_assert_cmpuint(owners_sessions(owners, ADA), ==, 2);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/broker/owners/each-user-has-a-number", test_each_user_has_a_number);
        g_test_add_func("/broker/owners/nobody-is-remembered-for-nothing",
                        test_nobody_is_remembered_for_nothing);
        g_test_add_func("/broker/owners/what-sessions-have-is-added-up",
                        test_what_sessions_have_is_added_up);
        g_test_add_func("/broker/owners/who-has-more-keeps-it", test_who_has_more_keeps_it);
        return g_test_run();
}
