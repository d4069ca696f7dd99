/* SPDX-License-Identifier: Apache-2.0 */
/* test-mailbox.c: nothing lost, nothing doubled, order kept, nobody woken in vain. */

#include <errno.h>
#include <glib.h>
#include <poll.h>

#include "util/macro.h"
#include "util/mailbox.h"

#define N_SENDERS    4
#define N_MAILS      20000
#define BURST        7
#define WAIT_AT_MOST 20000 /* ms: only a lost wake-up takes that long, and it fails the test */

typedef struct Mail {
        uint32_t sender, sequence;
} Mail;

static bool is_readable(const Mailbox *mailbox)
{
        struct pollfd fd = {.fd = mailbox_fd(mailbox), .events = POLLIN};

        return poll(&fd, 1, 0) == 1;
}

static void test_take(void)
{
        Mail mails[] = {{1, 1}, {1, 2}, {1, 3}};
        void *items = NULL;
        Mailbox mailbox;

        g_assert_cmpint(mailbox_init(&mailbox, sizeof(Mail)), ==, 0);
        g_assert_cmpuint(mailbox_take(&mailbox, &items), ==, 0);
        g_assert_null(items);
        g_assert_cmpint(mailbox_push(&mailbox, mails, 2), ==, 0);
        g_assert_cmpint(mailbox_push(&mailbox, mails, 0), ==, 0);
        g_assert_cmpint(mailbox_push(&mailbox, mails + 2, 1), ==, 0);
        g_assert_cmpuint(mailbox_take(&mailbox, &items), ==, 3);
        for (uint32_t i = 0; i < 3; i++)
                g_assert_cmpuint(((Mail *)items)[i].sequence, ==, i + 1);
        g_assert_cmpuint(mailbox_take(&mailbox, &items), ==, 0);
        mailbox_done(&mailbox);
        mailbox_done(&mailbox);
}

static void test_wake(void)
{
        Mail mail = {1, 1};
        void *items;
        Mailbox mailbox;

        g_assert_cmpint(mailbox_init(&mailbox, sizeof(Mail)), ==, 0);
        mailbox_push(&mailbox, &mail, 1);
        g_assert_false(is_readable(&mailbox)); /* the receiver does not sleep */
        g_assert_false(mailbox_prepare_sleep(&mailbox));
        mailbox_awake(&mailbox);
        g_assert_cmpuint(mailbox_take(&mailbox, &items), ==, 1);

        g_assert_true(mailbox_prepare_sleep(&mailbox));
        g_assert_false(is_readable(&mailbox));
        mailbox_push(&mailbox, &mail, 1);
        g_assert_true(is_readable(&mailbox));
        mailbox_push(&mailbox, &mail, 1);
        g_assert_cmpuint(mailbox.wakeups, ==, 1); /* only the first wakes */
        mailbox_awake(&mailbox);
        g_assert_false(is_readable(&mailbox));
        g_assert_cmpuint(mailbox_take(&mailbox, &items), ==, 2);

        g_assert_true(mailbox_prepare_sleep(&mailbox)); /* woken by something else */
        mailbox_awake(&mailbox);
        mailbox_push(&mailbox, &mail, 1);
        g_assert_false(is_readable(&mailbox));
        mailbox_done(&mailbox);
}

static void test_backlog(void)
{
        enum { N = 100000 };
        Mail *mails = g_new0(Mail, N);
        void *items;
        Mailbox mailbox;

        g_assert_cmpint(mailbox_init(&mailbox, sizeof(Mail)), ==, 0);
        g_assert_cmpint(mailbox_push(&mailbox, mails, N), ==, 0);
        g_assert_cmpuint(mailbox_take(&mailbox, &items), ==, N);
        g_assert_cmpuint(mailbox.taken.capacity, >=, N);
        for (int i = 0; i < 4; i++) {
                mailbox_push(&mailbox, mails, 1);
                g_assert_cmpuint(mailbox_take(&mailbox, &items), ==, 1);
        }
        g_assert_cmpuint(mailbox.taken.capacity + mailbox.inbox.capacity, <, 1000);
        mailbox_done(&mailbox);
        g_free(mails);
}

