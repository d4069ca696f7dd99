/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer: a stored password. */

#include "access/password-hash.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        PasswordHash *hash = NULL;
        const char *why = NULL;

        if (password_hash_parse((Bytes){data, size}, &hash, &why) < 0) {
                must(why && !hash);
                return 0;
        }
        if (password_hash_is_quick(hash))
                must(password_hash_verify(hash, BYTES_LITERAL("no such password")) > 0);
        password_hash_free(hash);
        return 0;
}
