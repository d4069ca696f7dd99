/* SPDX-License-Identifier: Apache-2.0 */

/* A certificate of ours and its key. */

#include "transport/tls-pair.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>
#include <time.h>

#include "transport/tls-file.h"
#include "transport/tls-token.h"

#define CHAIN_MAX 16U /* certificates of one file, and of what completes it */

typedef struct Chain {
        gnutls_x509_crt_t certificates[CHAIN_MAX];
        unsigned n;
} Chain;

static void chain_done(Chain *chain)
{
        for (unsigned i = 0; i < chain->n; i++)
                gnutls_x509_crt_deinit(chain->certificates[i]);
        chain->n = 0;
}

static void private_key_done(gnutls_privkey_t *key)
{
        if (*key)
                gnutls_privkey_deinit(*key);
}

static int read_pem(TlsLoad *load, const char *option, const char *path, SecretFile *ret)
{
        int r = tls_file_read(path, &load->digest, ret);

        if (r == 0 || r == -ENOMEM)
                return r;
        return tls_notes_error(load->notes, option, "%s cannot be read: %s", path, strerror(-r));
}

static int read_chain(TlsLoad *load, const char *path, Chain *chain)
{
        _cleanup_(secret_file_done) SecretFile file = {};
        unsigned n = CHAIN_MAX;
        int r;

        if (tls_token_is_uri(path))
                return tls_token_read_chain(load, path, chain->certificates, CHAIN_MAX, &chain->n);
        r = read_pem(load, "certfile", path, &file);
        if (r < 0)
                return r;
        r = gnutls_x509_crt_list_import(
                chain->certificates, &n, &(gnutls_datum_t){file.data, (unsigned)file.size},
                GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
        if (r == GNUTLS_E_MEMORY_ERROR)
                return -ENOMEM;
        if (r == GNUTLS_E_SHORT_MEMORY_BUFFER)
                return tls_notes_error(load->notes, "certfile",
                                       "%s holds more than %u certificates", path, CHAIN_MAX);
        if (r <= 0)
                return tls_notes_error(load->notes, "certfile",
                                       "%s holds no certificate in PEM form", path);
        chain->n = (unsigned)r;
        return 0;
}

/* Who has only cert.pem in certfile and the rest in cafile is used to its being sent along. */
static void complete_chain(Chain *chain, gnutls_x509_trust_list_t trust)
{
        while (trust && chain->n < CHAIN_MAX) {
                gnutls_x509_crt_t last = chain->certificates[chain->n - 1], issuer;

                if (gnutls_x509_crt_check_issuer(last, last) ||
                    gnutls_x509_trust_list_get_issuer(trust, last, &issuer, GNUTLS_TL_GET_COPY) < 0)
                        return;
                if (gnutls_x509_crt_check_issuer(issuer, issuer)) {
                        gnutls_x509_crt_deinit(issuer);
                        return;
                }
                chain->certificates[chain->n++] = issuer;
        }
}

static int import_key(gnutls_privkey_t key, gnutls_x509_privkey_t from, const SecretFile *file)
{
        const gnutls_datum_t pem = {file->data, (unsigned)file->size};
        int r = gnutls_x509_privkey_import2(from, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);

        return r < 0 ? r : gnutls_privkey_import_x509(key, from, GNUTLS_PRIVKEY_IMPORT_COPY);
}

static int read_key(TlsLoad *load, const char *path, gnutls_privkey_t key)
{
        _cleanup_(secret_file_done) SecretFile file = {};
        gnutls_x509_privkey_t from;
        int r;

        if (tls_token_is_uri(path))
                return tls_token_read_key(load, path, key);
        r = read_pem(load, "keyfile", path, &file);
        if (r < 0)
                return r;
        if (gnutls_x509_privkey_init(&from) < 0)
                return -ENOMEM;
        r = import_key(key, from, &file);
        gnutls_x509_privkey_deinit(from);
        if (r == GNUTLS_E_MEMORY_ERROR)
                return -ENOMEM;
        if (r == GNUTLS_E_DECRYPTION_FAILED)
                return tls_notes_error(load->notes, "keyfile",
                                       "%s is locked by a password; store it without one", path);
        if (r < 0)
                return tls_notes_error(load->notes, "keyfile",
                                       "%s holds no private key in PEM form: %s", path,
                                       gnutls_strerror(r));
        return 0;
}

/* The key becomes theirs on success only; the chain is copied. */
static int set_pair(gnutls_certificate_credentials_t credentials, const Chain *chain,
                    gnutls_privkey_t key)
{
        gnutls_pcert_st shown[CHAIN_MAX];
        unsigned n = 0;
        int r = 0;

        while (n < chain->n && r >= 0) {
                r = gnutls_pcert_import_x509(&shown[n], chain->certificates[n], 0);
                n += r >= 0;
        }
        if (r >= 0)
                r = gnutls_certificate_set_key(credentials, NULL, 0, shown, (int)n, key);
        while (r < 0 && n > 0)
                gnutls_pcert_deinit(&shown[--n]);
        return r;
}

static void check_dates(const TlsFacts *facts, TlsNotes *notes)
{
        time_t now = time(NULL);

        if (facts->not_after < now)
                tls_notes_warn(notes, "certfile", "%s has expired: clients will refuse it",
                               facts->certfile);
        else if (facts->not_before > now)
                tls_notes_warn(notes, "certfile", "%s is not valid yet: clients will refuse it",
                               facts->certfile);
}

static int check_set(TlsLoad *load, const TlsPair *pair, int code)
{
        if (code >= 0)
                return 0;
        if (code == GNUTLS_E_MEMORY_ERROR)
                return -ENOMEM;
        if (code == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
                return tls_notes_error(load->notes, "keyfile",
                                       "%s is not the key of the certificate in %s", pair->keyfile,
                                       pair->certfile);
        return tls_notes_error(load->notes, "certfile", "%s and %s cannot be used: %s",
                               pair->certfile, pair->keyfile, gnutls_strerror(code));
}

int tls_pair_add(TlsLoad *load, const TlsPair *pair, gnutls_certificate_credentials_t credentials,
                 TlsFacts *ret_facts)
{
        _cleanup_(chain_done) Chain chain = {};
        _cleanup_(private_key_done) gnutls_privkey_t key = NULL;
        int r;

        if (gnutls_privkey_init(&key) < 0)
                return -ENOMEM;
        r = read_chain(load, pair->certfile, &chain);
        if (r == 0)
                r = read_key(load, pair->keyfile, key);
        if (r < 0)
                return r;
        complete_chain(&chain, pair->trust);
        r = check_set(load, pair, set_pair(credentials, &chain, key));
        if (r == 0)
                key = NULL;
        if (r == 0)
                r = tls_facts_read(ret_facts, pair->certfile, chain.certificates[0]);
        if (r < 0)
                return r;
        ret_facts->is_slow |= tls_token_is_uri(pair->keyfile);
        check_dates(ret_facts, load->notes);
        return r;
}
