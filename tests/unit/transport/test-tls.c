/* SPDX-License-Identifier: Apache-2.0 */

/* TLS as a Transport: handshakes of all kinds, data both ways, the end. */
#include <errno.h>
#include <glib.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls-fixture.h"
#include "transport/tls-peer.h"

static const char *const versions[] = {
        "NORMAL:-VERS-ALL:+VERS-TLS1.2",
        "NORMAL:-VERS-ALL:+VERS-TLS1.3",
};

static TlsSettings plain_settings(void)
{
        return (TlsSettings){
                .certfile = tls_path("server.pem"),
                .keyfile = tls_path("server.key"),
                .minimum_version = 12,
        };
}

static TlsSettings client_settings(void)
{
        TlsSettings settings = plain_settings();

        settings.cafile = tls_path("ca.pem");
        settings.crlfile = tls_path("crl.pem");
        settings.require_certificate = true;
        return settings;
}

/* Shaken hands, or not. */
static void pair_meet(TlsEnds *pair, const TlsSettings *settings, const TlsClientWish *wish)
{
        TlsCredentials *credentials = tls_load(settings);

        tls_ends_init(pair, credentials, wish);
        tls_credentials_unref(credentials); /* the session has its own */
        tls_ends_shake(pair);
}

static ssize_t server_read(TlsEnds *pair, void *data, size_t size)
{
        return pair->server.ops->read(&pair->server, data, size);
}

static ssize_t server_write(TlsEnds *pair, const struct iovec *pieces, int n)
{
        return pair->server.ops->writev(&pair->server, pieces, n);
}

/* A call that meets a session ticket ends there. */
static ssize_t client_read(TlsEnds *pair, void *data, size_t size)
{
        ssize_t n = GNUTLS_E_AGAIN;

        for (unsigned i = 0; i < 8 && n == GNUTLS_E_AGAIN; i++)
                n = gnutls_record_recv(pair->client.session, data, size);
        return n;
}

static void test_data_goes_both_ways(gconstpointer version)
{
        TlsSettings settings = plain_settings();
        char data[64];
        TlsEnds pair;

        pair_meet(&pair, &settings, &(TlsClientWish){.priority = version});
        g_assert_cmpint(pair.handshake, ==, 0);
        g_assert_cmpstr(pair.server.ops->name, ==, "tls");
        g_assert_cmpint(server_read(&pair, data, sizeof(data)), ==, -EAGAIN);
        g_assert_cmpint(gnutls_record_send(pair.client.session, "hello", 5), ==, 5);
        g_assert_cmpint(gnutls_record_send(pair.client.session, "world", 5), ==, 5);
        g_assert_cmpint(server_read(&pair, data, sizeof(data)), ==, 10);
        g_assert_cmpmem(data, 10, "helloworld", 10);
        g_assert_false(pair.server.has_more);

        g_assert_cmpint(
                server_write(&pair, (struct iovec[]){{(void *)"ab", 2}, {(void *)"cde", 3}}, 2), ==,
                5);
        g_assert_cmpint(client_read(&pair, data, sizeof(data)), ==, 5);
        g_assert_cmpmem(data, 5, "abcde", 5);
        tls_ends_done(&pair);
}

/* With data, sent so far. */
static unsigned server_packets(const TlsEnds *pair)
{
        struct tcp_info info = {};
        socklen_t size = sizeof(info);

        g_assert_cmpint(getsockopt(pair->server.fd, IPPROTO_TCP, TCP_INFO, &info, &size), ==, 0);
        return info.tcpi_data_segs_out;
}

/* What each side says at once goes as one packet, though GnuTLS pushes it in pieces. */
static void test_flights_go_whole(gconstpointer version)
{
        TlsSettings settings = plain_settings();
        TlsCredentials *credentials = tls_load(&settings);
        TlsEnds pair;

        tls_ends_init(&pair, credentials, &(TlsClientWish){.priority = version, .tcp = true});
        tls_credentials_unref(credentials);
        g_assert_cmpint(gnutls_handshake(pair.client.session), ==, GNUTLS_E_AGAIN);
        tls_ends_wait(&pair);
        g_assert_cmpint(pair.server.ops->handshake(&pair.server), ==, -EAGAIN);
        g_assert_cmpuint(server_packets(&pair), ==, 1);
        tls_ends_shake(&pair);
        g_assert_cmpint(pair.handshake, ==, 0);
        /* One flight in TLS 1.3, tickets included; in 1.2 two. */
        g_assert_cmpuint(server_packets(&pair), ==, version == versions[0] ? 2 : 1);
        tls_ends_done(&pair);
}

