/* SPDX-License-Identifier: Apache-2.0 */

/* WebSockets as a Transport, over a pair of sockets. The other end writes and reads frames. */
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport/stream.h"
#include "transport/websocket-state.h"
#include "util/bytes.h"
#include "util/macro.h"

#define ZERO_MASK "\0\0\0\0"

typedef struct Pair {
        Transport ours;
        int peer;
} Pair;

static void pair_init_early(Pair *pair, const char *early, size_t size)
{
        Transport below;
        int fds[2];

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), ==,
                        0);
        stream_init(&below, fds[0], true);
        g_assert_cmpint(websocket_init(&pair->ours, &below, (Bytes){(const uint8_t *)early, size}),
                        ==, 0);
        g_assert_cmpint(below.fd, ==, -1);
        g_assert_cmpint(pair->ours.fd, ==, fds[0]);
        g_assert_true(websocket_is(&pair->ours));
        pair->peer = fds[1];
}

static void pair_init(Pair *pair)
{
        pair_init_early(pair, "", 0);
}

static void pair_done(Pair *pair)
{
        pair->ours.ops->close(&pair->ours);
        pair->ours.ops->close(&pair->ours);
        close(pair->peer);
}

static ssize_t pair_read(Pair *pair, void *data, size_t size)
{
        return pair->ours.ops->read(&pair->ours, data, size);
}

static void put(const Pair *pair, const char *bytes, size_t size)
{
        g_assert_cmpint(send(pair->peer, bytes, size, 0), ==, (ssize_t)size);
}

#define PUT(pair, literal) put(pair, literal, sizeof(literal) - 1)

static void expect(const Pair *pair, const char *bytes, size_t size)
{
        char got[200];

        g_assert_cmpint(recv(pair->peer, got, sizeof(got), 0), ==, (ssize_t)size);
        g_assert_cmpmem(got, size, bytes, size);
}

#define EXPECT(pair, literal) expect(pair, literal, sizeof(literal) - 1)

static void expect_nothing(const Pair *pair)
{
        char got;

        g_assert_cmpint(recv(pair->peer, &got, 1, 0), ==, -1);
        g_assert_cmpint(errno, ==, EAGAIN);
}

static void expect_end(const Pair *pair)
{
        char got;

        g_assert_cmpint(recv(pair->peer, &got, 1, 0), ==, 0);
}

static void test_reads_what_messages_carry(void)
{
        char data[100];
        Pair pair;

        pair_init(&pair);
        g_assert_cmpint(pair_read(&pair, data, sizeof(data)), ==, -EAGAIN);
        PUT(&pair, "\x82\x82" ZERO_MASK "ab\x02\x81" ZERO_MASK "c\x80\x81" ZERO_MASK "d");
        g_assert_cmpint(pair_read(&pair, data, sizeof(data)), ==, 4);
        g_assert_cmpmem(data, 4, "abcd", 4);
        g_assert_false(pair.ours.has_more);
        PUT(&pair, "\x82");
        g_assert_cmpint(pair_read(&pair, data, sizeof(data)), ==, -EAGAIN);
        close(pair.peer);
        g_assert_cmpint(pair_read(&pair, data, sizeof(data)), ==, 0);
        pair.ours.ops->close(&pair.ours);
}

/* A client need not wait for our 101. */
static void test_early_frames_are_read(void)
{
        char data[8];
        Pair pair;

        pair_init_early(&pair, "\x82\x83" ZERO_MASK "abc\x82\x81" ZERO_MASK "d", 16);
        g_assert_true(pair.ours.has_more);
        g_assert_cmpint(pair_read(&pair, data, sizeof(data)), ==, 2);
        g_assert_cmpmem(data, 2, "ab", 2);
        g_assert_true(pair.ours.has_more);
        g_assert_cmpint(pair_read(&pair, data, sizeof(data)), ==, 2);
        g_assert_cmpmem(data, 2, "cd", 2);
        g_assert_false(pair.ours.has_more);
        pair_done(&pair);
}

static void test_writes_a_message(void)
{
        const struct iovec pieces[] = {{(char *)"ab", 2}, {(char *)"", 0}, {(char *)"cde", 3}};
        Pair pair;

        pair_init(&pair);
        g_assert_cmpint(pair.ours.ops->writev(&pair.ours, pieces, 3), ==, 5);
        EXPECT(&pair, "\x82\x05"
                      "abcde");
        g_assert_cmpint(pair.ours.ops->writev(&pair.ours, pieces, 0), ==, 0);
        expect_nothing(&pair);
        pair_done(&pair);
}

