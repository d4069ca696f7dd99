/* SPDX-License-Identifier: Apache-2.0 */

/* All that the TLS of a listener needs beside the socket. */

#include "transport/tls-credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "transport/tls-load.h"
#include "transport/tls-ocsp.h"
#include "transport/tls-pair.h"
#include "transport/tls-priority.h"
#include "transport/tls-psk.h"
#include "transport/tls-trust.h"

struct TlsCredentials {
        atomic_uint references;
        gnutls_certificate_credentials_t certificates;
        gnutls_psk_server_credentials_t psk_server;
        gnutls_priority_t priority;
        gnutls_certificate_request_t request;
        TlsPsk *psk;
        TlsTicketKey ticket_key;
        int keylog_fd;
        bool is_http;
        TlsDigest digest;
        size_t n_facts;
        TlsFacts *facts; /* one per pair */
};

static int add_pair(TlsCredentials *credentials, TlsLoad *load, const TlsPair *pair)
{
        TlsFacts *facts;
        int r;

        facts = reallocarray(credentials->facts, credentials->n_facts + 1, sizeof(*facts));
        if (!facts)
                return -ENOMEM;
        credentials->facts = facts;
        r = tls_pair_add(load, pair, credentials->certificates, &facts[credentials->n_facts]);
        if (r == 0)
                credentials->n_facts++;
        return r;
}

/* By SNI and by algorithm, GnuTLS itself chooses among the pairs of the session's credentials. */
static int add_pairs(TlsCredentials *credentials, TlsLoad *load, gnutls_x509_trust_list_t trust)
{
        const TlsSettings *settings = load->settings;
        _cleanup_free_ char *certfiles = strdup(settings->certfile);
        _cleanup_free_ char *keyfiles = strdup(settings->keyfile ? settings->keyfile : "");
        char *certs = certfiles, *keys = keyfiles;

        if (!certfiles || !keyfiles)
                return -ENOMEM;
        while (certs && keys && *keys) {
                char *cert = strsep(&certs, "\n"), *key = strsep(&keys, "\n");
                int r = add_pair(credentials, load, &(TlsPair){cert, key, trust});

                if (r < 0)
                        return r;
        }
        if (certs || (keys && *keys))
                return tls_notes_error(load->notes, "keyfile",
                                       "each certfile needs its keyfile, in the same order");
        return 0;
}

/* --- what else there is --- */

static int load_certificates(TlsCredentials *credentials, TlsLoad *load)
{
        const TlsSettings *settings = load->settings;
        gnutls_x509_trust_list_t trust;
        int r;

        if (gnutls_certificate_allocate_credentials(&credentials->certificates) < 0)
                return -ENOMEM;
        r = tls_trust_read(load, &trust);
        if (r < 0)
                return r;
        /* Ours before, for the chain; the credentials' from then on. */
        r = add_pairs(credentials, load, trust);
        if (trust)
                gnutls_certificate_set_trust_list(credentials->certificates, trust, 0);
        if (r == 0)
                r = tls_ocsp_read(load, &(TlsOwn){credentials->certificates, credentials->facts,
                                                  credentials->n_facts});
        if (r < 0)
                return r;
        if (settings->ignore_client_dates)
                gnutls_certificate_set_verify_flags(credentials->certificates,
                                                    GNUTLS_VERIFY_DISABLE_TIME_CHECKS);
        if ((settings->require_certificate || settings->ask_certificate) && !trust)
                return tls_notes_error(load->notes, "require_certificate",
                                       "client certificates need cafile or capath");
        credentials->request = settings->require_certificate ? GNUTLS_CERT_REQUIRE
                               : settings->ask_certificate   ? GNUTLS_CERT_REQUEST
                                                             : GNUTLS_CERT_IGNORE;
        return 0;
}