/* Pieces that make two records, and an empty one behind them. */
static void test_records_go_together(void)
{
        static char data[12000];
        const struct iovec pieces[] = {{data, sizeof(data)}, {data, sizeof(data)}, {data, 0}};
        TlsSettings settings = plain_settings();
        TlsEnds pair;
        unsigned before;

        pair_meet(&pair, &settings, &(TlsClientWish){.tcp = true});
        before = server_packets(&pair);
        g_assert_cmpint(server_write(&pair, pieces, 3), ==, 2 * sizeof(data));
        g_assert_cmpuint(server_packets(&pair), ==, before + 1);
        g_assert_cmpint(server_write(&pair, pieces, 1), ==, sizeof(data));
        g_assert_cmpuint(server_packets(&pair), ==, before + 2);
        tls_ends_done(&pair);
}

/* Little room: nothing gets lost, and has_more says that the socket will not tell. */
static void test_small_reads_drain_what_came(void)
{
        TlsSettings settings = plain_settings();
        uint8_t sent[40000], got[sizeof(sent)];
        size_t total = 0;
        TlsEnds pair;

        for (size_t i = 0; i < sizeof(sent); i++)
                sent[i] = (uint8_t)(i * 7);
        pair_meet(&pair, &settings, &(TlsClientWish){});
        for (size_t at = 0; at < sizeof(sent); at += 10000)
                g_assert_cmpint(gnutls_record_send(pair.client.session, sent + at, 10000), ==,
                                10000);
        g_assert_cmpint(server_read(&pair, got, 1), ==, 1);
        total = 1;
        while (pair.server.has_more) {
                ssize_t n = server_read(&pair, got + total, MIN(sizeof(got) - total, (size_t)777));

                g_assert_cmpint(n, >, 0);
                total += (size_t)n;
        }
        g_assert_cmpuint(total, ==, sizeof(sent));
        g_assert_cmpmem(got, sizeof(got), sent, sizeof(sent));
        tls_ends_done(&pair);
}

/* One read drains what came before it goes to the socket again: a fast peer cannot hold it. */
static void test_more_ends_before_the_socket(void)
{
        TlsSettings settings = plain_settings();
        uint8_t data[100] = {};
        TlsEnds pair;
        unsigned reads = 0;

        pair_meet(&pair, &settings, &(TlsClientWish){});
        g_assert_cmpint(gnutls_record_send(pair.client.session, data, 100), ==, 100);
        do {
                g_assert_cmpint(server_read(&pair, data, 10), ==, 10);
                gnutls_record_send(pair.client.session, data, 10);
                reads++;
        } while (pair.server.has_more);
        g_assert_cmpuint(reads, ==, 10);
        g_assert_cmpint(server_read(&pair, data, 100), ==, 100);
        tls_ends_done(&pair);
}

/* A socket that is full, and payloads larger than a record: all arrives, in order, once. */
static void test_large_writes_arrive_whole(void)
{
        enum { SIZE = 3 * 1000 * 1000 };
        g_autofree uint8_t *sent = g_malloc(SIZE), *got = g_malloc(SIZE);
        TlsSettings settings = plain_settings();
        size_t written = 0, read = 0;
        bool was_full = false;
        TlsEnds pair;

        for (size_t i = 0; i < SIZE; i++)
                sent[i] = (uint8_t)(i ^ i >> 8);
        pair_meet(&pair, &settings, &(TlsClientWish){});
        while (read < SIZE) {
                size_t small = MIN((size_t)SIZE - written, (size_t)100);
                struct iovec pieces[] = {{sent + written, small},
                                         {sent + written + small, SIZE - written - small}};
                ssize_t n =
                        written < SIZE ? server_write(&pair, pieces, pieces[1].iov_len ? 2 : 1) : 0;

                was_full |= n == -EAGAIN;
                written += (size_t)MAX(n, (ssize_t)0);
                n = gnutls_record_recv(pair.client.session, got + read, SIZE - read);
                read += (size_t)MAX(n, (ssize_t)0);
        }
        g_assert_true(was_full);
        g_assert_cmpuint(written, ==, SIZE);
        g_assert_true(memcmp(sent, got, SIZE) == 0);
        tls_ends_done(&pair);
}