static ssize_t write_with_room(Pair *pair, const char *data, size_t size)
{
        g_autofree uint8_t *room = g_malloc(TRANSPORT_ROOM + size);
        ssize_t n;

        memcpy(room + TRANSPORT_ROOM, data, size);
        n = pair->ours.ops->write_with_room(&pair->ours, room + TRANSPORT_ROOM, size);
        g_assert_cmpmem(room + TRANSPORT_ROOM, size, data, size);
        return n;
}

static void test_header_goes_before_the_payload(void)
{
        Pair pair;

        pair_init(&pair);
        g_assert_cmpint(write_with_room(&pair, "abcde", 5), ==, 5);
        EXPECT(&pair, "\x82\x05"
                      "abcde");
        g_assert_cmpint(write_with_room(&pair, "", 0), ==, 0);
        expect_nothing(&pair);
        pair_done(&pair);
}

enum { PIECES = 100, SIZE = 7000 };

static ssize_t write_in_pieces(Pair *pair, const char *payload, size_t sent)
{
        struct iovec pieces[PIECES];
        int n = 0;

        for (size_t at = sent; at < PIECES * SIZE; at += pieces[n++].iov_len)
                pieces[n] = (struct iovec){(char *)payload + at, SIZE - at % SIZE};
        return pair->ours.ops->writev(&pair->ours, pieces, n);
}

/* Now this way, now that, after a number of writes that has no divisor in common with much. */
static ssize_t write_more(Pair *pair, const char *payload, size_t sent, unsigned count)
{
        if (count % 7 < 3)
                return write_with_room(pair, payload + sent, PIECES * SIZE - sent);
        return write_in_pieces(pair, payload, sent);
}

/* Whatever the socket takes at a time, and with more pieces than a write has. */
static void test_writes_go_on_where_they_stopped(void)
{
        g_autofree char *payload = g_malloc(PIECES * SIZE);
        g_autoptr(GByteArray) wire = g_byte_array_new();
        WebsocketDecoder decoder = {};
        size_t sent = 0, got = 0;
        unsigned count = 0;
        Pair pair;

        for (size_t i = 0; i < PIECES * SIZE; i++)
                payload[i] = (char)(i * 7 + i / 256);
        pair_init(&pair);
        do {
                uint8_t buffer[3001];
                ssize_t received;

                if (sent < PIECES * SIZE) {
                        ssize_t r = write_more(&pair, payload, sent, count++);

                        g_assert_true(r > 0 || r == -EAGAIN);
                        sent += r > 0 ? (size_t)r : 0;
                }
                received = recv(pair.peer, buffer, sizeof(buffer), 0);
                got = received > 0 ? (size_t)received : 0;
                g_byte_array_append(wire, buffer, (guint)got);
        } while (sent < PIECES * SIZE || got > 0);
        /* A server's frames have no mask: checked here by hand. */
        got = 0;
        for (size_t at = 0; at < wire->len;) {
                uint64_t length = 0;
                size_t size = wire->data[at + 1] == 127 ? 8 : wire->data[at + 1] == 126 ? 2 : 0;

                g_assert_cmpuint(wire->data[at], ==, 0x82);
                for (size_t i = 0; i < size; i++)
                        length = length << 8 | wire->data[at + 2 + i];
                if (size == 0)
                        length = wire->data[at + 1];
                at += 2 + size;
                g_assert_cmpmem(wire->data + at, length, payload + got, length);
                at += length;
                got += length;
        }
        g_assert_cmpuint(got, ==, PIECES * SIZE);
        websocket_decoder_done(&decoder);
        pair_done(&pair);
}

/* As TLS is: keeps what it has no room for, and puts that on the wire before all else. */
typedef struct Insistent {
        Transport ours;
        GByteArray *wire, *kept;
        bool is_full;
} Insistent;

static ssize_t insistent_writev(Transport *transport, const struct iovec *pieces, int n)
{
        Insistent *below = transport->state;
        g_autoptr(GByteArray) given = g_byte_array_new();

        for (int i = 0; i < n; i++)
                g_byte_array_append(given, pieces[i].iov_base, (guint)pieces[i].iov_len);
        if (below->kept->len == 0)
                g_byte_array_append(below->kept, given->data, given->len);
        if (below->is_full)
                return -EAGAIN;
        g_assert_cmpuint(given->len, >=, below->kept->len);
        g_assert_cmpmem(given->data, below->kept->len, below->kept->data, below->kept->len);
        n = (int)below->kept->len;
        g_byte_array_append(below->wire, below->kept->data, below->kept->len);
        g_byte_array_set_size(below->kept, 0);
        return n;
}