static int find_psk(gnutls_session_t session, const gnutls_datum_t *username, gnutls_datum_t *key)
{
        const TlsCredentials *credentials = gnutls_session_get_ptr(session);
        Bytes found = tls_psk_find(credentials->psk, (Bytes){username->data, username->size});

        if (!found.data)
                return -1;
        key->data = gnutls_malloc(found.length);
        if (!key->data)
                return -1;
        memcpy(key->data, found.data, found.length);
        key->size = (unsigned)found.length;
        return 0;
}

static int load_psk(TlsCredentials *credentials, TlsLoad *load)
{
        const TlsSettings *settings = load->settings;
        int r;

        if (!settings->psk_file)
                return tls_notes_error(load->notes, "psk_hint", "psk_hint needs a psk_file");
        r = tls_psk_read(load, &credentials->psk);
        if (r < 0)
                return r;
        if (gnutls_psk_allocate_server_credentials(&credentials->psk_server) < 0 ||
            gnutls_psk_set_server_credentials_hint(credentials->psk_server, settings->psk_hint) < 0)
                return -ENOMEM;
        gnutls_psk_set_server_credentials_function2(credentials->psk_server, find_psk);
        return 0;
}

static int load_priority(TlsCredentials *credentials, const TlsSettings *settings, TlsNotes *notes)
{
        const TlsPriorityRequest request = {
                .minimum_version = settings->minimum_version,
                .psk = credentials->psk != NULL,
                .ciphers = settings->ciphers,
                .ciphers_13 = settings->ciphers_13,
        };
        _cleanup_free_ char *text = NULL;
        const char *at = "";
        int r;

        r = tls_priority_make(&request, notes, &text);
        if (r < 0)
                return r;
        r = gnutls_priority_init2(&credentials->priority, text, &at,
                                  GNUTLS_PRIORITY_INIT_DEF_APPEND);
        if (r == GNUTLS_E_MEMORY_ERROR)
                return -ENOMEM;
        if (r < 0)
                return tls_notes_error(notes, "ciphers", "ciphers: the TLS library refuses '%s'",
                                       at);
        return 0;
}

static int open_keylog(TlsCredentials *credentials, const char *path, TlsNotes *notes)
{
        if (!path)
                return 0;
        credentials->keylog_fd =
                open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);
        if (credentials->keylog_fd < 0)
                return tls_notes_error(notes, "tls_keylog", "%s cannot be written: %s", path,
                                       strerror(errno));
        tls_notes_warn(notes, "tls_keylog",
                       "the secrets of all connections are written to %s: who reads it reads them",
                       path);
        return 0;
}

/* A ticket is good only where the same is asked of clients: one that was given to anybody opens no
 * listener that wants certificates. */
static int derive_ticket_key(TlsCredentials *credentials, const TlsSettings *settings,
                             const TlsTicketKey *key)
{
        _cleanup_free_ char *context = NULL;
        int n, r;

        n = asprintf(&context, "%d\n%s\n%s", (int)credentials->request,
                     settings->cafile ? settings->cafile : "",
                     settings->capath ? settings->capath : "");
        if (n < 0) {
                context = NULL;
                return -ENOMEM;
        }
        r = gnutls_hmac_fast(GNUTLS_MAC_SHA512, key->bytes, sizeof(key->bytes), context, (size_t)n,
                             credentials->ticket_key.bytes);
        return r < 0 ? -ENOMEM : 0;
}

/* What is not in a file that was read, and the files whose names matter. */
static int digest_settings(TlsDigest *digest, const TlsSettings *settings)
{
        const char *const texts[] = {
                settings->cafile,  settings->capath,     settings->psk_hint,
                settings->ciphers, settings->ciphers_13, settings->keylog,
        };
        const uint8_t switches[] = {
                (uint8_t)settings->minimum_version,
                settings->require_certificate,
                settings->ask_certificate,
                settings->ignore_client_dates,
                settings->is_http,
        };
        int r = tls_digest_add(digest, switches, sizeof(switches));

        for (size_t i = 0; i < ARRAY_SIZE(texts) && r == 0; i++)
                r = tls_digest_add_string(digest, texts[i]);
        return r;
}

