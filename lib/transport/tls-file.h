/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The files of TLS, each of which may hold a secret.
 *
 * Thread: any
 */
#pragma once

#include "transport/tls-digest.h"
#include "util/secret-file.h"

/* As secret_file_read(); what was read is added to the digest, too. */
int tls_file_read(const char *path, TlsDigest *digest, SecretFile *ret_file);
