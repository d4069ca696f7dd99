/* SPDX-License-Identifier: Apache-2.0 */

/* Descriptors that wait between two processes; the test is the service manager. */

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/parking.h"

/* More than one message carries. */
#define MANY 600

typedef struct Keeper {
        int socket;
        char path[64];
} Keeper;

static void keeper_init(Keeper *keeper)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        g_snprintf(keeper->path, sizeof(keeper->path), "@hawker-test-parking-%d", (int)getpid());
        strcpy(address.sun_path + 1, keeper->path + 1);
        keeper->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        g_assert_cmpint(
                bind(keeper->socket, (struct sockaddr *)&address,
                     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(keeper->path))),
                ==, 0);
        setenv("NOTIFY_SOCKET", keeper->path, 1);
}

static void keeper_done(Keeper *keeper)
{
        close(keeper->socket);
        unsetenv("NOTIFY_SOCKET");
        unsetenv("FDSTORE");
}

/* The next message, and how many descriptors came along; -1: there is none. */
static int keeper_take(Keeper *keeper, char text[256], int fds[4])
{
        union {
                char bytes[CMSG_SPACE(4 * sizeof(int))];
                struct cmsghdr align;
        } control;
        struct iovec data = {text, 255};
        struct msghdr message = {.msg_iov = &data,
                                 .msg_iovlen = 1,
                                 .msg_control = control.bytes,
                                 .msg_controllen = sizeof(control)};
        ssize_t n = recvmsg(keeper->socket, &message, MSG_CMSG_CLOEXEC);

        if (n < 0)
                return -1;
        text[n] = '\0';
        for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header;
             header = CMSG_NXTHDR(&message, header)) {
                if (header->cmsg_type != SCM_RIGHTS)
                        continue;
                memcpy(fds, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
                return (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        }
        return 0;
}

/* What systemd would pass to the next process. */
static void keeper_take_pair(Keeper *keeper, int pair[2])
{
        char text[256];
        int fds[4];

        g_assert_cmpint(keeper_take(keeper, text, fds), ==, 2);
        g_assert_cmpstr(text, ==, "FDSTORE=1\nFDPOLL=0\nFDNAME=park");
        memcpy(pair, fds, 2 * sizeof(int));
}

/* A file whose number can be asked for. */
static int numbered(unsigned number)
{
        int fd = memfd_create("numbered", MFD_CLOEXEC);

        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(ftruncate(fd, number), ==, 0);
        return fd;
}

static unsigned number_of(int fd)
{
        struct stat status;

        g_assert_cmpint(fstat(fd, &status), ==, 0);
        return (unsigned)status.st_size;
}

static Parking *first_process(void)
{
        Parked parked = {};
        Parking *parking;

        g_assert_cmpint(parking_new(NULL, 0, &parking, &parked), ==, 0);
        for (unsigned kind = 0; kind < PARKED_KINDS_N; kind++)
                g_assert_cmpuint(parked.n[kind], ==, 0);
        return parking;
}

static void park(Parking *parking, ParkedKind kind, unsigned n)
{
        g_autofree ParkedItem *items = g_new(ParkedItem, n);
        size_t sent;

        for (unsigned i = 0; i < n; i++)
                items[i] = (ParkedItem){.fd = numbered(i), .number = i, .note = (uint8_t)(i % 251)};
        g_assert_cmpint(parking_send(parking, kind, items, n, &sent), ==, 0);
        g_assert_cmpuint(sent, ==, n);
        for (unsigned i = 0; i < n; i++)
                close(items[i].fd);
}

static void assert_parked(const Parked *parked, ParkedKind kind, unsigned n)
{
        g_assert_cmpuint(parked->n[kind], ==, n);
        for (unsigned i = 0; i < n; i++) {
                const ParkedItem *item = &parked->items[kind][i];

                g_assert_cmpuint(item->number, ==, i);
                g_assert_cmpuint(item->note, ==, i % 251);
                g_assert_cmpuint(number_of(item->fd), ==, i);
                g_assert_cmpint(fcntl(item->fd, F_GETFD), ==, FD_CLOEXEC);
        }
}

/* All comes back, in its order; and the same pair serves the one after. */
static void test_round_trips(void)
{
        int pair[2], again[4];
        char text[256];
        Parking *parking;
        Keeper keeper;

        keeper_init(&keeper);
        parking = first_process();
        keeper_take_pair(&keeper, pair);
        for (unsigned i = 0; i < 3; i++) {
                int passed[] = {dup(pair[0]), dup(pair[1])};
                Parked parked = {};

                park(parking, PARKED_IMAGE, 1);
                park(parking, PARKED_CLIENT, MANY);
                park(parking, PARKED_LISTENER, 3);
                g_assert_null(parking_free(parking));

                g_assert_cmpint(parking_new(passed, 2, &parking, &parked), ==, 0);
                g_assert_cmpint(passed[0], ==, -1);
                g_assert_cmpint(passed[1], ==, -1);
                assert_parked(&parked, PARKED_IMAGE, 1);
                assert_parked(&parked, PARKED_CLIENT, MANY);
                assert_parked(&parked, PARKED_LISTENER, 3);
                parked_done(&parked);
                g_assert_cmpint(keeper_take(&keeper, text, again), ==, -1);
        }
        parking_free(parking);
        close(pair[0]);
        close(pair[1]);
        keeper_done(&keeper);
}

/* When both directions are full that is said, and what has gone out is there. */
static void test_full(void)
{
        const unsigned n = 253;
        const int small = 16384;
        ParkedItem items[253];
        int pair[2], fd = numbered(7), r;
        size_t sent, total = 0;
        Parked parked = {};
        Parking *parking;
        Keeper keeper;

        keeper_init(&keeper);
        parking = first_process();
        keeper_take_pair(&keeper, pair);
        /* The same sockets; who runs the test may be allowed more than it wants to wait for. */
        for (unsigned i = 0; i < 2; i++)
                g_assert_cmpint(setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)),
                                ==, 0);
        do {
                for (unsigned i = 0; i < n; i++)
                        items[i] = (ParkedItem){.fd = fd, .number = (uint32_t)total + i};
                r = parking_send(parking, PARKED_CLIENT, items, n, &sent);
                total += sent;
        } while (r == 0 && total < 15000);
        g_assert_cmpint(r, ==, -EAGAIN);
        /* Both directions are used: one would have half of that. */
        g_assert_cmpuint(total, >, 30 * n);
        parking_free(parking);
        g_test_message("%zu descriptors, then %s", total, g_strerror(-r));

        g_assert_cmpint(parking_new(pair, 2, &parking, &parked), ==, 0);
        g_assert_cmpuint(parked.n[PARKED_CLIENT], ==, total);
        for (size_t i = 0; i < total; i++)
                g_assert_cmpuint(parked.items[PARKED_CLIENT][i].number, ==, i);
        parked_done(&parked);
        parking_free(parking);
        close(fd);
        keeper_done(&keeper);
}