static int insistent_finish(Transport *transport)
{
        return 0;
}

static void insistent_close(Transport *transport)
{
}

static void insistent_init(Insistent *below)
{
        static const TransportOps ops = {
                .name = "insistent",
                .writev = insistent_writev,
                .finish = insistent_finish,
                .close = insistent_close,
                .insists = true,
        };
        Transport transport = {.ops = &ops, .state = below, .fd = -1};

        *below = (Insistent){.wire = g_byte_array_new(), .kept = g_byte_array_new()};
        g_assert_cmpint(websocket_init(&below->ours, &transport, (Bytes){}), ==, 0);
}

static void insistent_done(Insistent *below)
{
        below->ours.ops->close(&below->ours);
        g_byte_array_unref(below->wire);
        g_byte_array_unref(below->kept);
}

static ssize_t insistent_write(Insistent *below, const char *text, bool with_room)
{
        uint8_t room[TRANSPORT_ROOM + 20];
        const size_t size = strlen(text);

        memcpy(room + TRANSPORT_ROOM, text, size);
        if (with_room)
                return below->ours.ops->write_with_room(&below->ours, room + TRANSPORT_ROOM, size);
        return below->ours.ops->writev(&below->ours, &(struct iovec){room + TRANSPORT_ROOM, size},
                                       1);
}

/* A frame of which nothing was taken has begun nevertheless: it gets no longer, whatever there is
 * to write meanwhile, and nothing goes before it. */
static void test_kept_frames_stay(void)
{
        static const char wire[] = "\x82\x03"
                                   "abc\x82\x02"
                                   "de\x88\x02\x03\xe8";
        Insistent below;

        for (unsigned ways = 0; ways < 4; ways++) {
                insistent_init(&below);
                below.is_full = true;
                g_assert_cmpint(insistent_write(&below, "abc", ways & 1), ==, -EAGAIN);
                g_assert_cmpint(below.ours.ops->finish(&below.ours), ==, -EAGAIN);
                g_assert_cmpint(insistent_write(&below, "abcd", ways & 1), ==, -EAGAIN);
                below.is_full = false;
                g_assert_cmpint(insistent_write(&below, "abcde", ways & 2), ==, 3);
                g_assert_cmpint(insistent_write(&below, "de", ways & 2), ==, 2);
                g_assert_cmpint(below.ours.ops->finish(&below.ours), ==, 0);
                g_assert_cmpmem(below.wire->data, below.wire->len, wire, sizeof(wire) - 1);
                insistent_done(&below);
        }
}

static void test_pings_are_answered(void)
{
        char data[100];
        Pair pair;

        pair_init(&pair);
        PUT(&pair, "\x89\x85\x01\x02\x03\x04\x69\x67\x6f\x68\x6e");
        g_assert_cmpint(pair_read(&pair, data, sizeof(data)), ==, -EAGAIN);
        EXPECT(&pair, "\x8a\x05hello");
        PUT(&pair, "\x89\x81" ZERO_MASK "a\x89\x81" ZERO_MASK "b\x82\x81" ZERO_MASK "x");
        g_assert_cmpint(pair_read(&pair, data, sizeof(data)), ==, 1);
        EXPECT(&pair, "\x8a\x01"
                      "b");
        pair_done(&pair);
}

static size_t fill(Pair *pair)
{
        static char zeros[20000];
        const struct iovec piece = {zeros, sizeof(zeros)};
        size_t sent = 0;
        ssize_t n;

        while ((n = pair->ours.ops->writev(&pair->ours, &piece, 1)) > 0)
                sent += (size_t)n;
        g_assert_cmpint(n, ==, -EAGAIN);
        return sent;
}

