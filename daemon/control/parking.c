/* SPDX-License-Identifier: Apache-2.0 */

/* Where descriptors wait between two processes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "control/parking.h"

/* SCM_MAX_FD of the kernel. */
#define BATCH_MAX 253
/* More than anybody is allowed: the kernel cuts it to what it allows. */
#define SEND_BUFFER (64 * 1024 * 1024)
/* "HKPK": begins each message; the layout behind it stays as it is for all versions to come, so
 * that any of them can at least say farewell to the clients of any other. */
#define MAGIC 0x48504B48U

typedef struct Label {
        uint32_t magic;
        uint8_t kind; /* ParkedKind */
        uint8_t n;    /* descriptors that go along */
        uint8_t reserved[2];
        uint32_t first; /* number of the first one */
        uint8_t notes[BATCH_MAX];
} Label;

#define LABEL_SIZE(n) (offsetof(Label, notes) + (n))

/* The ends are alike: what goes into one comes out of the other, and each has a room of its own. */
struct Parking {
        int ends[2];
        unsigned filling; /* the end that is sent into; 2: both are full */
};

typedef union Control {
        char bytes[CMSG_SPACE(BATCH_MAX * sizeof(int))];
        struct cmsghdr align;
} Control;

/* --- what waited --- */

void parked_close(Parked *parked, ParkedKind kind)
{
        for (size_t i = 0; i < parked->n[kind]; i++) {
                closep(&parked->items[kind][i].fd);
                parked->items[kind][i].fd = -1;
        }
}

void parked_done(Parked *parked)
{
        for (unsigned kind = 0; kind < PARKED_KINDS_N; kind++) {
                parked_close(parked, kind);
                free(parked->items[kind]);
        }
        *parked = (Parked){};
}

static void close_all(const int *fds, size_t n)
{
        for (size_t i = 0; i < n; i++)
                close(fds[i]);
}

/* Takes the fds over, on failure too. */
static int parked_add(Parked *parked, const Label *label, const int *fds, size_t n)
{
        const size_t before = parked->n[label->kind];
        ParkedItem *items = parked->items[label->kind];

        items = reallocarray(items, before + n, sizeof(*items));
        if (!items) {
                close_all(fds, n);
                return -ENOMEM;
        }
        parked->items[label->kind] = items;
        parked->n[label->kind] = before + n;
        for (size_t i = 0; i < n; i++)
                items[before + i] = (ParkedItem){
                        .fd = fds[i],
                        .number = label->first + (uint32_t)i,
                        .note = label->notes[i],
                };
        return 0;
}

/* The descriptors of a message: at most BATCH_MAX. Those that the process has no room for are gone.
 */
static size_t take_fds(struct msghdr *message, int *fds)
{
        struct cmsghdr *header = CMSG_FIRSTHDR(message);
        size_t n;

        if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
                return 0;
        n = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(fds, CMSG_DATA(header), n * sizeof(int));
        return n;
}

static bool label_is_valid(const Label *label, size_t length, size_t n)
{
        return length >= LABEL_SIZE(0) && label->magic == MAGIC && label->kind < PARKED_KINDS_N &&
               n <= label->n && length == LABEL_SIZE(label->n);
}