/* What is not a message of ours is thrown away; what comes behind it is not. */
static void test_foreign_messages(void)
{
        Parking *parking;
        Parked parked = {};
        Keeper keeper;
        int pair[2];

        keeper_init(&keeper);
        parking = first_process();
        keeper_take_pair(&keeper, pair);
        g_assert_cmpint(send(pair[0], "x", 1, 0), ==, 1);
        park(parking, PARKED_CLIENT, 2);
        g_assert_cmpint(send(pair[0], "HKPK-------------------------------", 30, 0), ==, 30);
        parking_free(parking);
        g_assert_cmpint(parking_new(pair, 2, &parking, &parked), ==, 0);
        assert_parked(&parked, PARKED_CLIENT, 2);
        parked_done(&parked);
        parking_free(parking);
        keeper_done(&keeper);
}

/* One end alone, or two that do not belong together, are given up for a new pair. */
static void test_broken_pair(void)
{
        for (size_t n = 1; n <= 2; n++) {
                int first[2], second[2], passed[2], fds[4];
                Parking *parking, *other;
                Parked parked = {};
                char text[256];
                Keeper keeper;

                keeper_init(&keeper);
                parking = first_process();
                keeper_take_pair(&keeper, first);
                other = first_process();
                keeper_take_pair(&keeper, second);
                park(parking, PARKED_CLIENT, 5);
                parking_free(parking);
                parking_free(other);
                passed[0] = first[1];
                passed[1] = second[0];
                g_assert_cmpint(parking_new(passed, n, &parking, &parked), ==, 0);
                assert_parked(&parked, PARKED_CLIENT, 5);
                parked_done(&parked);
                g_assert_cmpint(keeper_take(&keeper, text, fds), ==, 0);
                g_assert_cmpstr(text, ==, "FDSTOREREMOVE=1\nFDNAME=park");
                g_assert_cmpint(keeper_take(&keeper, text, fds), ==, 2);
                close(fds[0]);
                close(fds[1]);
                close(first[0]);
                close(second[1]);
                if (n == 1)
                        close(passed[1]);
                parking_free(parking);
                keeper_done(&keeper);
        }
}

static void test_nobody_keeps(void)
{
        Keeper keeper;

        g_assert_null(first_process());
        keeper_init(&keeper);
        setenv("FDSTORE", "0", 1);
        g_assert_null(first_process());
        keeper_done(&keeper);
}

static void test_forget(void)
{
        Parking *parking;
        char text[256];
        Keeper keeper;
        int fds[4];

        parking_forget(NULL);
        keeper_init(&keeper);
        parking = first_process();
        keeper_take_pair(&keeper, fds);
        close(fds[0]);
        close(fds[1]);
        parking_forget(parking);
        g_assert_cmpint(keeper_take(&keeper, text, fds), ==, 0);
        g_assert_cmpstr(text, ==, "FDSTOREREMOVE=1\nFDNAME=park");
        parking_free(parking);
        keeper_done(&keeper);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/control/parking/round-trips", test_round_trips);
        g_test_add_func("/control/parking/full", test_full);
        g_test_add_func("/control/parking/foreign-messages", test_foreign_messages);
        g_test_add_func("/control/parking/broken-pair", test_broken_pair);
        g_test_add_func("/control/parking/nobody-keeps", test_nobody_keeps);
        g_test_add_func("/control/parking/forget", test_forget);
        return g_test_run();
}
