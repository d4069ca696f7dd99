/* SPDX-License-Identifier: Apache-2.0 */
/* A reason code and properties at the end of a packet. */

#include "mqtt/outcome.h"

#include "mqtt/reason.h"
#include "mqtt/writer.h"

int outcome_decode(Reader *reader, PacketType type, uint8_t *ret_reason, Properties *ret_properties)
{
        int r;

        *ret_reason = REASON_SUCCESS;
        properties_init(ret_properties);
        if (reader_is_empty(reader))
                return 0;
        r = reader_u8(reader, ret_reason);
        if (r != 0)
                return r;
        if (!reason_is_legal_in(type, *ret_reason))
                return REASON_PROTOCOL_ERROR;
        if (reader_is_empty(reader))
                return 0;
        r = properties_decode(reader, (PropertyContext)type, ret_properties);
        if (r != 0)
                return r;
        return reader_is_empty(reader) ? 0 : REASON_MALFORMED_PACKET;
}

size_t outcome_size(uint8_t reason, const Properties *properties)
{
        size_t size = properties_size(properties);

        if (size > 0)
                return 1 + varint_size(size) + size;
        return reason == REASON_SUCCESS ? 0 : 1;
}

uint8_t *outcome_write(uint8_t reason, const Properties *properties, uint8_t *to)
{
        size_t size = outcome_size(reason, properties);

        if (size > 0)
                to = write_u8(to, reason);
        if (size > 1)
                to = properties_write(properties, to);
        return to;
}
