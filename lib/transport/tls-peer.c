/* SPDX-License-Identifier: Apache-2.0 */

/* Who is at the other end of a TLS connection. */

#include "transport/tls-peer.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>

#include "transport/tls-session.h"
#include "transport/tls.h"
#include "util/bytes.h"
#include "util/utf8.h"

#define OID_COMMON_NAME "2.5.4.3"
#define RDNS_MAX        32 /* parts of a name, and values of a part */

/* The names that OpenSSL has for what a name is made of. */
static const struct {
        const char *oid;
        const char *name;
} attributes[] = {
        {OID_COMMON_NAME, "CN"},
        {"2.5.4.4", "SN"},
        {"2.5.4.5", "serialNumber"},
        {"2.5.4.6", "C"},
        {"2.5.4.7", "L"},
        {"2.5.4.8", "ST"},
        {"2.5.4.9", "street"},
        {"2.5.4.10", "O"},
        {"2.5.4.11", "OU"},
        {"2.5.4.12", "title"},
        {"2.5.4.13", "description"},
        {"2.5.4.17", "postalCode"},
        {"2.5.4.41", "name"},
        {"2.5.4.42", "GN"},
        {"2.5.4.43", "initials"},
        {"2.5.4.44", "generationQualifier"},
        {"2.5.4.46", "dnQualifier"},
        {"2.5.4.65", "pseudonym"},
        {"2.5.4.97", "organizationIdentifier"},
        {"0.9.2342.19200300.100.1.1", "UID"},
        {"0.9.2342.19200300.100.1.25", "DC"},
        {"1.2.840.113549.1.9.1", "emailAddress"},
        {"1.2.840.113549.1.9.2", "unstructuredName"},
};

static bool oid_is(const gnutls_x509_ava_st *ava, const char *oid)
{
        size_t n = strnlen((const char *)ava->oid.data, ava->oid.size);

        return n == strlen(oid) && memcmp(ava->oid.data, oid, n) == 0;
}

/* The value, if it is a string that reads the same to everybody. */
static int ava_text(const gnutls_x509_ava_st *ava, Bytes *ret)
{
        enum { UTF8_STRING = 12, NUMERIC_STRING = 18, PRINTABLE_STRING = 19, IA5_STRING = 22 };
        const unsigned long tag = ava->value_tag;

        if (tag != UTF8_STRING && tag != NUMERIC_STRING && tag != PRINTABLE_STRING &&
            tag != IA5_STRING)
                return -EBADMSG;
        /* Refuses zero bytes too. */
        if (!utf8_is_valid(ava->value.data, ava->value.size))
                return -EBADMSG;
        *ret = (Bytes){ava->value.data, ava->value.size};
        return 0;
}

static int find_common_name(gnutls_x509_dn_t name, char **ret_name)
{
        for (int rdn = 0; rdn < RDNS_MAX; rdn++) {
                gnutls_x509_ava_st ava;

                for (int i = 0; i < RDNS_MAX && gnutls_x509_dn_get_rdn_ava(name, rdn, i, &ava) == 0;
                     i++) {
                        Bytes text;
                        int r;

                        if (!oid_is(&ava, OID_COMMON_NAME))
                                continue;
                        r = ava_text(&ava, &text);
                        if (r == 0 && text.length == 0)
                                return -ENODATA;
                        return r < 0 ? r : bytes_duplicate(text, (uint8_t **)ret_name);
                }
        }
        return -ENODATA;
}

/* RFC 2253, 2.4, and all that is not ASCII as hexadecimal digits. */
static void write_escaped(FILE *file, Bytes text)
{
        for (size_t i = 0; i < text.length; i++) {
                const uint8_t c = text.data[i];
                const bool is_edge = i == 0 || i + 1 == text.length;

                if (c < 0x20 || c >= 0x7f)
                        fprintf(file, "\\%02X", c);
                else if (strchr(",+\"\\<>;", c) || (c == ' ' && is_edge) || (c == '#' && i == 0))
                        fprintf(file, "\\%c", c);
                else
                        fputc(c, file);
        }
}