int tls_ticket_key_init(TlsTicketKey *key)
{
        return gnutls_rnd(GNUTLS_RND_KEY, key->bytes, sizeof(key->bytes)) < 0 ? -EIO : 0;
}

int tls_credentials_new(const TlsSettings *settings, const TlsTicketKey *key, TlsNotes *notes,
                        TlsCredentials **ret_credentials)
{
        _cleanup_(tls_credentials_unrefp) TlsCredentials *credentials = NULL;
        TlsLoad load = {.settings = settings, .notes = notes};
        int r;

        credentials = calloc(1, sizeof(*credentials));
        if (!credentials)
                return -ENOMEM;
        atomic_init(&credentials->references, 1);
        credentials->keylog_fd = -1;
        credentials->is_http = settings->is_http;
        credentials->request = GNUTLS_CERT_IGNORE;

        r = settings->certfile ? load_certificates(credentials, &load)
                               : load_psk(credentials, &load);
        if (r == 0)
                r = load_priority(credentials, settings, notes);
        if (r == 0)
                r = open_keylog(credentials, settings->keylog, notes);
        if (r == 0)
                r = derive_ticket_key(credentials, settings, key);
        if (r == 0)
                r = digest_settings(&load.digest, settings);
        if (r < 0)
                return r;
        credentials->digest = load.digest;
        *ret_credentials = TAKE_PTR(credentials);
        return 0;
}

TlsCredentials *tls_credentials_ref(TlsCredentials *credentials)
{
        if (credentials)
                atomic_fetch_add_explicit(&credentials->references, 1, memory_order_relaxed);
        return credentials;
}

TlsCredentials *tls_credentials_unref(TlsCredentials *credentials)
{
        if (!credentials ||
            atomic_fetch_sub_explicit(&credentials->references, 1, memory_order_acq_rel) != 1)
                return NULL;
        if (credentials->certificates)
                gnutls_certificate_free_credentials(credentials->certificates);
        if (credentials->psk_server)
                gnutls_psk_free_server_credentials(credentials->psk_server);
        if (credentials->priority)
                gnutls_priority_deinit(credentials->priority);
        if (credentials->keylog_fd >= 0)
                close(credentials->keylog_fd);
        for (size_t i = 0; i < credentials->n_facts; i++)
                tls_facts_done(&credentials->facts[i]);
        free(credentials->facts);
        tls_psk_free(credentials->psk);
        explicit_bzero(&credentials->ticket_key, sizeof(credentials->ticket_key));
        free(credentials);
        return NULL;
}

const TlsDigest *tls_credentials_digest(const TlsCredentials *credentials)
{
        return &credentials->digest;
}

const TlsFacts *tls_credentials_describe(const TlsCredentials *credentials, size_t *ret_n)
{
        *ret_n = credentials->n_facts;
        return credentials->facts;
}

bool tls_credentials_is_slow(const TlsCredentials *credentials)
{
        for (size_t i = 0; i < credentials->n_facts; i++)
                if (credentials->facts[i].is_slow)
                        return true;
        return false;
}

int64_t tls_credentials_expires(const TlsCredentials *credentials)
{
        int64_t first = INT64_MAX;

        for (size_t i = 0; i < credentials->n_facts; i++)
                first = MIN(first, credentials->facts[i].not_after);
        return first;
}

/* --- for a session --- */

