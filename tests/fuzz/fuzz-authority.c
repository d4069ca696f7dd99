/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer: an answer of an authority, and a question of the same bytes. */

#include "access/authority-words.h"
#include "fuzz.h"
#include "util/macro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const Bytes bytes = {data, size};
        AuthorityQuestion question = {.verb = AUTHORITY_CONNECT, .password = bytes};
        _cleanup_free_ char *line = NULL;
        AuthorityAnswer answer;

        if (authority_read(bytes, &answer) == 0)
                must(answer.ttl <= AUTHORITY_TTL_MAX);
        must(authority_write(&question, &line) == 0);
        must(strlen(line) > 0 && strchr(line, '\n') == line + strlen(line) - 1);
        return 0;
}
