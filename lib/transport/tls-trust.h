/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whom we trust: the authorities of cafile and capath, and what crlfile takes back.
 *
 * Thread: any
 */
#pragma once

#include "transport/tls-load.h"

struct gnutls_x509_trust_list_st; /* gnutls_x509_trust_list_t points to it */

/* *ret is NULL if the settings name no authorities; else the caller's. An authority that has
 * expired is worth a warning. 0, -EKEYREJECTED with an error in notes, or -ENOMEM. */
int tls_trust_read(TlsLoad *load, struct gnutls_x509_trust_list_st **ret);
