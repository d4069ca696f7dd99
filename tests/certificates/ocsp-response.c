/* SPDX-License-Identifier: Apache-2.0 */

/* Responses of an authority about a certificate: as RFC 6960 writes them. */

#include "certificates/ocsp-response.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY (24 * 3600)

/* Object identifiers, with their tag. */
#define OID_SHA1           "\x06\x05\x2b\x0e\x03\x02\x1a"
#define OID_ECDSA_SHA256   "\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"
#define OID_OCSP_BASIC     "\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x01"
#define POINT_OF_P256      65 /* bytes: all of a public key but its algorithm */
#define LITERAL(text)      bytes(text, sizeof(text) - 1)
#define SEQUENCE           0x30
#define OCTETS             0x04
#define BITS               0x03
#define INTEGER            0x02
#define GENERALIZED_TIME   0x18
#define CONTEXT(n)         (0x80 | (n))
#define CONTEXT_MADE_OF(n) (0xa0 | (n))

typedef struct Der {
        unsigned char data[1500];
        size_t n;
} Der;

static void must(int r)
{
        if (r < 0) {
                fprintf(stderr, "OCSP: %s\n", gnutls_strerror(r));
                abort();
        }
}

static Der bytes(const void *data, size_t n)
{
        Der der = {.n = n};

        if (n > sizeof(der.data))
                abort();
        memcpy(der.data, data, n);
        return der;
}

static void append(Der *der, const void *data, size_t n)
{
        if (der->n + n > sizeof(der->data))
                abort();
        memcpy(der->data + der->n, data, n);
        der->n += n;
}

/* The parts, NULL ends them, behind a tag and their length. */
__attribute__((sentinel)) static Der wrap(unsigned char tag, const Der *first, ...)
{
        Der body = {}, whole = {};
        va_list args;

        va_start(args, first);
        for (const Der *next = first; next; next = va_arg(args, const Der *))
                append(&body, next->data, next->n);
        va_end(args);
        append(&whole, &tag, 1);
        if (body.n > 127)
                append(&whole, (unsigned char[]){0x82, (unsigned char)(body.n >> 8)}, 2);
        append(&whole, &(unsigned char){(unsigned char)body.n}, 1);
        append(&whole, body.data, body.n);
        return whole;
}

static Der when(int days)
{
        time_t at = time(NULL) + days * DAY;
        char text[32];
        struct tm parts;
        Der der;

        gmtime_r(&at, &parts);
        strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", &parts);
        der = bytes(text, strlen(text));
        return wrap(GENERALIZED_TIME, &der, NULL);
}

static Der name_of(const Certificate *certificate)
{
        gnutls_datum_t name;
        Der der;

        must(gnutls_x509_crt_get_raw_dn(certificate->own, &name));
        der = bytes(name.data, name.size);
        gnutls_free(name.data);
        return der;
}

static Der point_of(const Certificate *certificate)
{
        gnutls_pubkey_t key;
        gnutls_datum_t data;
        Der der;

        must(gnutls_pubkey_init(&key));
        must(gnutls_pubkey_import_x509(key, certificate->own, 0));
        must(gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &data));
        der = bytes(data.data + data.size - POINT_OF_P256, POINT_OF_P256);
        gnutls_free(data.data);
        gnutls_pubkey_deinit(key);
        return der;
}

static Der sha1_of(const Der *what)
{
        unsigned char hash[20];
        Der der;

        must(gnutls_hash_fast(GNUTLS_DIG_SHA1, what->data, what->n, hash));
        der = bytes(hash, sizeof(hash));
        return wrap(OCTETS, &der, NULL);
}

/* Which certificate it is about. */
static Der identify(const OcspOrder *order)
{
        const Der oid = LITERAL(OID_SHA1 "\x05\x00"), name = name_of(order->issuer);
        const Der key = point_of(order->issuer);
        unsigned char serial[32];
        size_t size = sizeof(serial);
        Der algorithm, name_hash, key_hash, number;

        must(gnutls_x509_crt_get_serial(order->about->own, serial, &size));
        number = bytes(serial, size);
        number = wrap(INTEGER, &number, NULL);
        algorithm = wrap(SEQUENCE, &oid, NULL);
        name_hash = sha1_of(&name);
        key_hash = sha1_of(&key);
        return wrap(SEQUENCE, &algorithm, &name_hash, &key_hash, &number, NULL);
}

static Der make_answer(const OcspOrder *order)
{
        const bool dated = order->from != 0 || order->until != 0;
        const Der about = identify(order), revoked_at = when(-1);
        const Der from = when(dated ? order->from : -1), until = when(dated ? order->until : 7);
        const Der next = wrap(CONTEXT_MADE_OF(0), &until, NULL);
        const Der status = order->is_revoked ? wrap(CONTEXT_MADE_OF(1), &revoked_at, NULL)
                                             : wrap(CONTEXT(0), NULL, NULL);

        return wrap(SEQUENCE, &about, &status, &from, &next, NULL);
}

static Der sign(const Der *what, const Certificate *signer)
{
        gnutls_datum_t data = {(unsigned char *)what->data, (unsigned)what->n}, signature;
        gnutls_privkey_t key;
        Der der = LITERAL("\x00"); /* no bits are left over */

        must(gnutls_privkey_init(&key));
        must(gnutls_privkey_import_x509(key, signer->key, 0));
        must(gnutls_privkey_sign_data(key, GNUTLS_DIG_SHA256, 0, &data, &signature));
        append(&der, signature.data, signature.size);
        gnutls_free(signature.data);
        gnutls_privkey_deinit(key);
        return wrap(BITS, &der, NULL);
}

static Der make_response(const OcspOrder *order)
{
        const Certificate *signer = order->signer ? order->signer : order->issuer;
        const Der name = name_of(signer), answer = make_answer(order), made_at = when(0);
        const Der responder = wrap(CONTEXT_MADE_OF(1), &name, NULL);
        const Der answers = wrap(SEQUENCE, &answer, NULL);
        const Der data = wrap(SEQUENCE, &responder, &made_at, &answers, NULL);
        const Der oid = LITERAL(OID_ECDSA_SHA256), signature = sign(&data, signer);
        const Der algorithm = wrap(SEQUENCE, &oid, NULL);
        const Der basic = wrap(SEQUENCE, &data, &algorithm, &signature, NULL);
        const Der type = LITERAL(OID_OCSP_BASIC), inside = wrap(OCTETS, &basic, NULL);
        const Der typed = wrap(SEQUENCE, &type, &inside, NULL);
        const Der successful = LITERAL("\x0a\x01\x00");
        const Der content = wrap(CONTEXT_MADE_OF(0), &typed, NULL);

        return wrap(SEQUENCE, &successful, &content, NULL);
}

void ocsp_response_write(const char *path, const OcspOrder *order)
{
        Der response = make_response(order);
        gnutls_datum_t data = {response.data, (unsigned)response.n}, pem = {};
        FILE *file = fopen(path, "we");

        if (!file) {
                perror(path);
                abort();
        }
        if (order->is_pem) {
                must(gnutls_pem_base64_encode2("OCSP RESPONSE", &data, &pem));
                fwrite(pem.data, 1, pem.size, file);
                gnutls_free(pem.data);
        } else {
                fwrite(data.data, 1, data.size, file);
        }
        fclose(file);
}
