/* SPDX-License-Identifier: Apache-2.0 */

/* A folder of certificates for the tests of TLS, and a client. */

#include "tls-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROUNDS_MAX 100

TlsFolder tls_folder;
TlsTicketKey tls_key;
static char *folder;
static char *ring[8]; /* of paths */

const char *tls_path(const char *name)
{
        static unsigned next;
        char **path = &ring[next++ % G_N_ELEMENTS(ring)];

        g_free(*path);
        *path = g_build_filename(folder, name, NULL);
        return *path;
}

const char *tls_file(const char *name, const char *text)
{
        const char *path = tls_path(name);

        g_assert_true(g_file_set_contents(path, text, -1, NULL));
        return path;
}

static Certificate make(const char *name, CertificateOrder order)
{
        Certificate made = certificate_make(&order);
        g_autofree char *own = g_strconcat(name, ".pem", NULL);
        g_autofree char *key = g_strconcat(name, ".key", NULL);

        certificate_write(tls_path(own), &made, NULL);
        certificate_write_key(tls_path(key), &made);
        return made;
}

void tls_folder_make(void)
{
        TlsFolder *all = &tls_folder;

        folder = g_dir_make_tmp("hawker-tls-XXXXXX", NULL);
        g_assert_nonnull(folder);
        g_assert_cmpint(tls_ticket_key_init(&tls_key), ==, 0);
        all->ca = make("ca", (CertificateOrder){.subject = "CN=CA", .is_authority = true});
        all->other_ca = make("other", (CertificateOrder){.subject = "CN=O", .is_authority = true});
        all->middle = make("middle", (CertificateOrder){.subject = "CN=Middle",
                                                        .is_authority = true,
                                                        .issuer = &all->ca});
        all->server = make("server", (CertificateOrder){.subject = "CN=one.example",
                                                        .host = "one.example",
                                                        .issuer = &all->ca});
        all->server_rsa = make("rsa", (CertificateOrder){.subject = "CN=one.example",
                                                         .host = "one.example",
                                                         .issuer = &all->ca,
                                                         .is_rsa = true});
        all->server_two = make("two", (CertificateOrder){.subject = "CN=two.example",
                                                         .host = "two.example",
                                                         .issuer = &all->middle});
        all->expired = make("expired", (CertificateOrder){.subject = "CN=one.example",
                                                          .issuer = &all->ca,
                                                          .from = -9,
                                                          .until = -2});
        all->alice =
                make("alice", (CertificateOrder){.subject = "CN=alice,OU=Pumps\\, large,O=Works",
                                                 .issuer = &all->ca});
        all->revoked =
                make("revoked", (CertificateOrder){.subject = "CN=mallory", .issuer = &all->ca});
        all->stranger = make(
                "stranger", (CertificateOrder){.subject = "CN=stranger", .issuer = &all->other_ca});
        all->old = make("old",
                        (CertificateOrder){
                                .subject = "CN=old", .issuer = &all->ca, .from = -9, .until = -2});
        certificate_write_revoked(tls_path("crl.pem"), &all->ca, &all->revoked, 30);
}

void tls_folder_done(void)
{
        Certificate *all = (Certificate *)&tls_folder;
        GDir *entries = g_dir_open(folder, 0, NULL);
        const char *name;

        for (size_t i = 0; i < sizeof(tls_folder) / sizeof(*all); i++)
                certificate_done(&all[i]);
        while ((name = g_dir_read_name(entries)))
                g_unlink(tls_path(name));
        g_dir_close(entries);
        g_rmdir(folder);
        g_clear_pointer(&folder, g_free);
        for (unsigned i = 0; i < G_N_ELEMENTS(ring); i++)
                g_clear_pointer(&ring[i], g_free);
}

TlsCredentials *tls_load(const TlsSettings *settings)
{
        TlsCredentials *credentials = NULL;
        TlsNotes notes = {};
        int r = tls_credentials_new(settings, &tls_key, &notes, &credentials);

        if (notes.n > 0)
                g_test_message("%s", notes.items[0].text);
        g_assert_cmpint(r, ==, 0);
        g_assert_cmpuint(notes.n, ==, 0);
        return credentials;
}

