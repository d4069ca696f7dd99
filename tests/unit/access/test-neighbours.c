/* SPDX-License-Identifier: Apache-2.0 */

#include <glib.h>
#include <netinet/in.h>

#include "access/neighbours.h"
#include "util/address.h"

#define NOW 1000000U

static const NeighbourLimits no_limits = {.connections = -1, .ipv4_length = 32, .ipv6_length = 64};

static Address parsed(const char *host)
{
        Address address;

        g_assert_cmpint(address_parse(host, 1, AF_UNSPEC, &address), ==, 0);
        return address;
}

static Refusal enter(Neighbours *neighbours, const NeighbourLimits *limits, const char *host,
                     msec_t now, Neighbour **ret_neighbour)
{
        const Address address = parsed(host);

        return neighbours_enter(neighbours, limits, (const struct sockaddr *)&address.storage, now,
                                ret_neighbour);
}

/* Comes and goes. */
static Refusal visit(Neighbours *neighbours, const NeighbourLimits *limits, const char *host,
                     msec_t now)
{
        Neighbour *neighbour;
        Refusal refusal = enter(neighbours, limits, host, now, &neighbour);

        g_assert_true((refusal == REFUSAL_NONE) == (neighbour != NULL));
        neighbours_leave(neighbours, neighbour);
        return refusal;
}

static void test_connections(void)
{
        _cleanup_(neighbours_freep) Neighbours *neighbours = NULL;
        NeighbourLimits limits = no_limits;
        Neighbour *a, *b, *other, *refused;

        limits.connections = 2;
        g_assert_cmpint(neighbours_new(&neighbours), ==, 0);
        g_assert_cmpint(enter(neighbours, &limits, "192.0.2.1", NOW, &a), ==, REFUSAL_NONE);
        g_assert_cmpint(enter(neighbours, &limits, "::ffff:192.0.2.1", NOW, &b), ==, REFUSAL_NONE);
        g_assert_true(a == b);
        g_assert_cmpint(enter(neighbours, &limits, "192.0.2.1", NOW, &refused), ==,
                        REFUSAL_ADDRESS_CONNECTIONS);
        g_assert_null(refused);
        g_assert_cmpint(enter(neighbours, &limits, "192.0.2.2", NOW, &other), ==, REFUSAL_NONE);
        neighbours_leave(neighbours, a);
        g_assert_cmpint(visit(neighbours, &limits, "192.0.2.1", NOW), ==, REFUSAL_NONE);
        neighbours_leave(neighbours, b);
        neighbours_leave(neighbours, other);
}

static void test_prefixes(void)
{
        _cleanup_(neighbours_freep) Neighbours *neighbours = NULL;
        NeighbourLimits limits = {.connections = 1, .ipv4_length = 24, .ipv6_length = 64};
        Neighbour *a, *b;

        g_assert_cmpint(neighbours_new(&neighbours), ==, 0);
        g_assert_cmpint(enter(neighbours, &limits, "192.0.2.1", NOW, &a), ==, REFUSAL_NONE);
        g_assert_cmpint(visit(neighbours, &limits, "192.0.2.200", NOW), ==,
                        REFUSAL_ADDRESS_CONNECTIONS);
        g_assert_cmpint(visit(neighbours, &limits, "192.0.3.1", NOW), ==, REFUSAL_NONE);
        g_assert_cmpint(enter(neighbours, &limits, "2001:db8:0:1::1", NOW, &b), ==, REFUSAL_NONE);
        g_assert_cmpint(visit(neighbours, &limits, "2001:db8:0:1:ffff::", NOW), ==,
                        REFUSAL_ADDRESS_CONNECTIONS);
        g_assert_cmpint(visit(neighbours, &limits, "2001:db8:0:2::1", NOW), ==, REFUSAL_NONE);
        neighbours_leave(neighbours, a);
        neighbours_leave(neighbours, b);
}

static void test_rate(void)
{
        _cleanup_(neighbours_freep) Neighbours *neighbours = NULL;
        NeighbourLimits limits = no_limits;

        limits.rate = 5;
        g_assert_cmpint(neighbours_new(&neighbours), ==, 0);
        for (unsigned i = 0; i < 50; i++)
                g_assert_cmpint(visit(neighbours, &limits, "192.0.2.1", NOW), ==, REFUSAL_NONE);
        g_assert_cmpint(visit(neighbours, &limits, "192.0.2.1", NOW), ==, REFUSAL_ADDRESS_RATE);
        g_assert_cmpint(visit(neighbours, &limits, "192.0.2.2", NOW), ==, REFUSAL_NONE);
        g_assert_cmpint(visit(neighbours, &limits, "192.0.2.1", NOW + 1), ==, REFUSAL_NONE);
        for (unsigned ms = 1; ms <= 200; ms++)
                g_assert_cmpint(visit(neighbours, &limits, "192.0.2.1", NOW + ms), ==,
                                REFUSAL_ADDRESS_RATE);
        /* What was refused has cost nothing. */
        g_assert_cmpint(visit(neighbours, &limits, "192.0.2.1", NOW + 201), ==, REFUSAL_NONE);
        g_assert_cmpint(visit(neighbours, &limits, "192.0.2.1", NOW + 201), ==,
                        REFUSAL_ADDRESS_RATE);
        for (unsigned i = 0; i < 50; i++)
                g_assert_cmpint(visit(neighbours, &limits, "192.0.2.1", NOW + 60000), ==,
                                REFUSAL_NONE);
        g_assert_cmpint(visit(neighbours, &limits, "192.0.2.1", NOW + 60000), ==,
                        REFUSAL_ADDRESS_RATE);
}

