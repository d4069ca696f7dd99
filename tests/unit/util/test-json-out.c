/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "util/json-out.h"

/* What write puts into an object. */
static char *written(void (*write)(JsonOut *json))
{
        JsonOut json = {};
        char *text = NULL;
        size_t length;

        json.to = open_memstream(&text, &length);
        g_assert_nonnull(json.to);
        json_out_begin(&json);
        write(&json);
        json_out_end(&json);
        g_assert_cmpint(fclose(json.to), ==, 0);
        return text;
}

static void write_members(JsonOut *json)
{
        json_out_number(json, "n", UINT64_MAX);
        json_out_flag(json, "yes", true);
        json_out_flag(json, "no", false);
        json_out_name(json, "inner");
        json_out_begin(json);
        json_out_bytes(json, "empty", (Bytes){});
        json_out_end(json);
        json_out_number(json, "last", 0);
}

static void write_bytes(JsonOut *json)
{
        json_out_bytes(json, "text", bytes_from_string("\"\\\n\x7f\xc3\xa4"));
        json_out_bytes(json, "binary", (Bytes){(const uint8_t *)"\xff\0z", 3});
        json_out_bytes(json, "nul", (Bytes){(const uint8_t *)"\0", 1});
}

static void test_members(void)
{
        char *text = written(write_members);

        g_assert_cmpstr(text, ==,
                        "{\"n\":18446744073709551615,\"yes\":true,\"no\":false,"
                        "\"inner\":{\"empty\":\"\"},\"last\":0}");
        free(text);
}

static void test_bytes(void)
{
        char *text = written(write_bytes);

        g_assert_cmpstr(text, ==,
                        "{\"text\":\"\\\"\\\\\\u000a\\u007f\xc3\xa4\","
                        "\"binary_base64\":\"/wB6\",\"nul_base64\":\"AA==\"}");
        free(text);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/util/json-out/members", test_members);
        g_test_add_func("/util/json-out/text-or-base64", test_bytes);
        return g_test_run();
}