/* No frame begins inside of another one. */
static void test_ping_waits_for_a_frame(void)
{
        static char zeros[20000];
        g_autoptr(GByteArray) wire = g_byte_array_new();
        char data[100];
        size_t sent;
        Pair pair;

        pair_init(&pair);
        sent = fill(&pair);
        PUT(&pair, "\x89\x81" ZERO_MASK "p");
        g_assert_cmpint(pair_read(&pair, data, sizeof(data)), ==, -EAGAIN);
        while (wire->len == 0 || sent % sizeof(zeros) != 0) {
                const struct iovec piece = {zeros, sizeof(zeros) - sent % sizeof(zeros)};
                uint8_t buffer[8192];
                ssize_t n = recv(pair.peer, buffer, sizeof(buffer), 0);

                g_assert_cmpint(n, >, 0);
                g_byte_array_append(wire, buffer, (guint)n);
                if (sent % sizeof(zeros) != 0) {
                        n = pair.ours.ops->writev(&pair.ours, &piece, 1);
                        sent += n > 0 ? (size_t)n : 0;
                }
        }
        g_assert_cmpint(pair_read(&pair, data, sizeof(data)), ==, -EAGAIN);
        for (;;) {
                uint8_t buffer[8192];
                ssize_t n = recv(pair.peer, buffer, sizeof(buffer), 0);

                if (n <= 0)
                        break;
                g_byte_array_append(wire, buffer, (guint)n);
                pair_read(&pair, data, sizeof(data));
        }
        g_assert_cmpuint(wire->len, ==, sent + sent / sizeof(zeros) * 4 + 3);
        g_assert_cmpmem(wire->data + wire->len - 3, 3, "\x8a\x01p", 3);
        pair_done(&pair);
}

/* The end of a frame is the last event for long, if its reader has no more to say. */
static void test_ping_follows_a_frame(void)
{
        static char zeros[1 << 20];
        g_autoptr(GByteArray) wire = g_byte_array_new();
        char data[100];
        size_t sent = 0;
        ssize_t n = 0;
        Pair pair;

        pair_init(&pair);
        do {
                const struct iovec piece = {zeros + sent, sizeof(zeros) - sent};
                uint8_t buffer[8192];

                n = piece.iov_len > 0 ? pair.ours.ops->writev(&pair.ours, &piece, 1) : -EAGAIN;
                g_assert_true(n > 0 || n == -EAGAIN);
                if (wire->len == 0) {
                        g_assert_cmpint(n, <, (ssize_t)sizeof(zeros));
                        PUT(&pair, "\x89\x81" ZERO_MASK "p");
                        g_assert_cmpint(pair_read(&pair, data, sizeof(data)), ==, -EAGAIN);
                }
                sent += n > 0 ? (size_t)n : 0;
                n = recv(pair.peer, buffer, sizeof(buffer), 0);
                if (n > 0)
                        g_byte_array_append(wire, buffer, (guint)n);
        } while (n > 0);
        g_assert_cmpuint(sent, ==, sizeof(zeros));
        g_assert_cmpuint(wire->len, ==, 10 + sizeof(zeros) + 3);
        g_assert_cmpmem(wire->data + wire->len - 3, 3, "\x8a\x01p", 3);
        pair_done(&pair);
}

/* No event tells of what the transport below holds. */
static void test_frames_without_payload_end_no_read(void)
{
        const char early[] =
                "\x89\x85" ZERO_MASK "pings\x82\x80" ZERO_MASK "\x82\x81" ZERO_MASK "a";
        char data[2];
        Pair pair;

        pair_init_early(&pair, early, sizeof(early) - 1);
        g_assert_cmpint(pair_read(&pair, data, sizeof(data)), ==, 1);
        g_assert_cmpint(data[0], ==, 'a');
        g_assert_false(pair.ours.has_more);
        EXPECT(&pair, "\x8a\x05pings");
        g_assert_cmpint(pair_read(&pair, data, sizeof(data)), ==, -EAGAIN);
        pair_done(&pair);
}

static void test_close_is_answered(void)
{
        const struct iovec piece = {(char *)"a", 1};
        char data[100];
        Pair pair;

        pair_init(&pair);
        PUT(&pair, "\x82\x81" ZERO_MASK "a\x88\x82" ZERO_MASK "\x0f\xa0");
        g_assert_cmpint(pair_read(&pair, data, sizeof(data)), ==, 1);
        g_assert_true(pair.ours.has_more);
        g_assert_cmpint(pair_read(&pair, data, sizeof(data)), ==, 0);
        EXPECT(&pair, "\x88\x02\x0f\xa0");
        g_assert_cmpint(pair.ours.ops->writev(&pair.ours, &piece, 1), ==, -EPIPE);
        pair_done(&pair);
}

