/* SPDX-License-Identifier: Apache-2.0 */

/* What all connections of one user share. */

#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>

#include "access/accounts.h"
#include "mqtt/protocol.h"

#define NOW     ((msec_t)1000000)
#define WORKERS 4U

static const AccountLimits any = {0, -1};

static Accounts *make(void)
{
        Accounts *accounts = NULL;

        g_assert_cmpint(accounts_new(WORKERS, &accounts), ==, 0);
        return accounts;
}

static Account *enter(Accounts *accounts, const char *user)
{
        Account *account = NULL;

        g_assert_cmpint(accounts_enter(accounts, &any, bytes_from_string(user), NOW, &account), ==,
                        0);
        return account;
}

static void test_connections(void)
{
        const AccountLimits two = {.connections = 2};
        Accounts *accounts = make();
        Account *a = NULL, *b = NULL, *c = NULL;

        g_assert_cmpint(accounts_enter(accounts, &two, BYTES_LITERAL("ada"), NOW, &a), ==, 0);
        g_assert_cmpint(accounts_enter(accounts, &two, BYTES_LITERAL("ada"), NOW, &b), ==, 0);
        g_assert_true(a == b);
        g_assert_cmpint(accounts_enter(accounts, &two, BYTES_LITERAL("ada"), NOW, &c), ==,
                        REASON_QUOTA_EXCEEDED);
        g_assert_null(c);
        g_assert_cmpint(accounts_enter(accounts, &two, BYTES_LITERAL("bob"), NOW, &c), ==, 0);
        g_assert_cmpuint(accounts_count(accounts), ==, 2);
        g_assert_cmpint(accounts_enter(accounts, NULL, BYTES_LITERAL("ada"), NOW, &b), ==, 0);
        accounts_leave(accounts, a, NOW);
        g_assert_cmpint(accounts_enter(accounts, &two, BYTES_LITERAL("ada"), NOW, &b), ==,
                        REASON_QUOTA_EXCEEDED);
        accounts_leave(accounts, a, NOW);
        accounts_leave(accounts, a, NOW);
        accounts_leave(accounts, c, NOW);
        g_assert_cmpuint(accounts_count(accounts), ==, 0);
        accounts_free(accounts);
}

/* Who comes and goes has not gained by it; who is even is forgotten. */
static void test_connection_rate(void)
{
        const AccountLimits slow = {.rate = 2, .connections = -1};
        Accounts *accounts = make();
        Account *account = NULL;

        for (unsigned i = 0; i < 20; i++) {
                g_assert_cmpint(
                        accounts_enter(accounts, &slow, BYTES_LITERAL("ada"), NOW, &account), ==,
                        0);
                accounts_leave(accounts, account, NOW);
        }
        g_assert_cmpint(accounts_enter(accounts, &slow, BYTES_LITERAL("ada"), NOW, &account), ==,
                        REASON_CONNECTION_RATE_EXCEEDED);
        g_assert_cmpint(accounts_enter(accounts, &slow, BYTES_LITERAL("ada"), NOW + 500, &account),
                        ==, 0);
        accounts_leave(accounts, account, NOW + 500);
        g_assert_cmpuint(accounts_count(accounts), ==, 1);
        accounts_leave(accounts, enter(accounts, "bob"), NOW + 500);
        g_assert_cmpuint(accounts_count(accounts), ==, 1);
        for (unsigned i = 0; i < 1000; i++) { /* each looks at some of its stripe */
                char name[8];

                g_snprintf(name, sizeof(name), "%u", i);
                g_assert_cmpint(accounts_enter(accounts, NULL, bytes_from_string(name), NOW + 20000,
                                               &account),
                                ==, 0);
                accounts_leave(accounts, account, NOW + 20000);
        }
        g_assert_cmpuint(accounts_count(accounts), ==, 0);
        accounts_free(accounts);
}

/* An attacker with many names makes it forget others like it, not grow. */
static void test_bounded(void)
{
        const AccountLimits slow = {.rate = 1, .connections = -1};
        Accounts *accounts = make();
        Account *account = NULL;

        for (unsigned i = 0; i < 50000; i++) {
                char name[8];

                g_snprintf(name, sizeof(name), "%u", i);
                g_assert_cmpint(
                        accounts_enter(accounts, &slow, bytes_from_string(name), NOW, &account), ==,
                        0);
                accounts_leave(accounts, account, NOW);
        }
        g_assert_cmpuint(accounts_count(accounts), <=, 64 * 257);
        accounts_free(accounts);
}