static void test_close_says_goodbye(gconstpointer version)
{
        TlsSettings settings = plain_settings();
        char data[8];
        TlsEnds pair;

        pair_meet(&pair, &settings, &(TlsClientWish){.priority = version});
        g_assert_cmpint(server_write(&pair, &(struct iovec){(void *)"bye", 3}, 1), ==, 3);
        pair.server.ops->close(&pair.server);
        pair.server.ops->close(&pair.server); /* idempotent */
        g_assert_cmpint(pair.server.fd, ==, -1);
        g_assert_cmpint(client_read(&pair, data, sizeof(data)), ==, 3);
        g_assert_cmpint(client_read(&pair, data, sizeof(data)), ==, 0);
        tls_ends_done(&pair);
}

static void test_finish_goes_on_reading(void)
{
        TlsSettings settings = plain_settings();
        char data[8];
        TlsEnds pair;

        pair_meet(&pair, &settings, &(TlsClientWish){});
        g_assert_cmpint(pair.server.ops->finish(&pair.server), ==, 0);
        g_assert_cmpint(client_read(&pair, data, sizeof(data)), ==, 0);
        g_assert_cmpint(gnutls_record_send(pair.client.session, "last", 4), ==, 4);
        g_assert_cmpint(server_read(&pair, data, sizeof(data)), ==, 4);
        g_assert_cmpint(gnutls_bye(pair.client.session, GNUTLS_SHUT_WR), ==, 0);
        g_assert_cmpint(server_read(&pair, data, sizeof(data)), ==, 0);
        tls_ends_done(&pair);
}

/* The end comes behind data that came with it. */
static void test_end_follows_data(void)
{
        TlsSettings settings = plain_settings();
        char data[8];
        TlsEnds pair;

        pair_meet(&pair, &settings, &(TlsClientWish){});
        g_assert_cmpint(gnutls_record_send(pair.client.session, "last", 4), ==, 4);
        g_assert_cmpint(gnutls_bye(pair.client.session, GNUTLS_SHUT_WR), ==, 0);
        g_assert_cmpint(server_read(&pair, data, sizeof(data)), ==, 4);
        g_assert_true(pair.server.has_more);
        g_assert_cmpint(server_read(&pair, data, sizeof(data)), ==, 0);
        tls_ends_done(&pair);
}

static void test_broken_record_is_an_error(void)
{
        TlsSettings settings = plain_settings();
        char data[8];
        TlsEnds pair;

        pair_meet(&pair, &settings, &(TlsClientWish){});
        g_assert_cmpint(send(pair.client.fd,
                             "\x17\x03\x03\x00\x20"
                             "01234567890123456789012345678901",
                             37, 0),
                        ==, 37);
        g_assert_cmpint(server_read(&pair, data, sizeof(data)), ==, -EPROTO);
        g_assert_nonnull(strstr(transport_trouble(&pair.server), "TLS: "));
        tls_ends_done(&pair);
}

static void test_renegotiation_is_refused(void)
{
        TlsSettings settings = plain_settings();
        char data[8];
        TlsEnds pair;

        pair_meet(&pair, &settings, &(TlsClientWish){.priority = versions[0]});
        g_assert_cmpint(gnutls_handshake(pair.client.session), ==, GNUTLS_E_AGAIN);
        g_assert_cmpint(server_read(&pair, data, sizeof(data)), ==, -EPROTO);
        g_assert_nonnull(strstr(transport_trouble(&pair.server), "renegotiation"));
        tls_ends_done(&pair);
}

/* New keys in the middle of a connection are the library's business. */
static void test_keys_can_be_updated(void)
{
        TlsSettings settings = plain_settings();
        char data[8];
        TlsEnds pair;

        pair_meet(&pair, &settings, &(TlsClientWish){.priority = versions[1]});
        g_assert_cmpint(gnutls_session_key_update(pair.client.session, GNUTLS_KU_PEER), ==, 0);
        g_assert_cmpint(gnutls_record_send(pair.client.session, "new", 3), ==, 3);
        g_assert_cmpint(server_read(&pair, data, sizeof(data)), ==, 3);
        g_assert_cmpint(server_write(&pair, &(struct iovec){(void *)"too", 3}, 1), ==, 3);
        g_assert_cmpint(client_read(&pair, data, sizeof(data)), ==, 3);
        tls_ends_done(&pair);
}

