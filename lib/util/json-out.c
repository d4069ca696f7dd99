/* SPDX-License-Identifier: Apache-2.0 */
/* json-out.c: commas and strings. */
#include "util/json-out.h"

#include <inttypes.h>

#include "util/base64.h"
#include "util/macro.h"
#include "util/utf8.h"

/* A multiple of three: no padding between two slices. */
#define SLICE ((size_t)3 * 1024)

void json_out_begin(JsonOut *json)
{
        fputc('{', json->to);
        json->has_member = false;
}

void json_out_end(JsonOut *json)
{
        fputc('}', json->to);
        json->has_member = true;
}

void json_out_name(JsonOut *json, const char *name)
{
        fprintf(json->to, "%s\"%s\":", json->has_member ? "," : "", name);
        json->has_member = true;
}

void json_out_text(JsonOut *json, Bytes text)
{
        FILE *to = json->to;

        fputc('"', to);
        for (size_t i = 0; i < text.length; i++) {
                uint8_t c = text.data[i];

                if (c == '"' || c == '\\')
                        fprintf(to, "\\%c", c);
                else if (c < 0x20 || c == 0x7f)
                        fprintf(to, "\\u%04x", c);
                else
                        fputc(c, to);
        }
        fputc('"', to);
}

void json_out_base64(JsonOut *json, Bytes bytes)
{
        FILE *to = json->to;
        char slice[BASE64_SIZE(SLICE)];

        fputc('"', to);
        for (size_t at = 0; at < bytes.length; at += SLICE) {
                Bytes part = {bytes.data + at, MIN(SLICE, bytes.length - at)};

                fwrite(slice, 1, base64_encode(part, slice), to);
        }
        fputc('"', to);
}

void json_out_number(JsonOut *json, const char *name, uint64_t number)
{
        json_out_name(json, name);
        fprintf(json->to, "%" PRIu64, number);
}

void json_out_flag(JsonOut *json, const char *name, bool flag)
{
        json_out_name(json, name);
        fputs(flag ? "true" : "false", json->to);
}

void json_out_bytes(JsonOut *json, const char *name, Bytes bytes)
{
        if (utf8_is_valid(bytes.data, bytes.length)) {
                json_out_name(json, name);
                json_out_text(json, bytes);
                return;
        }
        fprintf(json->to, "%s\"%s_base64\":", json->has_member ? "," : "", name);
        json->has_member = true;
        json_out_base64(json, bytes);
}
