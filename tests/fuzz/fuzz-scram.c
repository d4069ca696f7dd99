/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer: both messages of a client of SCRAM, a line feed between. A nonce of ours in the second is
 * written as a tilde. */

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "access/scram.h"
#include "fuzz.h"
#include "mqtt/protocol.h"
#include "util/buffer.h"

/* RFC 7677, 3. */
#define FILE_TEXT                                                                                  \
        "user:SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"                                        \
        "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"                                            \
        "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

static Passwords *load(void)
{
        _cleanup_(config_errors_done) ConfigErrors errors = CONFIG_ERRORS_INIT;
        _cleanup_close_ int fd = memfd_create("users", MFD_CLOEXEC);
        Passwords *passwords = NULL;
        char path[32];

        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        must(write(fd, FILE_TEXT, strlen(FILE_TEXT)) == (ssize_t)strlen(FILE_TEXT));
        must(passwords_load(path, &errors, &passwords) == 0);
        return passwords;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static Passwords *passwords;
        const uint8_t *newline = size > 0 ? memchr(data, '\n', size) : NULL;
        _cleanup_(scram_freep) Scram *scram = NULL;
        _cleanup_(buffer_done) Buffer final = {};
        Bytes challenge, proof;

        if (!passwords)
                passwords = load();
        if (!newline || scram_new(passwords, SCRAM_SHA_256, (Bytes){data, (size_t)(newline - data)},
                                  &scram) != 0)
                return 0;
        must(scram_username(scram)[0]);
        challenge = scram_challenge(scram);
        for (const uint8_t *at = newline + 1; at < data + size; at++)
                if (*at == '~')
                        buffer_append(&final, challenge.data,
                                      strcspn((const char *)challenge.data, ","));
                else
                        buffer_append(&final, at, 1);
        must(scram_finish(scram, buffer_bytes(&final), &proof) == REASON_NOT_AUTHORIZED);
        return 0;
}
