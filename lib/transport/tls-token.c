/* SPDX-License-Identifier: Apache-2.0 */

/* Keys and certificates on a token. */

#include "transport/tls-token.h"

#include <ctype.h>
#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/pkcs11.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>

#include "transport/tls-file.h"
#include "util/macro.h"

#define PIN_MAX 256U

/* What a URI says of the PIN. */
#define PIN_VALUE  "pin-value="
#define PIN_SOURCE "pin-source="

/* What is read of a token, and for which option. */
typedef struct TokenThing {
        const char *option;
        const char *what;
        const char *uri;
} TokenThing;

/* The attribute in the query of the URI, behind its equals sign; NULL: none. */
static const char *find_attribute(const char *uri, const char *name)
{
        const char *at = strchr(uri, '?');

        while (at) {
                at++;
                if (strncmp(at, name, strlen(name)) == 0)
                        return at + strlen(name);
                at = strchr(at, '&');
        }
        return NULL;
}

/* How RFC 7512 writes it: percent signs. A path may have "file:" before it. */
static char *decode_path(const char *text)
{
        size_t n = strcspn(text, "&");
        char *path = malloc(n + 1), *to = path;
        unsigned byte;

        if (!path)
                return NULL;
        for (const char *from = text; from < text + n; from++) {
                if (*from == '%' && sscanf(from, "%%%2x", &byte) == 1 && from + 2 < text + n) {
                        *to++ = (char)byte;
                        from += 2;
                } else {
                        *to++ = *from;
                }
        }
        *to = 0;
        n = strncmp(path, "file://", 7) == 0 ? 7 : strncmp(path, "file:", 5) == 0 ? 5 : 0;
        memmove(path, path + n, strlen(path + n) + 1);
        return path;
}

/* The URI with the PIN in it, as the library wants it; to be wiped. */
static int write_uri(const char *uri, const SecretFile *pin, char **ret)
{
        const size_t base = strcspn(uri, "?");
        size_t n = pin->size, size = base + sizeof("?" PIN_VALUE) + 3 * n;
        char *whole = malloc(size), *to;

        if (!whole)
                return -ENOMEM;
        while (n > 0 && (pin->data[n - 1] == '\n' || pin->data[n - 1] == '\r'))
                n--;
        to = whole + sprintf(whole, "%.*s?" PIN_VALUE, (int)base, uri);
        for (size_t i = 0; i < n; i++)
                to += isalnum(pin->data[i]) ? sprintf(to, "%c", pin->data[i])
                                            : sprintf(to, "%%%02x", pin->data[i]);
        *ret = whole;
        return 0;
}

static int read_pin(TlsLoad *load, const TokenThing *thing, const char *source, char **ret)
{
        _cleanup_(secret_file_done) SecretFile pin = {};
        _cleanup_free_ char *path = decode_path(source);
        int r;

        if (!path)
                return -ENOMEM;
        r = tls_file_read(path, &load->digest, &pin);
        if (r == 0 && pin.size > PIN_MAX)
                r = -EFBIG;
        if (r < 0 && r != -ENOMEM)
                return tls_notes_error(load->notes, thing->option,
                                       "%s with the PIN of the token cannot be read: %s", path,
                                       strerror(-r));
        return r < 0 ? r : write_uri(thing->uri, &pin, ret);
}

static int check_uri(TlsLoad *load, const TokenThing *thing)
{
        if (!gnutls_url_is_supported(thing->uri))
                return tls_notes_error(load->notes, thing->option,
                                       "the TLS library was built without PKCS#11");
        if (find_attribute(thing->uri, PIN_VALUE))
                return tls_notes_error(load->notes, thing->option,
                                       "a PIN does not belong in the settings: write it to a file "
                                       "and name that by pin-source=");
        return tls_digest_add_string(&load->digest, thing->uri);
}

/* What to give to the library. */
static int prepare_uri(TlsLoad *load, const TokenThing *thing, char **ret)
{
        const char *source = find_attribute(thing->uri, PIN_SOURCE);
        int r = check_uri(load, thing);

        if (r < 0)
                return r;
        if (source)
                return read_pin(load, thing, source, ret);
        *ret = strdup(thing->uri);
        return *ret ? 0 : -ENOMEM;
}

static void wipe(char **text)
{
        if (*text)
                explicit_bzero(*text, strlen(*text));
        free(*text);
}

static int explain(TlsLoad *load, const TokenThing *thing, int code)
{
        switch (code) {
        case GNUTLS_E_MEMORY_ERROR:
                return -ENOMEM;
        case GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE:
        case GNUTLS_E_PKCS11_REQUESTED_OBJECT_NOT_AVAILBLE:
                return tls_notes_error(load->notes, thing->option,
                                       "%s: no token shows such a %s to this user (see p11tool "
                                       "--list-tokens)",
                                       thing->uri, thing->what);
        case GNUTLS_E_PKCS11_PIN_ERROR:
        case GNUTLS_E_PKCS11_PIN_EXPIRED:
        case GNUTLS_E_PKCS11_PIN_LOCKED:
                return tls_notes_error(load->notes, thing->option,
                                       "%s: the token refuses the PIN: the file that pin-source= "
                                       "names must hold it",
                                       thing->uri);
        default:
                return tls_notes_error(load->notes, thing->option, "%s: %s", thing->uri,
                                       gnutls_strerror(code));
        }
}

int tls_token_read_key(TlsLoad *load, const char *uri, gnutls_privkey_t key)
{
        const TokenThing thing = {"keyfile", "private key", uri};
        _cleanup_(wipe) char *whole = NULL;
        int r;

        r = prepare_uri(load, &thing, &whole);
        if (r < 0)
                return r;
        r = gnutls_privkey_import_url(key, whole, 0);
        return r < 0 ? explain(load, &thing, r) : 0;
}

/* Another one may be behind the same URI the next time. */
static int digest_certificate(TlsDigest *digest, gnutls_x509_crt_t certificate)
{
        gnutls_datum_t der;
        int r;

        if (gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_DER, &der) < 0)
                return -ENOMEM;
        r = tls_digest_add(digest, der.data, der.size);
        gnutls_free(der.data);
        return r;
}

int tls_token_read_chain(TlsLoad *load, const char *uri, gnutls_x509_crt_t *to, unsigned max,
                         unsigned *ret_n)
{
        const TokenThing thing = {"certfile", "certificate", uri};
        _cleanup_(wipe) char *whole = NULL;
        gnutls_x509_crt_t *found = NULL;
        unsigned n = 0;
        int r;

        r = prepare_uri(load, &thing, &whole);
        if (r < 0)
                return r;
        r = gnutls_x509_crt_list_import_url(&found, &n, whole, NULL, NULL, 0);
        if (r >= 0 && n == 0)
                r = GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
        if (r < 0)
                return explain(load, &thing, r);
        for (unsigned i = max; i < n; i++)
                gnutls_x509_crt_deinit(found[i]);
        n = MIN(n, max);
        memcpy(to, found, n * sizeof(*to));
        gnutls_free(found);
        *ret_n = n;
        r = 0;
        for (unsigned i = 0; i < n && r == 0; i++)
                r = digest_certificate(&load->digest, to[i]);
        return r;
}
