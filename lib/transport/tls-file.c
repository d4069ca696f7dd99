/* SPDX-License-Identifier: Apache-2.0 */

/* The files of TLS. */

#include "transport/tls-file.h"

#include "util/macro.h"

int tls_file_read(const char *path, TlsDigest *digest, SecretFile *ret_file)
{
        _cleanup_(secret_file_done) SecretFile file = {};
        int r;

        r = secret_file_read(path, &file);
        if (r == 0)
                r = tls_digest_add(digest, file.data, file.size);
        if (r < 0)
                return r;
        *ret_file = file;
        file = (SecretFile){};
        return 0;
}
