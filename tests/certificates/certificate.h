/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Certificates of all kinds for tests, made by GnuTLS. What fails aborts: these are tests.
 *
 * Thread: any (one owner)
 */
#pragma once

#include <gnutls/x509.h>
#include <stdbool.h>

typedef struct Certificate {
        gnutls_x509_crt_t own;
        gnutls_x509_privkey_t key;
} Certificate;

typedef struct CertificateOrder {
        const char *subject;       /* as RFC 4514 writes it */
        const char *common_name;   /* in place of subject: any bytes */
        size_t common_name_length; /* of these */
        const char *host;          /* a DNS name; NULL: none */
        const Certificate *issuer; /* NULL: signs itself */
        bool is_authority;
        bool is_rsa;       /* 2048 bits; else ECDSA P-256 */
        bool for_client;   /* its only purpose */
        bool for_server;   /* the same */
        int from, until;   /* days from now; 0, 0: from yesterday for ten years */
        const char *oid;   /* one more attribute of the subject, by its OID; NULL: none */
        const char *value; /* of oid */
} CertificateOrder;

Certificate certificate_make(const CertificateOrder *order);
void certificate_done(Certificate *certificate);

/* Writes the certificates, NULL ends them, one after the other. */
void certificate_write(const char *path, const Certificate *first, ...) __attribute__((sentinel));
void certificate_write_key(const char *path, const Certificate *certificate);
/* As certificate_write_key(), locked by a password. */
void certificate_write_locked_key(const char *path, const Certificate *certificate);

/* A list of the issuer that revokes one certificate (NULL: none); days: when the next is due. */
void certificate_write_revoked(const char *path, const Certificate *issuer,
                               const Certificate *revoked, int days);
