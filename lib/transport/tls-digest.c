/* SPDX-License-Identifier: Apache-2.0 */

/* Whether two times the same was read. */

#include "transport/tls-digest.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

int tls_digest_add(TlsDigest *digest, const void *data, size_t size)
{
        TlsDigest next;

        if (gnutls_hmac_fast(GNUTLS_MAC_SHA256, digest->bytes, sizeof(digest->bytes), data, size,
                             next.bytes) < 0)
                return -ENOMEM;
        *digest = next;
        return 0;
}

int tls_digest_add_string(TlsDigest *digest, const char *text)
{
        return text ? tls_digest_add(digest, text, strlen(text) + 1)
                    : tls_digest_add(digest, "", 0);
}
