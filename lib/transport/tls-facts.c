/* SPDX-License-Identifier: Apache-2.0 */

/* What is to be said of a certificate of ours. */

#include "transport/tls-facts.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "util/macro.h"

static char *read_subject(gnutls_x509_crt_t own)
{
        gnutls_datum_t name;
        char *copy;
        int r = gnutls_x509_crt_get_dn3(own, &name, 0);

        if (r == GNUTLS_E_MEMORY_ERROR)
                return NULL;
        if (r < 0)
                return strdup("");
        copy = strdup((const char *)name.data);
        gnutls_free(name.data);
        return copy;
}

static void read_serial(gnutls_x509_crt_t own, char *to, size_t room)
{
        unsigned char serial[40];
        size_t size = sizeof(serial);

        if (gnutls_x509_crt_get_serial(own, serial, &size) < 0 ||
            gnutls_hex_encode(&(gnutls_datum_t){serial, (unsigned)size}, to, &room) < 0)
                to[0] = 0;
}

/* Elliptic curves take a tenth of it. */
static bool is_slow(int algorithm)
{
        return algorithm == GNUTLS_PK_RSA || algorithm == GNUTLS_PK_RSA_PSS ||
               algorithm == GNUTLS_PK_DSA;
}

int tls_facts_read(TlsFacts *facts, const char *certfile, gnutls_x509_crt_t own)
{
        TlsFacts read = {
                .certfile = strdup(certfile),
                .subject = read_subject(own),
                .not_before = gnutls_x509_crt_get_activation_time(own),
                .not_after = gnutls_x509_crt_get_expiration_time(own),
                .is_slow = is_slow(gnutls_x509_crt_get_pk_algorithm(own, NULL)),
        };

        if (!read.certfile || !read.subject) {
                tls_facts_done(&read);
                return -ENOMEM;
        }
        read_serial(own, read.serial, sizeof(read.serial));
        *facts = read;
        return 0;
}

void tls_facts_done(TlsFacts *facts)
{
        free(facts->certfile);
        free(facts->subject);
        *facts = (TlsFacts){};
}