static msec_t fail_until_shut_out(Neighbours *neighbours, const NeighbourLimits *limits, msec_t now)
{
        Neighbour *neighbour;
        msec_t time = 0;

        g_assert_cmpint(enter(neighbours, limits, "192.0.2.1", now, &neighbour), ==, REFUSAL_NONE);
        for (unsigned i = 0; i < 3; i++)
                g_assert_cmpuint(neighbours_failed_login(neighbours, limits, neighbour, now), ==,
                                 0);
        time = neighbours_failed_login(neighbours, limits, neighbour, now);
        /* Those that it still has open change nothing. */
        g_assert_cmpuint(neighbours_failed_login(neighbours, limits, neighbour, now), ==, 0);
        neighbours_leave(neighbours, neighbour);
        return time;
}

static void test_failed_logins(void)
{
        _cleanup_(neighbours_freep) Neighbours *neighbours = NULL;
        static const unsigned minutes[] = {1, 2, 4, 8, 16, 32, 60, 60};
        NeighbourLimits limits = no_limits;
        msec_t now = NOW;

        limits.failed_logins = 3;
        g_assert_cmpint(neighbours_new(&neighbours), ==, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(minutes); i++) {
                msec_t time = fail_until_shut_out(neighbours, &limits, now);

                g_assert_cmpuint(time, ==, minutes[i] * 60 * MSEC_PER_SEC);
                now += time - 1;
                g_assert_cmpint(visit(neighbours, &limits, "192.0.2.1", now), ==,
                                REFUSAL_ADDRESS_LOGINS);
                g_assert_cmpint(visit(neighbours, &limits, "192.0.2.2", now), ==, REFUSAL_NONE);
                now++;
                g_assert_cmpint(visit(neighbours, &limits, "192.0.2.1", now), ==, REFUSAL_NONE);
        }
        now += 3600 * MSEC_PER_SEC;
        g_assert_cmpuint(fail_until_shut_out(neighbours, &limits, now), ==, 60 * MSEC_PER_SEC);
        /* A newer limit that is none lets it in. */
        g_assert_cmpint(visit(neighbours, &no_limits, "192.0.2.1", now), ==, REFUSAL_NONE);
}

/* One wrong password in 30 s is a slip, however long that goes on. */
static void test_slow_failures(void)
{
        _cleanup_(neighbours_freep) Neighbours *neighbours = NULL;
        NeighbourLimits limits = no_limits;
        Neighbour *neighbour;

        limits.failed_logins = 2;
        g_assert_cmpint(neighbours_new(&neighbours), ==, 0);
        g_assert_cmpint(enter(neighbours, &limits, "192.0.2.1", NOW, &neighbour), ==, REFUSAL_NONE);
        for (unsigned i = 0; i < 1000; i++)
                g_assert_cmpuint(
                        neighbours_failed_login(neighbours, &limits, neighbour, NOW + i * 30000),
                        ==, 0);
        neighbours_leave(neighbours, neighbour);
}

static void visit_number(Neighbours *neighbours, const NeighbourLimits *limits, unsigned i)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = g_htonl(i)};
        Neighbour *neighbour;

        g_assert_cmpint(
                neighbours_enter(neighbours, limits, (struct sockaddr *)&address, NOW, &neighbour),
                ==, REFUSAL_NONE);
        neighbours_leave(neighbours, neighbour);
}

/* However many addresses come, and though each has something to be remembered for. */
static void test_memory_is_bounded(void)
{
        _cleanup_(neighbours_freep) Neighbours *neighbours = NULL;
        NeighbourLimits limits = no_limits;
        Neighbour *shut_out, *here;

        limits.rate = 1;
        limits.failed_logins = 1;
        g_assert_cmpint(neighbours_new(&neighbours), ==, 0);
        g_assert_cmpint(enter(neighbours, &limits, "2001:db8::1", NOW, &here), ==, REFUSAL_NONE);
        g_assert_cmpint(enter(neighbours, &limits, "192.0.2.1", NOW, &shut_out), ==, REFUSAL_NONE);
        neighbours_failed_login(neighbours, &limits, shut_out, NOW);
        g_assert_cmpuint(neighbours_failed_login(neighbours, &limits, shut_out, NOW), >, 0);
        neighbours_leave(neighbours, shut_out);
        for (unsigned i = 0; i < 200000; i++)
                visit_number(neighbours, &limits, 0x0A000000U + i);
        g_assert_cmpuint(neighbours_count(neighbours), <=, 65536 + 64 + 1);
        g_assert_cmpuint(neighbours_count(neighbours), >, 60000);
        /* Who is shut out is forgotten last, who is connected never. */
        g_assert_cmpint(visit(neighbours, &limits, "192.0.2.1", NOW), ==, REFUSAL_ADDRESS_LOGINS);
        neighbours_leave(neighbours, here);
}