/* Each costs us a derivation of keys, and the client nothing. */
static void test_many_updates_of_keys_end_it(void)
{
        TlsSettings settings = plain_settings();
        ssize_t n = -EAGAIN;
        char data[8];
        TlsEnds pair;

        pair_meet(&pair, &settings, &(TlsClientWish){.priority = versions[1]});
        for (unsigned i = 0; i < 100 && n == -EAGAIN; i++) {
                if (gnutls_session_key_update(pair.client.session, 0) < 0)
                        break;
                n = server_read(&pair, data, sizeof(data));
        }
        g_assert_cmpint(n, ==, -EPROTO);
        g_test_message("%s", transport_trouble(&pair.server));
        tls_ends_done(&pair);
}

/* Longer than a record may be: what it announces is not waited for. */
static void test_oversized_records_end_it(gconstpointer version)
{
        static const uint8_t header[] = {0x17, 0x03, 0x03, 0xff, 0xff};
        TlsSettings settings = plain_settings();
        char data[8];
        TlsEnds pair;

        pair_meet(&pair, &settings, &(TlsClientWish){.priority = version});
        g_assert_cmpint(send(pair.client.fd, header, sizeof(header), 0), ==, sizeof(header));
        g_assert_cmpint(server_read(&pair, data, sizeof(data)), ==, -EPROTO);
        g_test_message("%s", transport_trouble(&pair.server));
        tls_ends_done(&pair);
}