static void test_end_is_told(void)
{
        Pair pair;

        pair_init(&pair);
        g_assert_cmpint(pair.ours.ops->finish(&pair.ours), ==, 0);
        EXPECT(&pair, "\x88\x02\x03\xe8");
        expect_end(&pair);
        pair_done(&pair);
        pair_init(&pair);
        websocket_set_code(&pair.ours, WEBSOCKET_TOO_BIG);
        pair.ours.ops->close(&pair.ours);
        EXPECT(&pair, "\x88\x02\x03\xf1");
        expect_end(&pair);
        close(pair.peer);
}

static void test_faults_are_told(void)
{
        const struct iovec piece = {(char *)"b", 1};
        char data[100];
        Pair pair;

        pair_init(&pair);
        PUT(&pair, "\x82\x81" ZERO_MASK "a\x81\x81" ZERO_MASK "a");
        g_assert_cmpint(pair_read(&pair, data, sizeof(data)), ==, 1);
        expect_nothing(&pair);
        g_assert_true(pair.ours.has_more);
        g_assert_cmpint(pair_read(&pair, data, sizeof(data)), ==, -EPROTO);
        g_assert_cmpstr(transport_trouble(&pair.ours), ==, "a WebSocket message of text");
        g_assert_cmpint(pair.ours.ops->writev(&pair.ours, &piece, 1), ==, 1);
        g_assert_cmpint(pair.ours.ops->finish(&pair.ours), ==, 0);
        EXPECT(&pair, "\x82\1b\x88\x02\x03\xeb");
        /* Who has not left yet need not be understood any more. */
        g_assert_false(websocket_can_leave(&pair.ours));
        PUT(&pair, "junk");
        g_assert_cmpint(pair_read(&pair, data, sizeof(data)), ==, 4);
        expect_end(&pair);
        pair_done(&pair);
}

/* What it reads in one go may be nothing but headers, while there is more to read. */
static void test_headers_alone(void)
{
        char data[6];
        Pair pair;

        pair_init_early(&pair, "\x02\x80" ZERO_MASK "\x80\x82" ZERO_MASK "ab", 14);
        g_assert_cmpint(pair_read(&pair, data, sizeof(data)), ==, 2);
        g_assert_cmpmem(data, 2, "ab", 2);
        g_assert_cmpint(pair_read(&pair, data, sizeof(data)), ==, -EAGAIN);
        pair_done(&pair);
}

/* --- from process to process --- */

static void pair_move(Pair *pair)
{
        Transport below, next;
        Buffer state = {};
        int fd = dup(pair->ours.fd);

        g_assert_true(websocket_can_leave(&pair->ours));
        g_assert_cmpint(websocket_save(&pair->ours, &state), ==, 0);
        websocket_leave(&pair->ours);
        pair->ours.ops->close(&pair->ours);
        stream_init(&below, fd, true);
        g_assert_cmpint(websocket_restore(&next, &below, buffer_bytes(&state)), ==, 0);
        pair->ours = next;
        buffer_done(&state);
}

/* At whatever byte it stands. */
static void test_moves_amid_input(void)
{
        static const char wire[] = "\x02\x83" ZERO_MASK "abc\x89\x83\1\2\3\4qkm\x80\x82\1\0\0\0"
                                   "de";
        char data[100];
        size_t n = 0;
        Pair pair;

        pair_init(&pair);
        for (size_t i = 0; i + 1 < sizeof(wire); i++) {
                ssize_t got;

                put(&pair, wire + i, 1);
                got = pair_read(&pair, data + n, sizeof(data) - n);
                n += got > 0 ? (size_t)got : 0;
                pair_move(&pair);
        }
        g_assert_cmpmem(data, n, "abcee", 5);
        EXPECT(&pair, "\x8A\x03pin");
        pair_done(&pair);
}

/* A Ping that could not be answered, a frame that could not be written, a Close that was not told.
 */