static void client_init(TlsClient *client, int fd, const TlsClientWish *wish)
{
        *client = (TlsClient){.fd = fd, .result = GNUTLS_E_AGAIN};
        g_assert_cmpint(gnutls_init(&client->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK), ==, 0);
        if (wish->priority)
                g_assert_cmpint(gnutls_priority_set_direct(client->session, wish->priority, NULL),
                                ==, 0);
        else
                g_assert_cmpint(gnutls_set_default_priority(client->session), ==, 0);
        g_assert_cmpint(gnutls_certificate_allocate_credentials(&client->certificates), ==, 0);
        if (wish->certificate) {
                gnutls_x509_crt_t own = wish->certificate->own;

                g_assert_cmpint(gnutls_certificate_set_x509_key(client->certificates, &own, 1,
                                                                wish->certificate->key),
                                ==, 0);
        }
        gnutls_credentials_set(client->session, GNUTLS_CRD_CERTIFICATE, client->certificates);
        if (wish->psk_identity) {
                gnutls_datum_t key = {(unsigned char *)wish->psk_key,
                                      (unsigned)strlen(wish->psk_key)};

                gnutls_psk_allocate_client_credentials(&client->psk);
                gnutls_psk_set_client_credentials(client->psk, wish->psk_identity, &key,
                                                  GNUTLS_PSK_KEY_HEX);
                gnutls_credentials_set(client->session, GNUTLS_CRD_PSK, client->psk);
        }
        if (wish->host)
                gnutls_server_name_set(client->session, GNUTLS_NAME_DNS, wish->host,
                                       strlen(wish->host));
        if (wish->ticket)
                g_assert_cmpint(gnutls_session_set_data(client->session, wish->ticket->data,
                                                        wish->ticket->size),
                                ==, 0);
        gnutls_transport_set_int(client->session, fd);
}

static void connect_tcp(int fds[static 2])
{
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof(address);
        int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int on = 1;

        g_assert_cmpint(bind(listener, (struct sockaddr *)&address, size), ==, 0);
        g_assert_cmpint(listen(listener, 1), ==, 0);
        g_assert_cmpint(getsockname(listener, (struct sockaddr *)&address, &size), ==, 0);
        fds[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        g_assert_cmpint(connect(fds[1], (struct sockaddr *)&address, size), ==, 0);
        fds[0] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        g_assert_cmpint(fds[0], >=, 0);
        for (unsigned i = 0; i < 2; i++)
                setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        g_assert_cmpint(fcntl(fds[1], F_SETFL, O_NONBLOCK), ==, 0);
        close(listener);
}

void tls_ends_init(TlsEnds *pair, TlsCredentials *credentials, const TlsClientWish *wish)
{
        int fds[2];

        *pair = (TlsEnds){.handshake = -EAGAIN, .is_tcp = wish->tcp};
        if (wish->tcp)
                connect_tcp(fds);
        else
                g_assert_cmpint(
                        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), ==,
                        0);
        g_assert_cmpint(tls_init(&pair->server, fds[0], credentials), ==, 0);
        client_init(&pair->client, fds[1], wish);
}

void tls_ends_wait(const TlsEnds *pair)
{
        struct pollfd fds[] = {{.fd = pair->server.fd, .events = POLLIN},
                               {.fd = pair->client.fd, .events = POLLIN}};

        g_assert_cmpint(poll(fds, G_N_ELEMENTS(fds), 10000), >, 0);
}

void tls_ends_shake(TlsEnds *pair)
{
        TlsClient *client = &pair->client;

        for (unsigned i = 0; i < ROUNDS_MAX; i++) {
                if (client->result == GNUTLS_E_AGAIN)
                        client->result = gnutls_handshake(client->session);
                if (pair->handshake == -EAGAIN)
                        pair->handshake = pair->server.ops->handshake(&pair->server);
                if (pair->handshake != -EAGAIN && client->result != GNUTLS_E_AGAIN)
                        return;
                if (pair->is_tcp)
                        tls_ends_wait(pair);
        }
        g_assert_not_reached();
}

void tls_ends_done(TlsEnds *pair)
{
        if (pair->server.ops)
                pair->server.ops->close(&pair->server);
        gnutls_deinit(pair->client.session);
        gnutls_certificate_free_credentials(pair->client.certificates);
        if (pair->client.psk)
                gnutls_psk_free_client_credentials(pair->client.psk);
        close(pair->client.fd);
}