static void test_offences(void)
{
        _cleanup_(neighbours_freep) Neighbours *neighbours = NULL;
        const OffenceLimit limit = {3, 60}, shorter = {2, 10};
        Prefix one, other;

        g_assert_cmpint(neighbours_new(&neighbours), ==, 0);
        g_assert_cmpint(prefix_parse("192.0.2.1", &one), ==, 0);
        g_assert_cmpint(prefix_parse("192.0.2.2", &other), ==, 0);
        for (unsigned i = 0; i < 2; i++) {
                g_assert_false(neighbours_offend(neighbours, &one, OFFENCE_LOGIN, limit, NOW));
                g_assert_false(neighbours_offend(neighbours, &one, OFFENCE_REFUSED, limit, NOW));
                g_assert_false(neighbours_offend(neighbours, &other, OFFENCE_LOGIN, limit, NOW));
        }
        g_assert_true(neighbours_offend(neighbours, &one, OFFENCE_LOGIN, limit, NOW + 59999));
        g_assert_false(neighbours_offend(neighbours, &one, OFFENCE_LOGIN, limit, NOW + 59999));
        /* Its window is over: it counts as the first one. */
        g_assert_false(neighbours_offend(neighbours, &other, OFFENCE_LOGIN, limit, NOW + 60000));
        /* One of another length is another one. */
        g_assert_false(neighbours_offend(neighbours, &other, OFFENCE_LOGIN, shorter, NOW + 60001));
        g_assert_true(neighbours_offend(neighbours, &other, OFFENCE_LOGIN, shorter, NOW + 60002));
}

/* Who has offended is remembered, and not for ever. */
static void test_offences_keep_a_place(void)
{
        _cleanup_(neighbours_freep) Neighbours *neighbours = NULL;
        const OffenceLimit limit = {2, 60};
        Prefix one;

        g_assert_cmpint(neighbours_new(&neighbours), ==, 0);
        g_assert_cmpint(prefix_parse("192.0.2.1", &one), ==, 0);
        g_assert_false(neighbours_offend(neighbours, &one, OFFENCE_LOGIN, limit, NOW));
        for (unsigned i = 0; i < 10000; i++)
                visit_number(neighbours, &no_limits, 0x0A000000U + i);
        g_assert_true(neighbours_offend(neighbours, &one, OFFENCE_LOGIN, limit, NOW));
}

/* Without limits nothing is to be remembered of those that have gone. */
static void test_nothing_stays(void)
{
        _cleanup_(neighbours_freep) Neighbours *neighbours = NULL;

        g_assert_cmpint(neighbours_new(&neighbours), ==, 0);
        for (unsigned i = 0; i < 10000; i++)
                visit_number(neighbours, &no_limits, 0x0A000000U + i);
        g_assert_cmpuint(neighbours_count(neighbours), <=, 128);
}

static void test_unix_is_nobody(void)
{
        _cleanup_(neighbours_freep) Neighbours *neighbours = NULL;
        NeighbourLimits limits = {.connections = 0};
        const struct sockaddr local = {.sa_family = AF_UNIX};
        Neighbour *neighbour;

        g_assert_cmpint(neighbours_new(&neighbours), ==, 0);
        g_assert_cmpint(neighbours_enter(neighbours, &limits, &local, NOW, &neighbour), ==,
                        REFUSAL_NONE);
        g_assert_null(neighbour);
        g_assert_cmpuint(neighbours_failed_login(neighbours, &limits, NULL, NOW), ==, 0);
        neighbours_leave(neighbours, NULL);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/access/neighbours/connections", test_connections);
        g_test_add_func("/access/neighbours/prefixes", test_prefixes);
        g_test_add_func("/access/neighbours/rate", test_rate);
        g_test_add_func("/access/neighbours/failed-logins", test_failed_logins);
        g_test_add_func("/access/neighbours/offences", test_offences);
        g_test_add_func("/access/neighbours/offences-keep-a-place", test_offences_keep_a_place);
        g_test_add_func("/access/neighbours/slow-failures", test_slow_failures);
        g_test_add_func("/access/neighbours/memory-is-bounded", test_memory_is_bounded);
        g_test_add_func("/access/neighbours/nothing-stays", test_nothing_stays);
        g_test_add_func("/access/neighbours/unix-is-nobody", test_unix_is_nobody);
        return g_test_run();
}
