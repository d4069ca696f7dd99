/* SPDX-License-Identifier: Apache-2.0 */
/* TLS of the generator and the floor against each other: what a row says of handshakes and bytes
 * must be so. */

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/tls.h"
#include "certificates/certificate.h"

typedef struct Ends {
        int fds[2];
        TlsLink *client;
        TlsLink *server;
} Ends;

typedef struct Hubs {
        char *folder;
        TlsHub *client;
        TlsHub *server;
} Hubs;

static TlsHub *serve(const char *folder, const char *name)
{
        g_autofree char *pem = g_strdup_printf("%s/%s.pem", folder, name);
        g_autofree char *key = g_strdup_printf("%s/%s.key", folder, name);
        Certificate made = certificate_make(&(CertificateOrder){.subject = "CN=bench"});
        TlsHub *hub;

        certificate_write(pem, &made, NULL);
        certificate_write_key(key, &made);
        certificate_done(&made);
        g_assert_cmpint(tls_hub_new_server(pem, key, &hub), ==, 0);
        g_unlink(pem);
        g_unlink(key);
        return hub;
}

static void hubs_init(Hubs *hubs, TlsMode mode)
{
        hubs->folder = g_dir_make_tmp("hawker-bench-XXXXXX", NULL);
        hubs->server = serve(hubs->folder, "server");
        g_assert_cmpint(tls_hub_new_client(mode, &hubs->client), ==, 0);
}

static void hubs_done(Hubs *hubs)
{
        tls_hub_free(hubs->client);
        tls_hub_free(hubs->server);
        g_rmdir(hubs->folder);
        g_free(hubs->folder);
}

/* Steps of both sides in turn: the pair of sockets answers at once. */
static void ends_open(Ends *ends, const Hubs *hubs)
{
        int client = -EAGAIN, server = -EAGAIN;
        uint8_t room[TLS_READ_MIN];

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends->fds), ==, 0);
        g_assert_cmpint(tls_link_new(hubs->client, ends->fds[0], &ends->client), ==, 0);
        g_assert_cmpint(tls_link_new(hubs->server, ends->fds[1], &ends->server), ==, 0);
        for (unsigned i = 0; i < 10 && (client < 0 || server < 0); i++) {
                client = tls_link_handshake(ends->client);
                server = tls_link_handshake(ends->server);
                g_assert_true(client == 0 || client == -EAGAIN);
                g_assert_true(server == 0 || server == -EAGAIN);
        }
        g_assert_cmpint(client, ==, 0);
        g_assert_cmpint(server, ==, 0);
        g_assert_cmpint(tls_link_read(ends->client, room, sizeof(room)), ==,
                        -EAGAIN); /* a ticket */
}

static void ends_close(Ends *ends)
{
        tls_link_free(ends->client);
        tls_link_free(ends->server);
        close(ends->fds[0]);
        close(ends->fds[1]);
}

static void test_full(void)
{
        Hubs hubs;
        Ends ends;

        hubs_init(&hubs, TLS_FULL);
        for (unsigned i = 0; i < 2; i++) {
                ends_open(&ends, &hubs);
                ends_close(&ends);
        }
        g_assert_cmpuint(tls_hub_handshakes(hubs.client), ==, 2);
        g_assert_cmpuint(tls_hub_resumed(hubs.client), ==, 0);
        hubs_done(&hubs);
}

static void test_resumed(void)
{
        Hubs hubs;
        Ends ends;

        hubs_init(&hubs, TLS_RESUMED);
        for (unsigned i = 0; i < 3; i++) {
                ends_open(&ends, &hubs);
                ends_close(&ends);
                g_assert_cmpuint(tls_hub_resumed(hubs.client), ==, i);
                g_assert_cmpuint(tls_hub_resumed(hubs.server), ==, i);
        }
        hubs_done(&hubs);
}

static void test_peer(void)
{
        uint64_t first;
        Hubs hubs;
        Ends ends;

        hubs_init(&hubs, TLS_FULL);
        g_assert_cmpuint(tls_hub_peer(hubs.client), ==, 0);
        ends_open(&ends, &hubs);
        ends_close(&ends);
        first = tls_hub_peer(hubs.client);
        g_assert_cmpuint(first, !=, 0);
        tls_hub_free(hubs.server);
        hubs.server = serve(hubs.folder, "other");
        ends_open(&ends, &hubs);
        ends_close(&ends);
        g_assert_cmpuint(tls_hub_peer(hubs.client), !=, first);
        hubs_done(&hubs);
}

/* More than the sockets hold: short writes go on where they ended, and reads lose nothing. */
static void test_bytes(void)
{
        const size_t size = 3u << 20;
        g_autofree uint8_t *sent = g_malloc(size), *got = g_malloc(size + TLS_READ_MIN);
        size_t written = 0, n = 0;
        bool was_short = false;
        Hubs hubs;
        Ends ends;

        for (size_t i = 0; i < size; i++)
                sent[i] = (uint8_t)(i * 2654435761u >> 24);
        hubs_init(&hubs, TLS_FULL);
        ends_open(&ends, &hubs);
        while (n < size) {
                ssize_t r = tls_link_write(ends.client, sent + written, size - written);

                if (r > 0)
                        written += (size_t)r;
                was_short |= r > 0 && written < size;
                r = tls_link_read(ends.server, got + n, TLS_READ_MIN);
                g_assert_true(r > 0 || r == -EAGAIN);
                if (r > 0)
                        n += (size_t)r;
                g_assert_cmpuint(n, <=, size);
        }
        g_assert_true(was_short);
        g_assert_cmpmem(sent, size, got, n);
        ends_close(&ends);
        hubs_done(&hubs);
}

static void test_end(void)
{
        uint8_t room[TLS_READ_MIN];
        Hubs hubs;
        Ends ends;

        hubs_init(&hubs, TLS_FULL);
        ends_open(&ends, &hubs);
        g_assert_cmpint(tls_link_write(ends.server, "bye", 3), ==, 3);
        shutdown(ends.fds[1], SHUT_WR);
        g_assert_cmpint(tls_link_read(ends.client, room, sizeof(room)), ==, 3);
        g_assert_cmpint(tls_link_read(ends.client, room, sizeof(room)), ==, 0);
        ends_close(&ends);
        hubs_done(&hubs);
}

static void test_stranger(void)
{
        const char hello[] = "this is not TLS";
        int r = -EAGAIN;
        Hubs hubs;
        Ends ends;

        hubs_init(&hubs, TLS_FULL);
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.fds), ==, 0);
        g_assert_cmpint(tls_link_new(hubs.client, ends.fds[0], &ends.client), ==, 0);
        ends.server = NULL;
        g_assert_cmpint(send(ends.fds[1], hello, sizeof(hello), 0), ==, sizeof(hello));
        for (unsigned i = 0; i < 3 && r == -EAGAIN; i++)
                r = tls_link_handshake(ends.client);
        g_assert_cmpint(r, ==, -EPROTO);
        ends_close(&ends);
        hubs_done(&hubs);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/bench/tls/full", test_full);
        g_test_add_func("/bench/tls/resumed", test_resumed);
        g_test_add_func("/bench/tls/peer", test_peer);
        g_test_add_func("/bench/tls/bytes", test_bytes);
        g_test_add_func("/bench/tls/end", test_end);
        g_test_add_func("/bench/tls/stranger", test_stranger);
        return g_test_run();
}
