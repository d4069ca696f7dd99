/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzer: the file of bans. What can be read can be written, and read again as the same. */

#include <errno.h>

#include "access/ban-text.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        BanTable *table, *again;
        Buffer text = {};
        const char *why = NULL;
        unsigned line = 0;
        int r = ban_text_parse((Bytes){data, size}, &table, &line, &why);

        if (r < 0) {
                must(r == -EINVAL && line > 0 && why);
                return 0;
        }
        must(ban_text_write(table, &text) == 0);
        must(ban_text_parse(buffer_bytes(&text), &again, &line, &why) == 0);
        must(ban_table_equal(table, again));
        ban_table_unref(table);
        ban_table_unref(again);
        buffer_done(&text);
        return 0;
}
