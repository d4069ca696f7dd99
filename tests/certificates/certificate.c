/* SPDX-License-Identifier: Apache-2.0 */

/* Certificates of all kinds for tests. */

#include "certificates/certificate.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY (24 * 3600)

static void must(int r, const char *what)
{
        if (r >= 0)
                return;
        fprintf(stderr, "%s: %s\n", what, gnutls_strerror(r));
        abort();
}
#define MUST(call) must(call, #call)

static void set_subject(gnutls_x509_crt_t own, const CertificateOrder *order)
{
        const char *at;

        if (order->subject)
                MUST(gnutls_x509_crt_set_dn(own, order->subject, &at));
        if (order->common_name)
                MUST(gnutls_x509_crt_set_dn_by_oid(own, GNUTLS_OID_X520_COMMON_NAME, 0,
                                                   order->common_name,
                                                   (unsigned)order->common_name_length));
        if (order->oid)
                MUST(gnutls_x509_crt_set_dn_by_oid(own, order->oid, 0, order->value,
                                                   (unsigned)strlen(order->value)));
}

static void set_uses(gnutls_x509_crt_t own, const CertificateOrder *order)
{
        MUST(gnutls_x509_crt_set_basic_constraints(own, order->is_authority, -1));
        if (order->is_authority)
                MUST(gnutls_x509_crt_set_key_usage(own,
                                                   GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN));
        if (order->for_client)
                MUST(gnutls_x509_crt_set_key_purpose_oid(own, GNUTLS_KP_TLS_WWW_CLIENT, 0));
        if (order->for_server)
                MUST(gnutls_x509_crt_set_key_purpose_oid(own, GNUTLS_KP_TLS_WWW_SERVER, 0));
        if (order->host)
                MUST(gnutls_x509_crt_set_subject_alt_name(own, GNUTLS_SAN_DNSNAME, order->host,
                                                          (unsigned)strlen(order->host),
                                                          GNUTLS_FSAN_SET));
}

static void set_marks(gnutls_x509_crt_t own, gnutls_x509_privkey_t key, const Certificate *issuer)
{
        unsigned char serial[8], id[64];
        size_t size = sizeof(id);

        MUST(gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial)));
        serial[0] &= 0x7f;
        MUST(gnutls_x509_crt_set_serial(own, serial, sizeof(serial)));
        MUST(gnutls_x509_privkey_get_key_id(key, 0, id, &size));
        MUST(gnutls_x509_crt_set_subject_key_id(own, id, size));
        if (!issuer)
                return;
        size = sizeof(id);
        MUST(gnutls_x509_privkey_get_key_id(issuer->key, 0, id, &size));
        MUST(gnutls_x509_crt_set_authority_key_id(own, id, size));
}

Certificate certificate_make(const CertificateOrder *order)
{
        time_t now = time(NULL);
        bool dated = order->from != 0 || order->until != 0;
        Certificate made;

        MUST(gnutls_x509_privkey_init(&made.key));
        if (order->is_rsa)
                MUST(gnutls_x509_privkey_generate(made.key, GNUTLS_PK_RSA, 2048, 0));
        else
                MUST(gnutls_x509_privkey_generate(made.key, GNUTLS_PK_ECDSA,
                                                  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
                                                  0));
        MUST(gnutls_x509_crt_init(&made.own));
        MUST(gnutls_x509_crt_set_version(made.own, 3));
        MUST(gnutls_x509_crt_set_activation_time(made.own, now + DAY * (dated ? order->from : -1)));
        MUST(gnutls_x509_crt_set_expiration_time(made.own,
                                                 now + DAY * (dated ? order->until : 3650)));
        set_subject(made.own, order);
        set_uses(made.own, order);
        MUST(gnutls_x509_crt_set_key(made.own, made.key));
        set_marks(made.own, made.key, order->issuer ? order->issuer : &made);
        MUST(gnutls_x509_crt_sign2(made.own, order->issuer ? order->issuer->own : made.own,
                                   order->issuer ? order->issuer->key : made.key, GNUTLS_DIG_SHA256,
                                   0));
        return made;
}

void certificate_done(Certificate *certificate)
{
        gnutls_x509_crt_deinit(certificate->own);
        gnutls_x509_privkey_deinit(certificate->key);
        *certificate = (Certificate){};
}

static FILE *open_file(const char *path)
{
        FILE *file = fopen(path, "we");

        if (!file) {
                perror(path);
                abort();
        }
        return file;
}

static void write_datum(FILE *file, gnutls_datum_t *pem)
{
        fwrite(pem->data, 1, pem->size, file);
        gnutls_free(pem->data);
}

void certificate_write(const char *path, const Certificate *first, ...)
{
        FILE *file = open_file(path);
        va_list args;

        va_start(args, first);
        for (const Certificate *next = first; next; next = va_arg(args, const Certificate *)) {
                gnutls_datum_t pem;

                MUST(gnutls_x509_crt_export2(next->own, GNUTLS_X509_FMT_PEM, &pem));
                write_datum(file, &pem);
        }
        va_end(args);
        fclose(file);
}

static void write_key(const char *path, const Certificate *certificate, const char *password)
{
        FILE *file = open_file(path);
        gnutls_datum_t pem;

        MUST(gnutls_x509_privkey_export2_pkcs8(
                certificate->key, GNUTLS_X509_FMT_PEM, password,
                password ? GNUTLS_PKCS_PBES2_AES_256 : GNUTLS_PKCS_PLAIN, &pem));
        write_datum(file, &pem);
        fclose(file);
}

void certificate_write_key(const char *path, const Certificate *certificate)
{
        write_key(path, certificate, NULL);
}

void certificate_write_locked_key(const char *path, const Certificate *certificate)
{
        write_key(path, certificate, "secret");
}

void certificate_write_revoked(const char *path, const Certificate *issuer,
                               const Certificate *revoked, int days)
{
        FILE *file = open_file(path);
        time_t now = time(NULL);
        gnutls_x509_crl_t list;
        gnutls_datum_t pem;

        MUST(gnutls_x509_crl_init(&list));
        MUST(gnutls_x509_crl_set_version(list, 2));
        MUST(gnutls_x509_crl_set_this_update(list, now - 2 * DAY));
        MUST(gnutls_x509_crl_set_next_update(list, now + DAY * days));
        MUST(gnutls_x509_crl_set_number(list, "\1", 1));
        if (revoked)
                MUST(gnutls_x509_crl_set_crt(list, revoked->own, now - DAY));
        MUST(gnutls_x509_crl_sign2(list, issuer->own, issuer->key, GNUTLS_DIG_SHA256, 0));
        MUST(gnutls_x509_crl_export2(list, GNUTLS_X509_FMT_PEM, &pem));
        write_datum(file, &pem);
        gnutls_x509_crl_deinit(list);
        fclose(file);
}
