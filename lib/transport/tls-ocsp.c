/* SPDX-License-Identifier: Apache-2.0 */

/* Responses of an authority about certificates of ours. */

#include "transport/tls-ocsp.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/ocsp.h>
#include <gnutls/x509.h>
#include <string.h>
#include <time.h>

#include "transport/tls-file.h"

/* For one that does not say when the next is due; GnuTLS has it so too. */
#define VALID_WITHOUT_END ((time_t)15 * 24 * 3600)
/* Clocks of an authority and ours may differ by so much. */
#define CLOCK_TOLERANCE ((time_t)300)

typedef struct Response {
        const char *path;
        SecretFile file;
        gnutls_x509_crt_fmt_t format;
        gnutls_ocsp_resp_t parsed;
        unsigned status; /* gnutls_ocsp_cert_status_t */
        time_t from, until;
} Response;

static void response_done(Response *response)
{
        secret_file_done(&response->file);
        if (response->parsed)
                gnutls_ocsp_resp_deinit(response->parsed);
}

static int response_parse(Response *response)
{
        const gnutls_datum_t data = {response->file.data, (unsigned)response->file.size};
        int r;

        response->format = strstr((const char *)response->file.data, "-----BEGIN")
                                   ? GNUTLS_X509_FMT_PEM
                                   : GNUTLS_X509_FMT_DER;
        r = gnutls_ocsp_resp_import2(response->parsed, &data, response->format);
        if (r >= 0 && gnutls_ocsp_resp_get_status(response->parsed) != GNUTLS_OCSP_RESP_SUCCESSFUL)
                r = GNUTLS_E_OCSP_RESPONSE_ERROR;
        if (r >= 0)
                r = gnutls_ocsp_resp_get_single(response->parsed, 0, NULL, NULL, NULL, NULL,
                                                &response->status, &response->from,
                                                &response->until, NULL, NULL);
        if (r >= 0 && response->until == (time_t)-1)
                response->until = response->from + VALID_WITHOUT_END;
        return r;
}

static int response_read(Response *response, TlsLoad *load)
{
        int r = tls_file_read(response->path, &load->digest, &response->file);

        if (r < 0 && r != -ENOMEM)
                return tls_notes_error(load->notes, "ocsp_file", "%s cannot be read: %s",
                                       response->path, strerror(-r));
        if (r == 0 && gnutls_ocsp_resp_init(&response->parsed) < 0)
                r = -ENOMEM;
        if (r < 0)
                return r;
        r = response_parse(response);
        if (r == GNUTLS_E_MEMORY_ERROR)
                return -ENOMEM;
        return r < 0 ? tls_notes_error(load->notes, "ocsp_file",
                                       "%s holds no OCSP response with a status", response->path)
                     : 0;
}

/* A chain of ours, as copies. */
typedef struct Chain {
        gnutls_x509_crt_t *certificates;
        unsigned n;
} Chain;

static void chain_done(Chain *chain)
{
        for (unsigned i = 0; i < chain->n; i++)
                gnutls_x509_crt_deinit(chain->certificates[i]);
        gnutls_free(chain->certificates);
        *chain = (Chain){};
}

/* Which certificate it is about: its place and its chain; -ENOENT: none. */
static int find_chain(const TlsOwn *own, const Response *response, size_t *ret_i, Chain *ret)
{
        for (size_t i = 0; i < own->n; i++) {
                Chain chain = {};

                if (gnutls_certificate_get_x509_crt(own->credentials, (unsigned)i,
                                                    &chain.certificates, &chain.n) < 0)
                        return -ENOMEM;
                if (gnutls_ocsp_resp_check_crt(response->parsed, 0, chain.certificates[0]) == 0) {
                        *ret_i = i;
                        *ret = chain;
                        return 0;
                }
                chain_done(&chain);
        }
        return -ENOENT;
}

/* By the authority, or by whom it has appointed. Where we do not know the authority, clients will
 * find out. */
static bool is_signed(const TlsOwn *own, const Response *response, const Chain *chain)
{
        gnutls_x509_crt_t issuer = NULL, found = NULL;
        unsigned status = 0;
        int r;

        if (chain->n > 1)
                issuer = chain->certificates[1];
        else if (gnutls_certificate_get_issuer(own->credentials, chain->certificates[0], &found,
                                               GNUTLS_TL_GET_COPY) >= 0)
                issuer = found;
        if (!issuer)
                return true;
        r = gnutls_ocsp_resp_verify_direct(response->parsed, issuer, &status, 0);
        if (found)
                gnutls_x509_crt_deinit(found);
        return r >= 0 && status == 0;
}

/* What is wrong with it; NULL: nothing. */
static const char *find_fault(const TlsOwn *own, const Response *response, const Chain *chain)
{
        const time_t now = time(NULL);

        if (response->status == GNUTLS_OCSP_CERT_REVOKED)
                return "says that the certificate is revoked";
        if (response->status != GNUTLS_OCSP_CERT_GOOD)
                return "says that the authority does not know the certificate";
        if (response->until <= now)
                return "has expired";
        if (response->from > now + CLOCK_TOLERANCE)
                return "is not valid yet";
        if (!is_signed(own, response, chain))
                return "is not signed for the authority of the certificate";
        return NULL;
}

static int staple(const TlsOwn *own, const Response *response, size_t i, TlsNotes *notes)
{
        const gnutls_datum_t data = {response->file.data, (unsigned)response->file.size};
        int r = gnutls_certificate_set_ocsp_status_request_mem(own->credentials, &data, (unsigned)i,
                                                               response->format);

        if (r == GNUTLS_E_MEMORY_ERROR)
                return -ENOMEM;
        if (r < 0)
                tls_notes_warn(notes, "ocsp_file", "%s is not used: %s", response->path,
                               gnutls_strerror(r));
        else
                own->facts[i].staple_until = response->until;
        return 0;
}

static int add_response(TlsLoad *load, const TlsOwn *own, const char *path)
{
        _cleanup_(response_done) Response response = {.path = path};
        _cleanup_(chain_done) Chain chain = {};
        const char *fault = "is about none of the certificates of the listener";
        size_t i = 0;
        int r;

        r = response_read(&response, load);
        if (r < 0)
                return r;
        r = find_chain(own, &response, &i, &chain);
        if (r == -ENOMEM)
                return r;
        if (r == 0)
                fault = find_fault(own, &response, &chain);
        if (!fault)
                return staple(own, &response, i, load->notes);
        tls_notes_warn(load->notes, "ocsp_file", "%s is not used: it %s", path, fault);
        return 0;
}

int tls_ocsp_read(TlsLoad *load, const TlsOwn *own)
{
        _cleanup_free_ char *paths = NULL;
        char *rest, *path;
        int r = 0;

        if (!load->settings->ocsp_file)
                return 0;
        rest = paths = strdup(load->settings->ocsp_file);
        if (!paths)
                return -ENOMEM;
        while (r == 0 && (path = strsep(&rest, "\n")))
                r = add_response(load, own, path);
        return r;
}