/* A line as all tools that decrypt captures read it; one write(), for others append too. */
static int write_keylog(gnutls_session_t session, const char *label, const gnutls_datum_t *secret)
{
        const TlsCredentials *credentials = gnutls_session_get_ptr(session);
        char line[512], random_hex[2 * 32 + 1], secret_hex[2 * 64 + 1];
        size_t random_size = sizeof(random_hex), secret_size = sizeof(secret_hex);
        gnutls_datum_t client, server;
        int n;

        gnutls_session_get_random(session, &client, &server);
        if (gnutls_hex_encode(&client, random_hex, &random_size) < 0 ||
            gnutls_hex_encode(secret, secret_hex, &secret_size) < 0)
                return 0;
        n = snprintf(line, sizeof(line), "%s %s %s\n", label, random_hex, secret_hex);
        /* For debugging only: a disk that is full ends no connection. */
        while (write(credentials->keylog_fd, line, (size_t)n) < 0 && errno == EINTR)
                ;
        return 0;
}

int tls_credentials_apply(TlsCredentials *credentials, gnutls_session_t session)
{
        static const gnutls_datum_t mqtt = {(unsigned char *)"mqtt", 4};
        static const gnutls_datum_t http = {(unsigned char *)"http/1.1", 8};
        const gnutls_datum_t ticket_key = {credentials->ticket_key.bytes,
                                           sizeof(credentials->ticket_key.bytes)};
        int r;

        gnutls_session_set_ptr(session, credentials);
        r = gnutls_priority_set(session, credentials->priority);
        if (r >= 0)
                r = gnutls_alpn_set_protocols(session, credentials->is_http ? &http : &mqtt, 1, 0);
        if (r < 0)
                return r;
        if (credentials->keylog_fd >= 0)
                gnutls_session_set_keylog_function(session, write_keylog);
        /* A ticket would let an identity in again that the file does not have any more. */
        if (credentials->psk_server)
                return gnutls_credentials_set(session, GNUTLS_CRD_PSK, credentials->psk_server);
        gnutls_certificate_server_set_request(session, credentials->request);
        r = gnutls_session_ticket_enable_server(session, &ticket_key);
        return r < 0 ? r
                     : gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE,
                                              credentials->certificates);
}

static const struct {
        unsigned status;
        int alert;
} alerts[] = {
        {GNUTLS_CERT_REVOKED, GNUTLS_A_CERTIFICATE_REVOKED},
        {GNUTLS_CERT_EXPIRED, GNUTLS_A_CERTIFICATE_EXPIRED},
        {GNUTLS_CERT_NOT_ACTIVATED, GNUTLS_A_CERTIFICATE_EXPIRED},
        {GNUTLS_CERT_SIGNER_NOT_FOUND, GNUTLS_A_UNKNOWN_CA},
};

static char *explain_status(unsigned status)
{
        gnutls_datum_t text;
        char *why;

        if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) < 0)
                return NULL;
        while (text.size > 0 && strchr(" .", text.data[text.size - 1]))
                text.data[--text.size] = 0;
        why = strdup((const char *)text.data);
        gnutls_free(text.data);
        return why;
}

int tls_credentials_verify(const TlsCredentials *credentials, gnutls_session_t session,
                           int *ret_alert, char **ret_why)
{
        gnutls_typed_vdata_st purpose = {
                .type = GNUTLS_DT_KEY_PURPOSE_OID,
                .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT,
        };
        unsigned status = 0, n = 0;
        int r;

        if (credentials->request == GNUTLS_CERT_IGNORE)
                return 0;
        if (!gnutls_certificate_get_peers(session, &n) || n == 0) {
                if (credentials->request == GNUTLS_CERT_REQUEST)
                        return 0;
                *ret_alert = GNUTLS_A_CERTIFICATE_REQUIRED;
                *ret_why = strdup("the client shows no certificate");
                return -EACCES;
        }
        r = gnutls_certificate_verify_peers(session, &purpose, 1, &status);
        if (r >= 0 && status == 0)
                return 0;
        *ret_alert = GNUTLS_A_BAD_CERTIFICATE;
        for (size_t i = ARRAY_SIZE(alerts); i-- > 0;)
                if (r >= 0 && status & alerts[i].status)
                        *ret_alert = alerts[i].alert;
        *ret_why = r < 0 ? strdup(gnutls_strerror(r)) : explain_status(status);
        return -EACCES;
}
