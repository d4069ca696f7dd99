/* SPDX-License-Identifier: Apache-2.0 */

/* Whom we trust. */

#include "transport/tls-trust.h"

#include <dirent.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "transport/tls-file.h"

static void warn_of_expired(const char *path, const gnutls_x509_crt_t *authorities, unsigned n,
                            TlsNotes *notes)
{
        for (unsigned i = 0; i < n; i++) {
                char name[128];
                size_t size = sizeof(name);

                if (gnutls_x509_crt_get_expiration_time(authorities[i]) >= time(NULL))
                        continue;
                if (gnutls_x509_crt_get_dn(authorities[i], name, &size) < 0)
                        snprintf(name, sizeof(name), "number %u", i + 1);
                tls_notes_warn(notes, "cafile", "%s: the authority %s has expired", path, name);
        }
}

/* The list owns the certificates from here on. The number of those that are new, or -errno. */
static int add_authorities(gnutls_x509_trust_list_t list, const char *path,
                           const gnutls_datum_t *pem, TlsNotes *notes)
{
        gnutls_x509_crt_t *authorities = NULL;
        unsigned n = 0;
        int r;

        r = gnutls_x509_crt_list_import2(&authorities, &n, pem, GNUTLS_X509_FMT_PEM, 0);
        if (r < 0)
                return r == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EBADMSG;
        warn_of_expired(path, authorities, n, notes);
        r = gnutls_x509_trust_list_add_cas(list, authorities, n,
                                           GNUTLS_TL_USE_IN_TLS | GNUTLS_TL_NO_DUPLICATES);
        for (unsigned i = r < 0 ? 0 : n; i < n; i++)
                gnutls_x509_crt_deinit(authorities[i]);
        gnutls_free(authorities);
        return r < 0 ? -ENOMEM : (int)n;
}

static int read_authorities(gnutls_x509_trust_list_t list, const char *path, TlsLoad *load)
{
        _cleanup_(secret_file_done) SecretFile file = {};
        int r = tls_file_read(path, &load->digest, &file);

        if (r < 0)
                return r;
        return add_authorities(list, path, &(gnutls_datum_t){file.data, (unsigned)file.size},
                               load->notes);
}

static int read_cafile(gnutls_x509_trust_list_t list, TlsLoad *load)
{
        const char *path = load->settings->cafile;
        int n = read_authorities(list, path, load);

        if (n > 0 || n == -ENOMEM)
                return MIN(n, 0);
        if (n == 0 || n == -EBADMSG)
                return tls_notes_error(load->notes, "cafile", "%s holds no certificate in PEM form",
                                       path);
        return tls_notes_error(load->notes, "cafile", "%s cannot be read: %s", path, strerror(-n));
}

/* In the order of their names: the same folder makes the same digest. */
typedef struct Names {
        struct dirent **entries;
        int n;
} Names;

static void names_done(Names *names)
{
        for (int i = 0; i < names->n; i++)
                free(names->entries[i]);
        free(names->entries);
}

static int is_shown(const struct dirent *entry)
{
        return entry->d_name[0] != '.';
}

