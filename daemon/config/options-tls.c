/* SPDX-License-Identifier: Apache-2.0 */
/* options-tls.c: the rows of the options that make the listener above them one with TLS */
#include "config/options.h"

#include "util/macro.h"

static const OptionWord tls_versions[] = {
        {"tlsv1.2", 12},
        {"tlsv1.3", 13},
        {},
};

const Option options_tls[] = {
        {"certfile", OPTION_LISTENER, OPTION_STRING, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_LIST | OPTION_FILE, OPTION_LISTENER_FIELD(certfile), .value = "FILE",
         .doc = "File with the certificate of this listener in PEM form, and behind it those that "
                "lead to an authority; the listener then speaks TLS and nothing else. Repeat "
                "certfile and keyfile for more certificates: a client gets the one that has the "
                "name it asks for, of an algorithm that it knows; ECDSA costs the broker a "
                "seventh of what RSA does."},
        {"keyfile", OPTION_LISTENER, OPTION_STRING, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_LIST | OPTION_FILE, OPTION_LISTENER_FIELD(keyfile), .value = "FILE",
         .doc = "File with the private key of the certificate, in PEM form and without a "
                "password. Or, as certfile too, on a token (PKCS#11): "
                "pkcs11:token=NAME;object=NAME;type=private?pin-source=FILE, where the file holds "
                "the PIN. The user of the service must be able to read that file, and to use the "
                "token; p11tool --list-tokens shows which there are."},
        {"ocsp_file", OPTION_LISTENER, OPTION_STRING, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_HAWKER | OPTION_NEEDS_LISTENER | OPTION_LIST | OPTION_FILE,
         OPTION_LISTENER_FIELD(ocsp_file), .value = "FILE",
         .doc = "File with the response of the authority (OCSP, DER or PEM) that certfile has not "
                "been revoked; it is stapled to handshakes, so that clients need not ask. Repeat "
                "it for more certificates, in any order. One that does not fit or has expired is "
                "warned about and not used; after its time none is stapled, so have it fetched "
                "and the service reloaded in time."},
        {"cafile", OPTION_LISTENER, OPTION_STRING, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_NEEDS_LISTENER | OPTION_LAST_WINS | OPTION_FILE, OPTION_LISTENER_FIELD(cafile),
         .value = "FILE",
         .doc = "File with the authorities that sign client certificates, in PEM form. It also "
                "completes the chain of certfile."},
        {"capath", OPTION_LISTENER, OPTION_STRING, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_LAST_WINS | OPTION_FOLDER, OPTION_LISTENER_FIELD(capath), .value = "FOLDER",
         .doc = "As cafile, a folder of such files; their names do not matter."},
        {"crlfile", OPTION_LISTENER, OPTION_STRING, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_LAST_WINS | OPTION_FILE, OPTION_LISTENER_FIELD(crlfile), .value = "FILE",
         .doc = "File with the client certificates that the authorities have revoked, in PEM "
                "form."},
        {"require_certificate", OPTION_LISTENER, OPTION_BOOL, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_LISTENER_FIELD(require_certificate), .fallback = "false",
         .doc = "Let only clients in that show a certificate of an authority of cafile or "
                "capath."},
        {"use_identity_as_username", OPTION_LISTENER, OPTION_BOOL, OPTION_WORKS, OPTION_LIVE,
         OPTION_LISTENER_FIELD(use_identity_as_username), .fallback = "false",
         .doc = "The username of a client is the common name (CN) of its certificate, or its "
                "identity with TLS-PSK, whatever it gives itself. No password is asked for; a "
                "client without such a name is refused."},
        {"use_subject_as_username", OPTION_LISTENER, OPTION_BOOL, OPTION_WORKS, OPTION_LIVE,
         OPTION_LISTENER_FIELD(use_subject_as_username), .fallback = "false",
         .doc = "As use_identity_as_username, but the whole subject of the certificate, written "
                "as in CN=pump,O=Works."},
        {"disable_client_cert_date_checks", OPTION_LISTENER, OPTION_BOOL, OPTION_WORKS,
         OPTION_NEW_CONNECTIONS, OPTION_LISTENER_FIELD(disable_client_cert_date_checks),
         .fallback = "false",
         .doc = "Accept client certificates that have expired or are not valid yet."},
        {"tls_version", OPTION_LISTENER, OPTION_WORD, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_NEEDS_LISTENER, OPTION_LISTENER_FIELD(tls_version), .fallback = "tlsv1.2",
         .words = tls_versions, .doc = "The lowest version of TLS that is accepted."},
        {"ciphers", OPTION_LISTENER, OPTION_STRING, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_LAST_WINS, OPTION_LISTENER_FIELD(ciphers), .value = "LIST",
         .doc = "Which ciphers TLS 1.2 may use, in the words of openssl-ciphers(1). The TLS "
                "library takes suites apart into key exchange, cipher and hash, and has one list "
                "of ciphers for all versions; what cannot be said so is refused. If not given: "
                "what the library and the policy of the system think safe."},
        {"ciphers_tls1.3", OPTION_LISTENER, OPTION_STRING, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_LAST_WINS, OPTION_LISTENER_FIELD(ciphers_tls1_3), .value = "LIST",
         .doc = "Which suites TLS 1.3 may use, as in TLS_AES_256_GCM_SHA384, separated by "
                "colons. A cipher that is not named is not used with TLS 1.2 either."},
        {"psk_hint", OPTION_LISTENER, OPTION_STRING, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_LISTENER_FIELD(psk_hint), .value = "HINT",
         .doc = "Speak TLS with the keys of psk_file in place of certificates, and give this hint "
                "to clients of TLS 1.2."},
        {"tls_keylog", OPTION_LISTENER, OPTION_STRING, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_HAWKER | OPTION_NEEDS_LISTENER | OPTION_LAST_WINS,
         OPTION_LISTENER_FIELD(tls_keylog), .value = "FILE",
         .doc = "Append the secrets of all connections to this file, with which Wireshark reads "
                "a capture of them. For debugging only."},
};

const size_t n_options_tls = ARRAY_SIZE(options_tls);
