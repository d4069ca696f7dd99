/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Responses of an authority about a certificate, for tests: GnuTLS reads but does not make them.
 *
 * Thread: any
 */
#pragma once

#include "certificates/certificate.h"

typedef struct OcspOrder {
        const Certificate *about;
        const Certificate *issuer; /* ECDSA, as all authorities of certificate.h */
        const Certificate *signer; /* NULL: the issuer */
        int from, until;           /* days from now; 0, 0: from yesterday for a week */
        bool is_revoked;
        bool is_pem; /* else DER */
} OcspOrder;

void ocsp_response_write(const char *path, const OcspOrder *order);
