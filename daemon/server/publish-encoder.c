/* SPDX-License-Identifier: Apache-2.0 */

/* A message into PUBLISH packets for many takers. */

#include "server/publish-encoder.h"

#include <errno.h>
#include <string.h>

#include "mqtt/writer.h"

void publish_encoder_done(PublishEncoder *encoder)
{
        buffer_done(&encoder->bytes);
}

void publish_encoder_begin(PublishEncoder *encoder, Message *message, msec_t now)
{
        encoder->message = message;
        encoder->now = now;
        buffer_clear(&encoder->bytes);
        for (size_t i = 0; i < PUBLISH_LAYOUTS; i++)
                encoder->templates[i].made = false;
}

void publish_encoder_end(PublishEncoder *encoder)
{
        encoder->message = NULL;
}

/* What all takers of the layout get alike. */
static void publish_of(const Message *message, const Delivery *delivery, msec_t now, Bytes strip,
                       Publish *ret)
{
        Bytes topic = message_topic(message);

        ret->topic = (Bytes){topic.data + strip.length, topic.length - strip.length};
        ret->payload = message_payload(message);
        ret->packet_id = delivery->packet_id;
        ret->qos = delivery->qos;
        ret->dup = delivery->dup;
        ret->retain = delivery->retain;
        properties_init(&ret->properties);
        ret->properties.raw_user = message_properties(message);
        if (message->expires != MESSAGE_NEVER_EXPIRES) {
                ret->properties.present |= PROPERTY_BIT(PROPERTY_MESSAGE_EXPIRY_INTERVAL);
                ret->properties.message_expiry_interval = message_expiry_left(message, now);
        }
        if (delivery->n_identifiers > 0) {
                ret->properties.present |= PROPERTY_BIT(PROPERTY_SUBSCRIPTION_IDENTIFIER);
                ret->properties.subscription_identifier = delivery->identifiers[0];
                ret->properties.identifiers = delivery->identifiers + 1;
                ret->properties.n_identifiers = delivery->n_identifiers - 1U;
        }
}

/* Small payloads follow their head in the same buffer, large ones are shared. */
static inline bool payload_is_inline(const Message *message)
{
        return message->payload_length < OUTPUT_SHARE_MIN;
}

static int append_payload(Output *output, Message *message)
{
        return payload_is_inline(message) ? 0
                                          : output_share(output, message, message_payload(message));
}

/* Encodes for one taker, straight into its output. */
static int append_single(const Publish *publish, Message *message, const PublishTarget *target,
                         size_t *ret_size)
{
        Buffer *bytes = &target->output->bytes;
        PublishLayout layout;
        uint8_t *end;
        int r;

        r = publish_measure(publish, target->version, &layout);
        if (r < 0 || (target->max_size > 0 && layout.size > target->max_size))
                return REASON_PACKET_TOO_LARGE;
        if (buffer_reserve(bytes, layout.head + OUTPUT_SHARE_MIN) < 0)
                return -ENOMEM;
        end = publish_write_head(publish, target->version, &layout, buffer_tail(bytes));
        if (payload_is_inline(message))
                end = write_bytes(end, publish->payload);
        buffer_commit(bytes, (size_t)(end - buffer_tail(bytes)));
        *ret_size = layout.size;
        r = append_payload(target->output, message);
        if (r < 0)
                bytes->end -= layout.head;
        return r;
}

/* With an alias in place of the topic, or beside it the first time. */
static int append_aliased(Publish *publish, Message *message, const PublishTarget *target,
                          size_t *ret_size)
{
        Bytes topic = publish->topic;
        bool known;
        uint16_t alias = aliases_for(target->aliases, topic, &known);
        int r;

        if (alias > 0) {
                publish->properties.present |= PROPERTY_BIT(PROPERTY_TOPIC_ALIAS);
                publish->properties.topic_alias = alias;
                if (known)
                        publish->topic = (Bytes){};
        }
        r = append_single(publish, message, target, ret_size);
        if (r == REASON_PACKET_TOO_LARGE && alias > 0) {
                /* It may fit without the three bytes of the alias. */
                publish->properties.present &= ~PROPERTY_BIT(PROPERTY_TOPIC_ALIAS);
                publish->topic = topic;
                return append_single(publish, message, target, ret_size);
        }
        if (r == 0 && alias > 0 && !known)
                r = aliases_sent(target->aliases, topic);
        return r;
}

static int template_make(PublishEncoder *encoder, const Delivery *delivery,
                         const PublishTarget *target, PublishTemplate *template)
{
        Buffer *bytes = &encoder->bytes;
        Message *message = encoder->message;
        Publish publish;
        uint8_t *end;

        publish_of(message, delivery, encoder->now, target->strip, &publish);
        if (publish_measure(&publish, target->version, &template->layout) < 0)
                return REASON_PACKET_TOO_LARGE;
        if (buffer_reserve(bytes, template->layout.head + OUTPUT_SHARE_MIN) < 0)
                return -ENOMEM;
        end = publish_write_head(&publish, target->version, &template->layout, buffer_tail(bytes));
        if (payload_is_inline(message))
                end = write_bytes(end, publish.payload);
        template->at = buffer_length(bytes);
        buffer_commit(bytes, (size_t)(end - buffer_tail(bytes)));
        template->made = true;
        return 0;
}

static int append_template(PublishEncoder *encoder, const Delivery *delivery,
                           const PublishTarget *target, size_t *ret_size)
{
        PublishTemplate *template =
                &encoder->templates[((target->version == MQTT_5) * 3 + delivery->qos) * 2 +
                                    delivery->retain];
        Buffer *bytes = &target->output->bytes;
        const PublishLayout *layout = &template->layout;
        size_t length;
        int r;

        if (!template->made) {
                r = template_make(encoder, delivery, target, template);
                if (r != 0)
                        return r;
        }
        if (target->max_size > 0 && layout->size > target->max_size)
                return REASON_PACKET_TOO_LARGE;
        length = payload_is_inline(encoder->message) ? layout->size : layout->head;
        if (buffer_reserve(bytes, length) < 0)
                return -ENOMEM;
        memcpy(buffer_tail(bytes), buffer_head(&encoder->bytes) + template->at, length);
        if (delivery->qos > 0)
                write_u16(buffer_tail(bytes) + layout->packet_id_at, delivery->packet_id);
        buffer_commit(bytes, length);
        *ret_size = layout->size;
        r = append_payload(target->output, encoder->message);
        if (r < 0)
                bytes->end -= length;
        return r;
}

int publish_encoder_append(PublishEncoder *encoder, const Delivery *delivery, msec_t now,
                           const PublishTarget *target, size_t *ret_size)
{
        Publish publish;

        if (encoder->message == delivery->message && encoder->message && !target->aliases &&
            delivery->n_identifiers == 0 && !delivery->dup && target->strip.length == 0)
                return append_template(encoder, delivery, target, ret_size);
        publish_of(delivery->message, delivery, now, target->strip, &publish);
        if (target->aliases)
                return append_aliased(&publish, delivery->message, target, ret_size);
        return append_single(&publish, delivery->message, target, ret_size);
}