static void test_moves_amid_output(void)
{
        static uint8_t big[500000];
        const struct iovec piece = {big, sizeof(big)};
        g_autoptr(GByteArray) all = g_byte_array_new();
        size_t written = 0;
        char data[100];
        ssize_t n;
        Pair pair;

        memset(big, 'x', sizeof(big));
        pair_init(&pair);
        n = pair.ours.ops->writev(&pair.ours, &piece, 1);
        g_assert_cmpint(n, >, 0);
        written = (size_t)n;
        PUT(&pair, "\x89\x81" ZERO_MASK "p\x82\x81" ZERO_MASK "a\x88\x80" ZERO_MASK);
        g_assert_cmpint(pair_read(&pair, data, sizeof(data)), ==, 1);
        pair_move(&pair);
        g_assert_true(pair.ours.has_more);
        while (written < sizeof(big)) {
                const struct iovec rest = {big + written, sizeof(big) - written};

                while ((n = recv(pair.peer, data, sizeof(data), 0)) > 0)
                        g_byte_array_append(all, (uint8_t *)data, (guint)n);
                n = pair.ours.ops->writev(&pair.ours, &rest, 1);
                written += n > 0 ? (size_t)n : 0;
                pair_move(&pair);
        }
        g_assert_cmpint(pair_read(&pair, data, sizeof(data)), ==, 0);
        while ((n = recv(pair.peer, data, sizeof(data), 0)) > 0)
                g_byte_array_append(all, (uint8_t *)data, (guint)n);
        g_assert_cmpuint(all->len, ==, 10 + sizeof(big) + 3 + 2);
        g_assert_cmpmem(all->data + 10 + sizeof(big), 5, "\x8A\x01p\x88\0", 5);
        pair_done(&pair);
}

static void test_early_frames_move(void)
{
        char data[8];
        Pair pair;

        pair_init_early(&pair, "\x82\x83" ZERO_MASK "abc", 9);
        pair_move(&pair);
        g_assert_true(pair.ours.has_more);
        g_assert_cmpint(pair_read(&pair, data, sizeof(data)), ==, 2);
        pair_move(&pair);
        g_assert_cmpint(pair_read(&pair, data, sizeof(data)), ==, 1);
        pair_done(&pair);
}

/* No prefix of it is one. */
static void test_bad_states(void)
{
        Transport below = {.fd = -1}, next = {};
        Buffer state = {};
        Pair pair;

        pair_init(&pair);
        PUT(&pair, "\x89\x83" ZERO_MASK "a");
        g_assert_cmpint(pair_read(&pair, (char[8]){}, 8), ==, -EAGAIN);
        g_assert_cmpint(websocket_save(&pair.ours, &state), ==, 0);
        for (size_t i = 0; i < buffer_length(&state); i++)
                g_assert_cmpint(websocket_restore(&next, &below, (Bytes){buffer_head(&state), i}),
                                ==, -EBADMSG);
        buffer_head(&state)[0]++;
        g_assert_cmpint(websocket_restore(&next, &below, buffer_bytes(&state)), ==, -EBADMSG);
        g_assert_null(next.ops);
        buffer_done(&state);
        pair_done(&pair);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/transport/websocket/reads-what-messages-carry",
                        test_reads_what_messages_carry);
        g_test_add_func("/transport/websocket/headers-alone", test_headers_alone);
        g_test_add_func("/transport/websocket/moves-amid-input", test_moves_amid_input);
        g_test_add_func("/transport/websocket/moves-amid-output", test_moves_amid_output);
        g_test_add_func("/transport/websocket/early-frames-move", test_early_frames_move);
        g_test_add_func("/transport/websocket/bad-states", test_bad_states);
        g_test_add_func("/transport/websocket/early-frames-are-read", test_early_frames_are_read);
        g_test_add_func("/transport/websocket/writes-a-message", test_writes_a_message);
        g_test_add_func("/transport/websocket/header-goes-before-the-payload",
                        test_header_goes_before_the_payload);
        g_test_add_func("/transport/websocket/writes-go-on-where-they-stopped",
                        test_writes_go_on_where_they_stopped);
        g_test_add_func("/transport/websocket/kept-frames-stay", test_kept_frames_stay);
        g_test_add_func("/transport/websocket/pings-are-answered", test_pings_are_answered);
        g_test_add_func("/transport/websocket/ping-waits-for-a-frame", test_ping_waits_for_a_frame);
        g_test_add_func("/transport/websocket/ping-follows-a-frame", test_ping_follows_a_frame);
        g_test_add_func("/transport/websocket/frames-without-payload-end-no-read",
                        test_frames_without_payload_end_no_read);
        g_test_add_func("/transport/websocket/close-is-answered", test_close_is_answered);
        g_test_add_func("/transport/websocket/end-is-told", test_end_is_told);
        g_test_add_func("/transport/websocket/faults-are-told", test_faults_are_told);
        return g_test_run();
}