static bool is_file(const char *path)
{
        struct stat status;

        return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* Any file that holds certificates counts, whatever its name; others are none of our business. */
static int read_capath(gnutls_x509_trust_list_t list, TlsLoad *load)
{
        const char *path = load->settings->capath;
        _cleanup_(names_done) Names names = {};
        int found = 0;

        names.n = scandir(path, &names.entries, is_shown, alphasort);
        if (names.n < 0)
                return tls_notes_error(load->notes, "capath", "%s cannot be read: %s", path,
                                       strerror(errno));
        for (int i = 0; i < names.n; i++) {
                _cleanup_free_ char *name = NULL;
                int n;

                if (asprintf(&name, "%s/%s", path, names.entries[i]->d_name) < 0) {
                        name = NULL;
                        return -ENOMEM;
                }
                n = is_file(name) ? read_authorities(list, name, load) : 0;
                if (n == -ENOMEM)
                        return n;
                found += MAX(n, 0);
        }
        return found > 0 ? 0
                         : tls_notes_error(load->notes, "capath",
                                           "%s holds no file with a certificate in PEM form", path);
}

static void warn_of_old_list(const char *path, gnutls_x509_crl_t crl, TlsNotes *notes)
{
        time_t next = gnutls_x509_crl_get_next_update(crl);

        if (next != (time_t)-1 && next < time(NULL))
                tls_notes_warn(notes, "crlfile",
                               "%s is out of date: clients of its authority are refused", path);
}

/* Whether one of the authorities has signed it; that it is out of date is another matter. */
static bool is_signed(gnutls_x509_trust_list_t list, gnutls_x509_crl_t crl)
{
        const unsigned dates = GNUTLS_CERT_INVALID | GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED |
                               GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE;
        gnutls_x509_trust_list_iter_t iterator = NULL;
        gnutls_x509_crt_t authority;
        bool found = false;

        while (gnutls_x509_trust_list_iter_get_ca(list, &iterator, &authority) == 0) {
                unsigned status = 0;

                if (!found && gnutls_x509_crl_check_issuer(crl, authority) &&
                    gnutls_x509_crl_verify(crl, &authority, 1, 0, &status) >= 0)
                        found = (status & ~dates) == 0;
                gnutls_x509_crt_deinit(authority);
        }
        return found;
}

/* A list that none of the authorities has signed would revoke nothing, without a word. */
static int add_list(gnutls_x509_trust_list_t list, const char *path, gnutls_x509_crl_t crl,
                    TlsNotes *notes)
{
        if (!is_signed(list, crl)) {
                gnutls_x509_crl_deinit(crl);
                return tls_notes_error(notes, "crlfile",
                                       "%s is not signed by an authority of cafile or capath",
                                       path);
        }
        warn_of_old_list(path, crl, notes);
        /* It is the trust list's from here on. */
        return gnutls_x509_trust_list_add_crls(list, &crl, 1, 0, 0) < 0 ? -ENOMEM : 0;
}

static int add_lists(gnutls_x509_trust_list_t list, const char *path, const gnutls_datum_t *pem,
                     TlsNotes *notes)
{
        gnutls_x509_crl_t *crls = NULL;
        unsigned n = 0;
        int r;

        r = gnutls_x509_crl_list_import2(&crls, &n, pem, GNUTLS_X509_FMT_PEM, 0);
        if (r == GNUTLS_E_MEMORY_ERROR)
                return -ENOMEM;
        if (r < 0)
                return tls_notes_error(notes, "crlfile", "%s holds no revocation list in PEM form",
                                       path);
        r = 0;
        for (unsigned i = 0; i < n; i++) {
                if (r == 0)
                        r = add_list(list, path, crls[i], notes);
                else
                        gnutls_x509_crl_deinit(crls[i]);
        }
        gnutls_free(crls);
        return r;
}

static int read_crlfile(gnutls_x509_trust_list_t list, TlsLoad *load)
{
        const char *path = load->settings->crlfile;
        _cleanup_(secret_file_done) SecretFile file = {};
        int r = tls_file_read(path, &load->digest, &file);

        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return tls_notes_error(load->notes, "crlfile", "%s cannot be read: %s", path,
                                       strerror(-r));
        return add_lists(list, path, &(gnutls_datum_t){file.data, (unsigned)file.size},
                         load->notes);
}

int tls_trust_read(TlsLoad *load, gnutls_x509_trust_list_t *ret)
{
        const TlsSettings *settings = load->settings;
        gnutls_x509_trust_list_t list;
        int r = 0;

        *ret = NULL;
        if (!settings->cafile && !settings->capath)
                return settings->crlfile ? tls_notes_error(load->notes, "crlfile",
                                                           "crlfile needs cafile or capath")
                                         : 0;
        if (gnutls_x509_trust_list_init(&list, 0) < 0)
                return -ENOMEM;
        if (settings->cafile)
                r = read_cafile(list, load);
        if (r == 0 && settings->capath)
                r = read_capath(list, load);
        if (r == 0 && settings->crlfile)
                r = read_crlfile(list, load);
        if (r < 0) {
                gnutls_x509_trust_list_deinit(list, 1);
                return r;
        }
        *ret = list;
        return 0;
}
