/* SPDX-License-Identifier: Apache-2.0 */
/* dump-values.c: what a field may be, and where its value goes. */
#include "transfer/dump-values.h"

#include <errno.h>
#include <stdlib.h>

#include "util/base64.h"
#include "util/macro.h"

void dump_values_clear(DumpValues *values)
{
        while (values->n_blocks > 0)
                free(values->blocks[--values->n_blocks]);
}

void dump_values_done(DumpValues *values)
{
        dump_values_clear(values);
        free(values->blocks);
        *values = (DumpValues){};
}

int dump_values_fail(DumpValues *values, const char *fault)
{
        values->fault = fault;
        return -EBADMSG;
}

uint8_t *dump_values_block(DumpValues *values, size_t size)
{
        size_t room = MAX(2 * values->blocks_room, (size_t)16);
        uint8_t **larger, *block;

        if (values->n_blocks == values->blocks_room) {
                larger = reallocarray(values->blocks, room, sizeof(*larger));
                if (!larger)
                        return NULL;
                values->blocks = larger;
                values->blocks_room = room;
        }
        block = malloc(size + 1);
        if (block)
                values->blocks[values->n_blocks++] = block;
        return block;
}

static int get_base64(DumpValues *values, const json_t *json, Bytes *ret)
{
        Bytes text = {(const uint8_t *)json_string_value(json), json_string_length(json)};
        size_t size = text.length / 4 * 3;
        uint8_t *block;

        if (!json_is_string(json))
                return dump_values_fail(values, "a text in base64 is missing");
        block = dump_values_block(values, size);
        if (!block)
                return -ENOMEM;
        return base64_decode(text, block, size, ret)
                       ? 0
                       : dump_values_fail(values, "this is not base64");
}

int dump_values_text(DumpValues *values, const json_t *object, const char *name,
                     const char *base64_name, Bytes *ret)
{
        const json_t *json = json_object_get(object, name);

        if (!json)
                return get_base64(values, json_object_get(object, base64_name), ret);
        if (!json_is_string(json))
                return dump_values_fail(values, "this is no text");
        *ret = (Bytes){(const uint8_t *)json_string_value(json), json_string_length(json)};
        return 0;
}

static uint64_t most_of(const DumpField *field)
{
        switch (field->type) {
        case DUMP_BITS:
                return field->mask / (field->mask & -field->mask);
        case DUMP_BOOL:
                return 1;
        case DUMP_U8:
                return UINT8_MAX;
        case DUMP_U16:
                return UINT16_MAX;
        case DUMP_U32:
        case DUMP_SECONDS:
                return UINT32_MAX;
        default:
                return INT64_MAX;
        }
}

int dump_values_number(DumpValues *values, const DumpField *field, const json_t *json,
                       uint64_t *ret)
{
        bool may_be_null = field->type == DUMP_SECONDS || field->type == DUMP_TIME;

        if (json_is_null(json) && may_be_null)
                *ret = field->type == DUMP_SECONDS ? UINT32_MAX : UINT64_MAX;
        else if (json_is_boolean(json) && most_of(field) == 1)
                *ret = json_is_true(json);
        else if (json_is_integer(json) && json_integer_value(json) >= 0 &&
                 (uint64_t)json_integer_value(json) <= most_of(field))
                *ret = (uint64_t)json_integer_value(json);
        else
                return dump_values_fail(values, "a number is missing, or no such number can be");
        return 0;
}

static void set_number(const DumpField *field, uint8_t *at, uint64_t value)
{
        switch (field->type) {
        case DUMP_BITS:
                *at |= (uint8_t)(value * (field->mask & -field->mask));
                break;
        case DUMP_BOOL:
                *(bool *)at = value != 0;
                break;
        case DUMP_U8:
                *at = (uint8_t)value;
                break;
        case DUMP_U16:
                *(uint16_t *)(void *)at = (uint16_t)value;
                break;
        case DUMP_U32:
        case DUMP_SECONDS:
                *(uint32_t *)(void *)at = (uint32_t)value;
                break;
        default:
                memcpy(at, &value, sizeof(value));
        }
}

static bool is_there(const DumpField *field, const json_t *object)
{
        return json_object_get(object, field->name) ||
               (field->base64_name && json_object_get(object, field->base64_name));
}

static int get_field(DumpValues *values, const DumpField *field, const json_t *object, void *of)
{
        uint8_t *at = (uint8_t *)of + field->offset;
        const json_t *json = json_object_get(object, field->name);
        uint64_t number;
        int r;

        if (field->is_optional && !is_there(field, object))
                return 0;
        if (field->type == DUMP_TEXT)
                return dump_values_text(values, object, field->name, field->base64_name,
                                        (Bytes *)(void *)at);
        if (field->type == DUMP_BASE64)
                return get_base64(values, json, (Bytes *)(void *)at);
        r = dump_values_number(values, field, json, &number);
        if (r == 0)
                set_number(field, at, number);
        return r;
}

int dump_values_fields(DumpValues *values, const DumpField *fields, const json_t *object, void *of)
{
        int r = 0;

        if (!json_is_object(object))
                return dump_values_fail(values, "this is no object");
        for (; fields->name && r == 0; fields++)
                r = get_field(values, fields, object, of);
        return r;
}