static void test_idle_gives_back(void)
{
        enum { N = 100000 };
        Mail *mails = g_new0(Mail, N);
        void *items;
        Mailbox mailbox;

        g_assert_cmpint(mailbox_init(&mailbox, sizeof(Mail)), ==, 0);
        mailbox_push(&mailbox, mails, N);
        mailbox_take(&mailbox, &items);
        for (int i = 0; i < 2; i++) {
                g_assert_true(mailbox_prepare_sleep(&mailbox));
                mailbox_awake(&mailbox);
        }
        g_assert_cmpuint(mailbox.taken.capacity, ==, 0);
        mailbox_done(&mailbox);
        g_free(mails);
}

static void test_too_many(void)
{
        Mail mail = {0};
        Mailbox mailbox;

        g_assert_cmpint(mailbox_init(&mailbox, sizeof(Mail)), ==, 0);
        g_assert_cmpint(mailbox_push(&mailbox, &mail, SIZE_MAX / 8), ==, -ENOMEM);
        g_assert_true(mailbox_prepare_sleep(&mailbox));
        mailbox_done(&mailbox);
}

typedef struct Sender {
        Mailbox *mailbox;
        uint32_t number;
} Sender;

static gpointer send_all(gpointer data)
{
        Sender *sender = data;
        Mail mails[BURST];
        uint32_t sent = 0;

        while (sent < N_MAILS) {
                uint32_t n = MIN(1 + sent % BURST, (uint32_t)N_MAILS - sent);

                for (uint32_t i = 0; i < n; i++)
                        mails[i] = (Mail){sender->number, sent + i};
                g_assert_cmpint(mailbox_push(sender->mailbox, mails, n), ==, 0);
                sent += n;
                if (sent % 64 == 0)
                        g_thread_yield();
        }
        return NULL;
}

/* Takes what is there and checks each sender's order. Returns how many there were. */
static size_t receive(Mailbox *mailbox, uint32_t *next)
{
        size_t n, total = 0;
        void *items;

        while ((n = mailbox_take(mailbox, &items)) > 0) {
                for (size_t i = 0; i < n; i++) {
                        const Mail *mail = (const Mail *)items + i;

                        g_assert_cmpuint(mail->sequence, ==, next[mail->sender]);
                        next[mail->sender]++;
                }
                total += n;
        }
        return total;
}

static void test_threads(void)
{
        uint32_t next[N_SENDERS] = {0};
        GThread *threads[N_SENDERS];
        Sender senders[N_SENDERS];
        size_t received = 0;
        Mailbox mailbox;

        g_assert_cmpint(mailbox_init(&mailbox, sizeof(Mail)), ==, 0);
        for (uint32_t i = 0; i < N_SENDERS; i++) {
                senders[i] = (Sender){&mailbox, i};
                threads[i] = g_thread_new("sender", send_all, &senders[i]);
        }
        while (received < N_SENDERS * N_MAILS) {
                struct pollfd fd = {.fd = mailbox_fd(&mailbox), .events = POLLIN};

                received += receive(&mailbox, next);
                if (received < N_SENDERS * N_MAILS && mailbox_prepare_sleep(&mailbox))
                        g_assert_cmpint(poll(&fd, 1, WAIT_AT_MOST), ==, 1);
                mailbox_awake(&mailbox);
        }
        for (int i = 0; i < N_SENDERS; i++) {
                g_thread_join(threads[i]);
                g_assert_cmpuint(next[i], ==, N_MAILS);
        }
        /* Nobody's late wake-up stays behind: after at most one sleep that it ends, all is quiet.
         */
        g_assert_true(mailbox_prepare_sleep(&mailbox));
        mailbox_awake(&mailbox);
        g_assert_false(is_readable(&mailbox));
        g_assert_cmpuint(mailbox.promised, ==, 0);
        mailbox_done(&mailbox);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/util/mailbox/take-in-order", test_take);
        g_test_add_func("/util/mailbox/wakes-only-who-sleeps", test_wake);
        g_test_add_func("/util/mailbox/backlog-is-given-back", test_backlog);
        g_test_add_func("/util/mailbox/backlog-is-given-back-when-idle", test_idle_gives_back);
        g_test_add_func("/util/mailbox/refuses-what-overflows", test_too_many);
        g_test_add_func("/util/mailbox/many-senders-lose-nothing", test_threads);
        return g_test_run();
}
