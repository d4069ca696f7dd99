/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What an admin says of the TLS of a listener, before anything is opened.
 *
 * Thread: any (borrowed)
 */
#pragma once

#include <stdbool.h>

/* The names of the options of hawker.conf. All strings are borrowed; NULL: not given. */
typedef struct TlsSettings {
        const char *certfile;  /* the paths of one or more PEM files, one per line */
        const char *keyfile;   /* as many: the n-th is of the n-th certificate */
        const char *ocsp_file; /* the paths of responses about these certificates, one per line */
        const char *cafile;    /* whose clients are let in; completes the chain of a certificate */
        const char *capath;    /* a folder of such files */
        const char *crlfile;
        const char *psk_file; /* in place of certificates */
        const char *psk_hint;
        const char *ciphers;
        const char *ciphers_13;
        const char *keylog;       /* append the secrets of all sessions to this file */
        unsigned minimum_version; /* 12 or 13 */
        bool require_certificate; /* of the client */
        bool ask_certificate;     /* and verify it if there is one */
        bool is_http;             /* what is spoken over it, else MQTT: for ALPN */
        bool ignore_client_dates; /* an expired client certificate is fine */
} TlsSettings;