/* False: the value may be read as another one. */
static bool write_ava(FILE *file, const gnutls_x509_ava_st *ava)
{
        Bytes text;

        for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
                if (!oid_is(ava, attributes[i].oid))
                        continue;
                if (ava_text(ava, &text) < 0)
                        return false;
                fprintf(file, "%s=", attributes[i].name);
                write_escaped(file, text);
                return true;
        }
        /* What we have no name for is written as its bytes, tag and length before them. */
        if (ava->value.size > 127)
                return false;
        fprintf(file, "%.*s=#%02lX%02X", (int)ava->oid.size, (const char *)ava->oid.data,
                ava->value_tag, ava->value.size);
        for (unsigned i = 0; i < ava->value.size; i++)
                fprintf(file, "%02X", ava->value.data[i]);
        return true;
}

/* The last part first, and within a part the last value first. */
static bool write_subject(FILE *file, gnutls_x509_dn_t name)
{
        const char *separator = "";
        gnutls_x509_ava_st ava;

        for (int rdn = RDNS_MAX; rdn-- > 0;) {
                for (int i = RDNS_MAX; i-- > 0;) {
                        if (gnutls_x509_dn_get_rdn_ava(name, rdn, i, &ava) != 0)
                                continue;
                        fputs(separator, file);
                        if (!write_ava(file, &ava))
                                return false;
                        separator = i > 0 ? "+" : ",";
                }
        }
        return true;
}

static int make_subject(gnutls_x509_dn_t name, char **ret_name)
{
        _cleanup_free_ char *text = NULL;
        size_t size = 0;
        FILE *file = open_memstream(&text, &size);
        bool good;

        if (!file)
                return -ENOMEM;
        good = write_subject(file, name);
        if (fclose(file) != 0)
                return -ENOMEM;
        if (!good)
                return -EBADMSG;
        if (size == 0)
                return -ENODATA;
        *ret_name = TAKE_PTR(text);
        return 0;
}

static int name_of_certificate(gnutls_session_t session, TlsName which, char **ret_name)
{
        unsigned n = 0;
        const gnutls_datum_t *der = gnutls_certificate_get_peers(session, &n);
        gnutls_x509_crt_t certificate;
        gnutls_x509_dn_t name;
        int r = -EBADMSG;

        if (!der || n == 0)
                return -ENODATA;
        if (gnutls_x509_crt_init(&certificate) < 0)
                return -ENOMEM;
        if (gnutls_x509_crt_import(certificate, &der[0], GNUTLS_X509_FMT_DER) == 0 &&
            gnutls_x509_crt_get_subject(certificate, &name) == 0)
                r = which == TLS_NAME_COMMON ? find_common_name(name, ret_name)
                                             : make_subject(name, ret_name);
        gnutls_x509_crt_deinit(certificate);
        return r;
}

static int psk_identity(gnutls_session_t session, char **ret_name)
{
        gnutls_datum_t identity;

        if (gnutls_psk_server_get_username2(session, &identity) < 0 || identity.size == 0)
                return -ENODATA;
        if (!utf8_is_valid(identity.data, identity.size))
                return -EBADMSG;
        return bytes_duplicate((Bytes){identity.data, identity.size}, (uint8_t **)ret_name);
}

int tls_peer_name(const Transport *transport, TlsName which, char **ret_name)
{
        const TlsSession *tls = transport->state;

        if (!tls_is(transport) || !tls || !tls->is_open)
                return -ENODATA;
        if (gnutls_auth_client_get_type(tls->session) == GNUTLS_CRD_PSK)
                return which == TLS_NAME_COMMON ? psk_identity(tls->session, ret_name) : -ENODATA;
        return name_of_certificate(tls->session, which, ret_name);
}
