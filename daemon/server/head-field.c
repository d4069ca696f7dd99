/* SPDX-License-Identifier: Apache-2.0 */

/* Lines of the head of an HTTP message. */

#include "server/head-field.h"

#include <errno.h>
#include <strings.h>

static bool is_token_char(uint8_t c)
{
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               (c != 0 && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_blank(uint8_t c)
{
        return c == ' ' || c == '\t';
}

bool head_is_token(Bytes text)
{
        for (size_t i = 0; i < text.length; i++)
                if (!is_token_char(text.data[i]))
                        return false;
        return text.length > 0;
}

static Bytes trim(Bytes text)
{
        while (text.length > 0 && is_blank(text.data[0]))
                text = (Bytes){text.data + 1, text.length - 1};
        while (text.length > 0 && is_blank(text.data[text.length - 1]))
                text.length--;
        return text;
}

int head_field_parse(Bytes line, HeadField *ret_field)
{
        const uint8_t *colon = line.length > 0 ? memchr(line.data, ':', line.length) : NULL;
        Bytes name;

        if (!colon)
                return -EPROTO;
        name = (Bytes){line.data, (size_t)(colon - line.data)};
        if (!head_is_token(name))
                return -EPROTO;
        *ret_field = (HeadField){
                name,
                trim((Bytes){colon + 1, line.length - name.length - 1}),
        };
        return 0;
}

bool head_text_equal(Bytes text, const char *word)
{
        return text.length == strlen(word) &&
               (text.length == 0 || strncasecmp((const char *)text.data, word, text.length) == 0);
}

bool head_next_line(Bytes *head, Bytes *ret_line)
{
        const uint8_t *end = head->length > 0 ? memmem(head->data, head->length, "\r\n", 2) : NULL;
        size_t size;

        if (!end)
                return false;
        size = (size_t)(end - head->data);
        *ret_line = (Bytes){head->data, size};
        *head = (Bytes){end + 2, head->length - size - 2};
        return true;
}
