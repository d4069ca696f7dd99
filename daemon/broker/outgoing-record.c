/* SPDX-License-Identifier: Apache-2.0 */
/* outgoing-record.c: the bytes of a message on its way. */
#include "broker/outgoing-record.h"

#include <errno.h>
#include <stdlib.h>

#include "mqtt/protocol.h"

#define FLAG_QOS    0x03U
#define FLAG_RETAIN 0x04U

void outgoing_record_put(RecordWriter *writer, MentionWriter *mentions, const Outgoing *outgoing)
{
        Delivery delivery;
        uint32_t identifier;

        outgoing_deliver(outgoing, &identifier, &delivery);
        record_put_u8(writer, (uint8_t)(delivery.qos | (delivery.retain ? FLAG_RETAIN : 0)));
        record_put_u16(writer, delivery.n_identifiers);
        for (unsigned i = 0; i < delivery.n_identifiers; i++)
                record_put_u32(writer, delivery.identifiers[i]);
        mention_group(mentions, writer, outgoing_group(outgoing));
        mention_message(mentions, writer, outgoing->message);
}

/* Their number is believed only as far as they are there. */
static int get_identifiers(RecordReader *reader, uint16_t n, uint32_t **ret_identifiers)
{
        _cleanup_free_ uint32_t *identifiers = NULL;

        if (n > reader->left / sizeof(uint32_t))
                return -EBADMSG;
        identifiers = malloc(MAX(n * sizeof(uint32_t), sizeof(uint32_t)));
        if (!identifiers)
                return -ENOMEM;
        for (unsigned i = 0; i < n; i++) {
                identifiers[i] = record_get_u32(reader);
                if (identifiers[i] == 0 || identifiers[i] > MQTT_VARINT_MAX)
                        return -EBADMSG;
        }
        *ret_identifiers = TAKE_PTR(identifiers);
        return 0;
}

int outgoing_record_get(RecordReader *reader, MentionReader *mentions, Outgoing *ret_outgoing)
{
        _cleanup_free_ uint32_t *identifiers = NULL;
        _cleanup_(message_unrefp) Message *message = NULL;
        _cleanup_(share_group_unrefp) ShareGroup *group = NULL;
        uint8_t flags = record_get_u8(reader);
        uint16_t n = record_get_u16(reader);
        int r;

        if (record_reader_failed(reader) || (flags & FLAG_QOS) > 2)
                return -EBADMSG;
        if (n > 0) {
                r = get_identifiers(reader, n, &identifiers);
                if (r < 0)
                        return r;
        }
        r = mention_get_group(mentions, reader, &group);
        if (r < 0)
                return r;
        r = mention_get_message(mentions, reader, &message);
        if (r < 0)
                return r;
        if (!message)
                return -EBADMSG;
        return outgoing_init(ret_outgoing, &(Offer){
                                                   .message = message,
                                                   .identifiers = identifiers,
                                                   .n_identifiers = n,
                                                   .qos = flags & FLAG_QOS,
                                                   .retain = flags & FLAG_RETAIN,
                                                   .group = group,
                                           });
}