static void test_other_protocols_are_named(void)
{
        static const struct {
                const char *data;
                size_t size;
                const char *trouble;
        } cases[] = {
                {"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00", 14, "not TLS but MQTT"},
                {"GET / HTTP/1.1\r\n\r\n", 18, "not TLS but HTTP"},
                {"\x00\x00\x00\x00\x00\x00\x00", 7, "not TLS"},
                {"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10, "TLS: "},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                TlsSettings settings = plain_settings();
                TlsCredentials *credentials = tls_load(&settings);
                TlsEnds pair;

                tls_ends_init(&pair, credentials, &(TlsClientWish){});
                tls_credentials_unref(credentials);
                g_assert_cmpint(send(pair.client.fd, cases[i].data, cases[i].size, 0), ==,
                                (ssize_t)cases[i].size);
                g_assert_cmpint(pair.server.ops->handshake(&pair.server), ==, -EPROTO);
                g_assert_nonnull(strstr(transport_trouble(&pair.server), cases[i].trouble));
                tls_ends_done(&pair);
        }
}

static void test_leaving_in_the_handshake_is_told(void)
{
        TlsSettings settings = plain_settings();
        TlsCredentials *credentials = tls_load(&settings);
        TlsEnds pair;

        tls_ends_init(&pair, credentials, &(TlsClientWish){});
        tls_credentials_unref(credentials);
        g_assert_cmpint(gnutls_handshake(pair.client.session), ==, GNUTLS_E_AGAIN);
        g_assert_cmpint(pair.server.ops->handshake(&pair.server), ==, -EAGAIN);
        shutdown(pair.client.fd, SHUT_WR);
        g_assert_cmpint(pair.server.ops->handshake(&pair.server), ==, -EPROTO);
        g_assert_nonnull(strstr(transport_trouble(&pair.server), "middle of the handshake"));
        tls_ends_done(&pair);
}

static void test_old_versions_are_refused(void)
{
        static const char *const priorities[] = {
                "NORMAL:-VERS-ALL:+VERS-TLS1.1:%COMPAT",
                "NORMAL:-VERS-ALL:+VERS-TLS1.2", /* where 1.3 is the least */
        };

        for (unsigned i = 0; i < G_N_ELEMENTS(priorities); i++) {
                TlsSettings settings = plain_settings();
                TlsEnds pair;

                settings.minimum_version = 12 + i;
                pair_meet(&pair, &settings, &(TlsClientWish){.priority = priorities[i]});
                g_assert_cmpint(pair.handshake, ==, -EPROTO);
                tls_ends_done(&pair);
        }
}

/* --- who it is --- */

static void test_client_certificates_are_verified(gconstpointer version)
{
        const struct {
                const Certificate *certificate;
                const char *trouble; /* NULL: welcome */
        } cases[] = {
                {&tls_folder.alice, NULL},
                {&tls_folder.revoked, "revoked"},
                {&tls_folder.stranger, ""},
                {&tls_folder.old, "expired"},
                {NULL, ""},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                TlsSettings settings = client_settings();
                TlsEnds pair;

                pair_meet(
                        &pair, &settings,
                        &(TlsClientWish){.priority = version, .certificate = cases[i].certificate});
                g_assert_cmpint(pair.handshake, ==, cases[i].trouble ? -EPROTO : 0);
                if (cases[i].trouble) {
                        g_test_message("%s", transport_trouble(&pair.server));
                        g_assert_nonnull(strstr(transport_trouble(&pair.server), cases[i].trouble));
                }
                tls_ends_done(&pair);
        }
}

static void test_dates_can_be_ignored(void)
{
        TlsSettings settings = client_settings();
        TlsEnds pair;

        settings.ignore_client_dates = true;
        pair_meet(&pair, &settings, &(TlsClientWish){.certificate = &tls_folder.old});
        g_assert_cmpint(pair.handshake, ==, 0);
        tls_ends_done(&pair);
        pair_meet(&pair, &settings, &(TlsClientWish){.certificate = &tls_folder.revoked});
        g_assert_cmpint(pair.handshake, ==, -EPROTO);
        tls_ends_done(&pair);
}

static void test_names_of_the_peer(void)
{
        TlsSettings settings = client_settings();
        g_autofree char *common = NULL, *subject = NULL;
        TlsEnds pair;

        pair_meet(&pair, &settings, &(TlsClientWish){.certificate = &tls_folder.alice});
        g_assert_cmpint(tls_peer_name(&pair.server, TLS_NAME_COMMON, &common), ==, 0);
        g_assert_cmpstr(common, ==, "alice");
        g_assert_cmpint(tls_peer_name(&pair.server, TLS_NAME_SUBJECT, &subject), ==, 0);
        g_assert_cmpstr(subject, ==, "CN=alice,OU=Pumps\\, large,O=Works");
        tls_ends_done(&pair);
}

static void test_nobody_has_no_name(void)
{
        TlsSettings settings = client_settings();
        char *name = NULL;
        TlsEnds pair;

        settings.require_certificate = false;
        settings.ask_certificate = true;
        pair_meet(&pair, &settings, &(TlsClientWish){});
        g_assert_cmpint(pair.handshake, ==, 0);
        g_assert_cmpint(tls_peer_name(&pair.server, TLS_NAME_COMMON, &name), ==, -ENODATA);
        tls_ends_done(&pair);
}

static void test_odd_names(void)
{
        static const struct {
                CertificateOrder order;
                int common, subject;
                const char *text; /* of the subject */
        } cases[] = {
                {{.common_name = "alice\0evil", .common_name_length = 10},
                 -EBADMSG,
                 -EBADMSG,
                 NULL},
                {{.common_name = "\xff\xfe", .common_name_length = 2}, -EBADMSG, -EBADMSG, NULL},
                {{.subject = "O=Works"}, -ENODATA, 0, "O=Works"},
                {{.common_name = "J\xc3\xbcrgen", .common_name_length = 7},
                 0,
                 0,
                 "CN=J\\C3\\BCrgen"},
                {{.common_name = " #a;", .common_name_length = 4}, 0, 0, "CN=\\ #a\\;"},
                {{.subject = "CN=a", .oid = "1.2.840.113549.1.9.1", .value = "a@b.example"},
                 0,
                 0,
                 "emailAddress=a@b.example,CN=a"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                CertificateOrder order = cases[i].order;
                TlsSettings settings = client_settings();
                g_autofree char *common = NULL, *subject = NULL;
                Certificate odd;
                TlsEnds pair;

                order.issuer = &tls_folder.ca;
                odd = certificate_make(&order);
                pair_meet(&pair, &settings, &(TlsClientWish){.certificate = &odd});
                g_assert_cmpint(pair.handshake, ==, 0);
                g_assert_cmpint(tls_peer_name(&pair.server, TLS_NAME_COMMON, &common), ==,
                                cases[i].common);
                g_assert_cmpint(tls_peer_name(&pair.server, TLS_NAME_SUBJECT, &subject), ==,
                                cases[i].subject);
                g_assert_cmpstr(subject, ==, cases[i].text);
                tls_ends_done(&pair);
                certificate_done(&odd);
        }
}

static void test_psk(gconstpointer version)
{
        static const struct {
                const char *identity, *key;
                bool welcome;
        } cases[] = {
                {"sensor", "00112233445566778899aabbccddeeff", true},
                {"sensor", "ffffffffffffffffffffffffffffffff", false},
                {"other", "00112233445566778899aabbccddeeff", false},
        };
        g_autofree char *priority = g_strconcat(version, ":+ECDHE-PSK:+DHE-PSK:+PSK", NULL);
        TlsSettings settings = {
                .psk_file = tls_file("psk", "# keys\nsensor:00112233445566778899aabbccddeeff\n"),
                .psk_hint = "hint",
                .minimum_version = 12,
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *name = NULL;
                TlsEnds pair;

                pair_meet(&pair, &settings,
                          &(TlsClientWish){.priority = priority,
                                           .psk_identity = cases[i].identity,
                                           .psk_key = cases[i].key});
                if (pair.handshake < 0)
                        g_test_message("%s", transport_trouble(&pair.server));
                g_assert_cmpint(pair.handshake, ==, cases[i].welcome ? 0 : -EPROTO);
                if (cases[i].welcome) {
                        g_assert_cmpint(tls_peer_name(&pair.server, TLS_NAME_COMMON, &name), ==, 0);
                        g_assert_cmpstr(name, ==, "sensor");
                }
                tls_ends_done(&pair);
        }
}

/* --- several certificates --- */

static char *server_shown(const TlsSettings *settings, const TlsClientWish *wish,
                          gnutls_pk_algorithm_t *ret_algorithm, unsigned *ret_n)
{
        const gnutls_datum_t *der;
        gnutls_x509_crt_t shown;
        char name[64];
        size_t size = sizeof(name);
        unsigned n, bits;
        TlsEnds pair;

        pair_meet(&pair, settings, wish);
        g_assert_cmpint(pair.handshake, ==, 0);
        der = gnutls_certificate_get_peers(pair.client.session, &n);
        g_assert_nonnull(der);
        gnutls_x509_crt_init(&shown);
        g_assert_cmpint(gnutls_x509_crt_import(shown, &der[0], GNUTLS_X509_FMT_DER), ==, 0);
        g_assert_cmpint(gnutls_x509_crt_get_dn(shown, name, &size), ==, 0);
        *ret_algorithm = (gnutls_pk_algorithm_t)gnutls_x509_crt_get_pk_algorithm(shown, &bits);
        *ret_n = n;
        gnutls_x509_crt_deinit(shown);
        tls_ends_done(&pair);
        return g_strdup(name);
}

static void test_certificates_by_name_and_algorithm(void)
{
        g_autofree char *certs = g_strjoin("\n", tls_path("server.pem"), tls_path("rsa.pem"),
                                           tls_path("two.pem"), NULL);
        g_autofree char *keys = g_strjoin("\n", tls_path("server.key"), tls_path("rsa.key"),
                                          tls_path("two.key"), NULL);
        const TlsSettings settings = {.certfile = certs, .keyfile = keys, .minimum_version = 12};
        static const struct {
                TlsClientWish wish;
                const char *name;
                gnutls_pk_algorithm_t algorithm;
        } cases[] = {
                {{.host = "one.example"}, "CN=one.example", GNUTLS_PK_ECDSA},
                {{.host = "two.example"}, "CN=two.example", GNUTLS_PK_ECDSA},
                {{.host = "three.example"}, "CN=one.example", GNUTLS_PK_ECDSA},
                {{}, "CN=one.example", GNUTLS_PK_ECDSA},
                {{.host = "one.example", .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2:-ECDHE-ECDSA"},
                 "CN=one.example",
                 GNUTLS_PK_RSA},
                {{.host = "one.example",
                  .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-SIGN-ALL:+SIGN-RSA-PSS-RSAE-SHA256:"
                              "+SIGN-RSA-SHA256"},
                 "CN=one.example",
                 GNUTLS_PK_RSA},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                gnutls_pk_algorithm_t algorithm;
                unsigned n;
                g_autofree char *name = server_shown(&settings, &cases[i].wish, &algorithm, &n);

                g_assert_cmpstr(name, ==, cases[i].name);
                g_assert_cmpint(algorithm, ==, cases[i].algorithm);
        }
}

/* cert.pem in certfile, chain.pem in cafile: the chain is sent along. */
static void test_cafile_completes_the_chain(void)
{
        TlsSettings settings = {
                .certfile = tls_path("two.pem"),
                .keyfile = tls_path("two.key"),
                .cafile = tls_path("chain.pem"),
                .minimum_version = 12,
        };
        gnutls_pk_algorithm_t algorithm;
        unsigned n;

        certificate_write(settings.cafile, &tls_folder.middle, &tls_folder.ca, NULL);
        g_free(server_shown(&settings, &(TlsClientWish){}, &algorithm, &n));
        g_assert_cmpuint(n, ==, 2);
}

/* --- resumption --- */

/* The ticket of a first session; with data both ways, for TLS 1.3 sends it behind the handshake. */
static gnutls_datum_t first_ticket(TlsCredentials *credentials, const TlsClientWish *wish)
{
        gnutls_datum_t ticket;
        char data[8];
        TlsEnds pair;

        tls_ends_init(&pair, credentials, wish);
        tls_ends_shake(&pair);
        g_assert_cmpint(pair.handshake, ==, 0);
        g_assert_cmpint(server_write(&pair, &(struct iovec){(void *)"x", 1}, 1), ==, 1);
        g_assert_cmpint(client_read(&pair, data, sizeof(data)), ==, 1);
        g_assert_cmpint(gnutls_session_get_data2(pair.client.session, &ticket), ==, 0);
        tls_ends_done(&pair);
        return ticket;
}

/* Shakes hands by ticket; says whether it was taken. */
static bool second_session(const TlsSettings *settings, const TlsClientWish *wish, int *ret)
{
        bool resumed;
        TlsEnds pair;

        pair_meet(&pair, settings, wish);
        *ret = pair.handshake;
        resumed = gnutls_session_is_resumed(pair.client.session);
        tls_ends_done(&pair);
        return resumed;
}

static void test_tickets_outlive_credentials(gconstpointer version)
{
        TlsClientWish wish = {.priority = version};
        TlsSettings settings = plain_settings();
        TlsCredentials *credentials = tls_load(&settings);
        gnutls_datum_t ticket = first_ticket(credentials, &wish);
        int r;

        tls_credentials_unref(credentials);
        wish.ticket = &ticket;
        settings.certfile = tls_path("rsa.pem");
        settings.keyfile = tls_path("rsa.key");
        g_assert_true(second_session(&settings, &wish, &r));
        g_assert_cmpint(r, ==, 0);
        gnutls_free(ticket.data);
}

static void test_revocation_is_checked_on_resumption(gconstpointer version)
{
        TlsClientWish wish = {.priority = version, .certificate = &tls_folder.revoked};
        TlsSettings settings = client_settings();
        TlsCredentials *credentials;
        gnutls_datum_t ticket;
        int r;

        settings.crlfile = NULL;
        credentials = tls_load(&settings);
        ticket = first_ticket(credentials, &wish);
        tls_credentials_unref(credentials);
        wish.ticket = &ticket;
        g_assert_true(second_session(&settings, &wish, &r));
        g_assert_cmpint(r, ==, 0);
        settings.crlfile = tls_path("crl.pem");
        second_session(&settings, &wish, &r);
        g_assert_cmpint(r, ==, -EPROTO);
        gnutls_free(ticket.data);
}

/* A ticket that was given to anybody does not open a listener that asks for certificates. */
static void test_tickets_are_of_one_kind(gconstpointer version)
{
        TlsClientWish wish = {.priority = version};
        TlsSettings settings = plain_settings();
        TlsCredentials *credentials = tls_load(&settings);
        gnutls_datum_t ticket = first_ticket(credentials, &wish);
        int r;

        tls_credentials_unref(credentials);
        wish.ticket = &ticket;
        settings = client_settings();
        g_assert_false(second_session(&settings, &wish, &r));
        g_assert_cmpint(r, ==, -EPROTO);
        gnutls_free(ticket.data);
}

/* --- threads --- */

static void *write_elsewhere(void *data)
{
        TlsEnds *pair = data;

        g_assert_cmpint(server_write(pair, &(struct iovec){(void *)"moved", 5}, 1), ==, 5);
        return NULL;
}

static void test_sessions_move_between_threads(void)
{
        TlsSettings settings = plain_settings();
        pthread_t thread;
        char data[8];
        TlsEnds pair;

        pair_meet(&pair, &settings, &(TlsClientWish){});
        g_assert_cmpint(pthread_create(&thread, NULL, write_elsewhere, &pair), ==, 0);
        pthread_join(thread, NULL);
        g_assert_cmpint(client_read(&pair, data, sizeof(data)), ==, 5);
        tls_ends_done(&pair);
}

static void test_secrets_are_logged_when_asked(void)
{
        g_autofree char *path = g_strdup(tls_path("keys.log")), *text = NULL;
        TlsSettings settings = plain_settings();
        TlsCredentials *credentials = NULL;
        TlsNotes notes = {};
        TlsEnds pair;

        settings.keylog = path;
        g_assert_cmpint(tls_credentials_new(&settings, &tls_key, &notes, &credentials), ==, 0);
        g_assert_cmpuint(notes.n, ==, 1);
        g_assert_cmpstr(notes.items[0].option, ==, "tls_keylog");
        tls_ends_init(&pair, credentials, &(TlsClientWish){.priority = versions[1]});
        tls_credentials_unref(credentials);
        tls_ends_shake(&pair);
        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        g_assert_nonnull(strstr(text, "CLIENT_HANDSHAKE_TRAFFIC_SECRET "));
        tls_ends_done(&pair);
}

static void add_for_versions(const char *path, GTestDataFunc function)
{
        for (unsigned i = 0; i < G_N_ELEMENTS(versions); i++) {
                g_autofree char *name = g_strdup_printf("%s/1.%u", path, 2 + i);

                g_test_add_data_func(name, versions[i], function);
        }
}

int main(int argc, char **argv)
{
        int r;

        g_test_init(&argc, &argv, NULL);
        tls_folder_make();
        add_for_versions("/transport/tls/data-goes-both-ways", test_data_goes_both_ways);
        add_for_versions("/transport/tls/flights-go-whole", test_flights_go_whole);
        g_test_add_func("/transport/tls/records-go-together", test_records_go_together);
        g_test_add_func("/transport/tls/small-reads-drain-what-came",
                        test_small_reads_drain_what_came);
        g_test_add_func("/transport/tls/more-ends-before-the-socket",
                        test_more_ends_before_the_socket);
        g_test_add_func("/transport/tls/large-writes-arrive-whole", test_large_writes_arrive_whole);
        add_for_versions("/transport/tls/close-says-goodbye", test_close_says_goodbye);
        g_test_add_func("/transport/tls/finish-goes-on-reading", test_finish_goes_on_reading);
        g_test_add_func("/transport/tls/end-follows-data", test_end_follows_data);
        g_test_add_func("/transport/tls/broken-record-is-an-error", test_broken_record_is_an_error);
        g_test_add_func("/transport/tls/renegotiation-is-refused", test_renegotiation_is_refused);
        g_test_add_func("/transport/tls/keys-can-be-updated", test_keys_can_be_updated);
        g_test_add_func("/transport/tls/many-updates-of-keys-end-it",
                        test_many_updates_of_keys_end_it);
        g_test_add_data_func("/transport/tls/oversized-records-end-it/1.2", versions[0],
                             test_oversized_records_end_it);
        g_test_add_data_func("/transport/tls/oversized-records-end-it/1.3", versions[1],
                             test_oversized_records_end_it);
        g_test_add_func("/transport/tls/other-protocols-are-named", test_other_protocols_are_named);
        g_test_add_func("/transport/tls/leaving-in-the-handshake-is-told",
                        test_leaving_in_the_handshake_is_told);
        g_test_add_func("/transport/tls/old-versions-are-refused", test_old_versions_are_refused);
        add_for_versions("/transport/tls/client-certificates-are-verified",
                         test_client_certificates_are_verified);
        g_test_add_func("/transport/tls/dates-can-be-ignored", test_dates_can_be_ignored);
        g_test_add_func("/transport/tls/names-of-the-peer", test_names_of_the_peer);
        g_test_add_func("/transport/tls/nobody-has-no-name", test_nobody_has_no_name);
        g_test_add_func("/transport/tls/odd-names", test_odd_names);
        add_for_versions("/transport/tls/psk", test_psk);
        g_test_add_func("/transport/tls/certificates-by-name-and-algorithm",
                        test_certificates_by_name_and_algorithm);
        g_test_add_func("/transport/tls/cafile-completes-the-chain",
                        test_cafile_completes_the_chain);
        add_for_versions("/transport/tls/tickets-outlive-credentials",
                         test_tickets_outlive_credentials);
        add_for_versions("/transport/tls/revocation-is-checked-on-resumption",
                         test_revocation_is_checked_on_resumption);
        add_for_versions("/transport/tls/tickets-are-of-one-kind", test_tickets_are_of_one_kind);
        g_test_add_func("/transport/tls/sessions-move-between-threads",
                        test_sessions_move_between_threads);
        g_test_add_func("/transport/tls/secrets-are-logged-when-asked",
                        test_secrets_are_logged_when_asked);
        r = g_test_run();
        tls_folder_done();
        return r;
}