/* All workers together get a second's worth, and a slice each at the most. */
static void test_messages(void)
{
        static const uint64_t rates[] = {1, 10, 63, 64, 640, 100000};

        for (size_t r = 0; r < G_N_ELEMENTS(rates); r++) {
                const uint64_t rate = rates[r], slice = MAX(rate / 64, UINT64_C(1));
                const BucketFlow flow = {rate, rate};
                Accounts *accounts = make();
                Account *account = enter(accounts, "ada");
                uint64_t n = 0;

                for (unsigned missed = 0, i = 0; missed < WORKERS; i++) {
                        const bool took =
                                account_take(account, i % WORKERS, ACCOUNT_MESSAGES, flow, NOW);

                        missed = took ? 0 : missed + 1;
                        n += took;
                }
                g_assert_cmpuint(n, >=, rate);
                g_assert_cmpuint(n, <=, rate + WORKERS * slice);
                g_assert_cmpuint(account_wait(account, ACCOUNT_MESSAGES, flow, NOW), >, 0);
                n = 0;
                while (account_take(account, 0, ACCOUNT_MESSAGES, flow, NOW + 2000))
                        n++;
                g_assert_cmpuint(n, >=, rate);
                g_assert_cmpuint(n, <=, rate + slice);
                accounts_free(accounts);
        }
}

/* What is charged on average is the rate, whoever does it. */
static void test_bytes(void)
{
        const BucketFlow flow = {64000, 64000};
        Accounts *accounts = make();
        Account *account = enter(accounts, "ada");
        uint64_t sum = 0;

        for (msec_t t = 0; t < 10000; t += 10)
                for (unsigned worker = 0; worker < WORKERS; worker++) {
                        if (account_wait(account, ACCOUNT_SENT, flow, NOW + t) > 0)
                                continue;
                        account_charge(account, worker, ACCOUNT_SENT, flow, 700, NOW + t);
                        sum += 700;
                }
        g_assert_cmpuint(sum, >=, 10 * 64000);
        g_assert_cmpuint(sum, <=, 11 * 64000 + WORKERS * (1000 + 700));
        g_assert_cmpuint(account_charge(account, 0, ACCOUNT_RECEIVED, flow, 128000, NOW), ==,
                         1001 + 1000 * 1000 / 64000); /* with a slice */
        g_assert_cmpuint(account_charge(account, 0, ACCOUNT_RECEIVED, flow, 64000, NOW), ==, 2001);
        accounts_free(accounts);
}

typedef struct Worker {
        pthread_t thread;
        Accounts *accounts;
        unsigned number;
        atomic_uint *taken;
} Worker;

static void *work(void *data)
{
        const Worker *worker = data;
        const BucketFlow flow = {6400, 6400};

        for (unsigned i = 0; i < 20000; i++) {
                Account *account = NULL;

                if (accounts_enter(worker->accounts, &any, BYTES_LITERAL("ada"), NOW, &account) < 0)
                        return NULL;
                if (account_take(account, worker->number, ACCOUNT_MESSAGES, flow, NOW))
                        atomic_fetch_add(worker->taken, 1);
                account_charge(account, worker->number, ACCOUNT_SENT, flow, 3, NOW);
                accounts_leave(worker->accounts, account, NOW);
        }
        return NULL;
}

/* Workers that come and go: nothing is taken twice, and nothing is left. */
static void test_threads(void)
{
        Accounts *accounts = make();
        Account *account = enter(accounts, "ada");
        Worker workers[WORKERS];
        atomic_uint taken = 0;

        for (unsigned i = 0; i < WORKERS; i++) {
                workers[i] = (Worker){.accounts = accounts, .number = i, .taken = &taken};
                pthread_create(&workers[i].thread, NULL, work, &workers[i]);
        }
        for (unsigned i = 0; i < WORKERS; i++)
                pthread_join(workers[i].thread, NULL);
        g_assert_cmpuint(taken, >=, 6400);
        g_assert_cmpuint(taken, <=, 6400 + WORKERS * 100);
        accounts_leave(accounts, account, NOW + 1000000);
        g_assert_cmpuint(accounts_count(accounts), ==, 0);
        accounts_free(accounts);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/access/accounts/connections", test_connections);
        g_test_add_func("/access/accounts/connection-rate", test_connection_rate);
        g_test_add_func("/access/accounts/bounded", test_bounded);
        g_test_add_func("/access/accounts/messages", test_messages);
        g_test_add_func("/access/accounts/bytes", test_bytes);
        g_test_add_func("/access/accounts/threads", test_threads);
        return g_test_run();
}
