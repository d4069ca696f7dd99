/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer: answers of the HTTP thread. */

#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "server/answer-head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const Bytes all = {data, size};
        AnswerKind kind = ANSWER_OTHER, again = ANSWER_OTHER;
        size_t length = 0, same = 0;
        int r = answer_head_parse(all, &kind, &length);

        must(r == 0 || r == -EAGAIN || r == -EPROTO);
        must(r != -EAGAIN || size < ANSWER_HEAD_MAX);
        if (r != 0 || kind != ANSWER_UPGRADES)
                return 0;
        must(length <= size && length > 4 && memcmp(data + length - 4, "\r\n\r\n", 4) == 0);
        must(!memmem(data, length - 1, "\r\n\r\n", 4));
        /* What follows is not looked at, and less is a beginning. */
        must(answer_head_parse((Bytes){data, length}, &again, &same) == 0 && same == length);
        must(answer_head_parse((Bytes){data, length - 1}, &again, &same) == -EAGAIN ||
             length > ANSWER_HEAD_MAX);
        return 0;
}