/* 1: there may be more; 0: there is nothing more; or -errno. What is not ours is thrown away. */
static int drain_one(int end, Parked *parked)
{
        Control control;
        Label label;
        struct iovec data = {&label, sizeof(label)};
        struct msghdr message = {
                .msg_iov = &data,
                .msg_iovlen = 1,
                .msg_control = control.bytes,
                .msg_controllen = sizeof(control.bytes),
        };
        int fds[BATCH_MAX];
        ssize_t length;
        size_t n;

        do
                length = recvmsg(end, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        while (length < 0 && errno == EINTR);
        if (length < 0)
                return errno == EAGAIN ? 0 : -errno;
        n = take_fds(&message, fds);
        if (length == 0 && n == 0)
                return 0;
        if (!label_is_valid(&label, (size_t)length, n)) {
                close_all(fds, n);
                return 1;
        }
        return n > 0 && parked_add(parked, &label, fds, n) < 0 ? -ENOMEM : 1;
}

/* All of it, whatever happens: what stays would be mistaken for the next one's. */
static int drain(int end, Parked *parked)
{
        int result = 0, r;

        do {
                r = drain_one(end, parked);
                if (r == -ENOMEM)
                        result = r;
        } while (r > 0 || r == -ENOMEM);
        return r < 0 ? r : result;
}

static int compare_numbers(const void *a, const void *b)
{
        const ParkedItem *left = a, *right = b;

        return (left->number > right->number) - (left->number < right->number);
}

/* --- the pair --- */

/* Whether the two are the ends of one pair: what goes into one comes out of the other. */
static bool is_pair(const int *ends)
{
        const char sent = 'p';
        char received = 0;

        return send(ends[0], &sent, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 &&
               recv(ends[1], &received, 1, MSG_DONTWAIT) == 1 && received == sent;
}

static bool is_kept(void)
{
        const char *room = getenv("FDSTORE"); /* since systemd 254 */

        return getenv("NOTIFY_SOCKET") && (!room || strtol(room, NULL, 10) >= 2);
}

static void forget(void)
{
        sd_notify(false, "FDSTOREREMOVE=1\nFDNAME=" PARKING_NAME);
}

static int make_pair(int *ends)
{
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0)
                return -errno;
        /* FDPOLL=0: else systemd looks for a hang-up that never means anything here. */
        if (sd_pid_notify_with_fds(0, false, "FDSTORE=1\nFDPOLL=0\nFDNAME=" PARKING_NAME, ends, 2) >
            0)
                return 0;
        close_all(ends, 2);
        return -EIO;
}

static void enlarge(const int *ends)
{
        const int size = SEND_BUFFER;

        for (unsigned i = 0; i < 2; i++)
                if (setsockopt(ends[i], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
                        setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

/* Of the ends that were passed, or anew; ends are -1 where nobody keeps anything. */
static int open_pair(int *passed, size_t n_passed, int *ends)
{
        if (n_passed == 2 && is_kept() && is_pair(passed)) {
                ends[0] = TAKE_FD(passed[0]);
                ends[1] = TAKE_FD(passed[1]);
                return 0;
        }
        if (n_passed > 0)
                forget();
        return is_kept() ? make_pair(ends) : 0;
}

static int drain_all(const int *passed, size_t n_passed, Parked *parked)
{
        int result = 0;

        for (size_t i = 0; i < n_passed; i++) {
                int r = drain(passed[i], parked);

                if (r < 0)
                        result = r;
        }
        for (unsigned kind = 0; kind < PARKED_KINDS_N; kind++)
                if (parked->n[kind] > 0)
                        qsort(parked->items[kind], parked->n[kind], sizeof(ParkedItem),
                              compare_numbers);
        return result;
}

int parking_new(int *passed, size_t n_passed, Parking **ret_parking, Parked *ret_parked)
{
        _cleanup_(parking_freep) Parking *parking = calloc(1, sizeof(*parking));
        Parked parked = {};
        int r;

        if (!parking)
                return -ENOMEM;
        parking->ends[0] = parking->ends[1] = -1;
        r = drain_all(passed, n_passed, &parked);
        if (r == 0)
                r = open_pair(passed, n_passed, parking->ends);
        for (size_t i = 0; i < n_passed; i++) {
                closep(&passed[i]);
                passed[i] = -1;
        }
        if (r < 0) {
                parked_done(&parked);
                return r;
        }
        *ret_parked = parked;
        *ret_parking = NULL;
        if (parking->ends[0] >= 0) {
                enlarge(parking->ends);
                *ret_parking = TAKE_PTR(parking);
        }
        return 0;
}

Parking *parking_free(Parking *parking)
{
        if (!parking)
                return NULL;
        closep(&parking->ends[0]);
        closep(&parking->ends[1]);
        free(parking);
        return NULL;
}

void parking_forget(Parking *parking)
{
        if (parking)
                forget();
}

/* --- send --- */

/* n: at most BATCH_MAX. 0 or -errno. */
static int send_batch(int end, ParkedKind kind, const ParkedItem *items, size_t n)
{
        Label label = {.magic = MAGIC, .kind = (uint8_t)kind, .n = (uint8_t)n};
        Control control = {};
        struct iovec data = {&label, LABEL_SIZE(n)};
        struct msghdr message = {
                .msg_iov = &data,
                .msg_iovlen = 1,
                .msg_control = control.bytes,
                .msg_controllen = CMSG_SPACE(n * sizeof(int)),
        };
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        int fds[BATCH_MAX];
        ssize_t sent;

        label.first = items[0].number;
        for (size_t i = 0; i < n; i++) {
                label.notes[i] = items[i].note;
                fds[i] = items[i].fd;
        }
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(n * sizeof(int));
        memcpy(CMSG_DATA(header), fds, n * sizeof(int));
        do
                sent = sendmsg(end, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        while (sent < 0 && errno == EINTR);
        return sent < 0 ? -errno : 0;
}

/* How many of the next ones have numbers that follow each other, as one message wants it. */
static size_t batch_size(const ParkedItem *items, size_t n)
{
        size_t size = 1;

        while (size < n && size < BATCH_MAX && items[size].fd >= 0 &&
               items[size].number == items[0].number + size)
                size++;
        return size;
}

int parking_send(Parking *parking, ParkedKind kind, const ParkedItem *items, size_t n,
                 size_t *ret_n)
{
        size_t done = 0;
        int r = 0;

        while (done < n) {
                size_t size;

                if (items[done].fd < 0) {
                        done++;
                        continue;
                }
                size = batch_size(items + done, n - done);
                r = parking->filling < 2
                            ? send_batch(parking->ends[parking->filling], kind, items + done, size)
                            : -EAGAIN;
                if (r == -EAGAIN && parking->filling < 2) {
                        parking->filling++;
                        continue;
                }
                if (r < 0)
                        break;
                done += size;
        }
        *ret_n = done;
        return done == n ? 0 : r;
}
