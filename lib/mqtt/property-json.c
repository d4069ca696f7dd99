/* SPDX-License-Identifier: Apache-2.0 */

/* The properties of a packet as JSON. */

#include "mqtt/property-json.h"

#include <stdio.h>

#include "util/macro.h"

static const char *const names[] = {
        [PROPERTY_PAYLOAD_FORMAT_INDICATOR] = "payload_format_indicator",
        [PROPERTY_MESSAGE_EXPIRY_INTERVAL] = "message_expiry_interval",
        [PROPERTY_CONTENT_TYPE] = "content_type",
        [PROPERTY_RESPONSE_TOPIC] = "response_topic",
        [PROPERTY_CORRELATION_DATA] = "correlation_data",
        [PROPERTY_SESSION_EXPIRY_INTERVAL] = "session_expiry_interval",
        [PROPERTY_ASSIGNED_CLIENT_IDENTIFIER] = "assigned_client_identifier",
        [PROPERTY_SERVER_KEEP_ALIVE] = "server_keep_alive",
        [PROPERTY_AUTHENTICATION_METHOD] = "authentication_method",
        [PROPERTY_REQUEST_PROBLEM_INFORMATION] = "request_problem_information",
        [PROPERTY_WILL_DELAY_INTERVAL] = "will_delay_interval",
        [PROPERTY_REQUEST_RESPONSE_INFORMATION] = "request_response_information",
        [PROPERTY_RESPONSE_INFORMATION] = "response_information",
        [PROPERTY_SERVER_REFERENCE] = "server_reference",
        [PROPERTY_REASON_STRING] = "reason_string",
        [PROPERTY_RECEIVE_MAXIMUM] = "receive_maximum",
        [PROPERTY_TOPIC_ALIAS_MAXIMUM] = "topic_alias_maximum",
        [PROPERTY_TOPIC_ALIAS] = "topic_alias",
        [PROPERTY_MAXIMUM_QOS] = "maximum_qos",
        [PROPERTY_RETAIN_AVAILABLE] = "retain_available",
        [PROPERTY_MAXIMUM_PACKET_SIZE] = "maximum_packet_size",
        [PROPERTY_WILDCARD_SUBSCRIPTION_AVAILABLE] = "wildcard_subscription_available",
        [PROPERTY_SUBSCRIPTION_IDENTIFIER_AVAILABLE] = "subscription_identifier_available",
        [PROPERTY_SHARED_SUBSCRIPTION_AVAILABLE] = "shared_subscription_available",
};

/* Those that a packet has once. The data of an authentication may be a password. */
static void put_one(JsonOut *json, const Property *property)
{
        if (property->id == PROPERTY_AUTHENTICATION_DATA)
                json_out_number(json, "authentication_data_size", property->value.length);
        else if ((size_t)property->id >= ARRAY_SIZE(names) || !names[property->id])
                return;
        else if (property->value.data)
                json_out_bytes(json, names[property->id], property->value);
        else
                json_out_number(json, names[property->id], property->number);
}

static void put_user(JsonOut *json, const Property *property)
{
        json_out_begin(json);
        json_out_bytes(json, "name", property->name);
        json_out_bytes(json, "value", property->value);
        json_out_end(json);
}

static void put_identifier(JsonOut *json, const Property *property)
{
        fprintf(json->to, "%u", (unsigned)property->number);
}

/* Those of this kind as an array, in their order. */
static void put_all(JsonOut *json, Bytes raw, PropertyId id,
                    void (*put)(JsonOut *json, const Property *property))
{
        const char *name =
                id == PROPERTY_USER_PROPERTY ? "user_properties" : "subscription_identifiers";
        Reader reader = reader_of(raw);
        Property property;
        bool first = true;

        while (!reader_is_empty(&reader) && property_next(&reader, &property) == 0) {
                if (property.id != id)
                        continue;
                if (first)
                        json_out_name(json, name);
                fputc(first ? '[' : ',', json->to);
                put(json, &property);
                first = false;
        }
        if (!first) {
                fputc(']', json->to);
                json->has_member = true;
        }
}

void property_json_write(JsonOut *json, const Properties *properties)
{
        Reader reader = reader_of(properties->raw);
        Property property;

        if (properties->raw.length == 0)
                return;
        json_out_name(json, "properties");
        json_out_begin(json);
        while (!reader_is_empty(&reader) && property_next(&reader, &property) == 0)
                if (property.id != PROPERTY_USER_PROPERTY &&
                    property.id != PROPERTY_SUBSCRIPTION_IDENTIFIER)
                        put_one(json, &property);
        put_all(json, properties->raw, PROPERTY_SUBSCRIPTION_IDENTIFIER, put_identifier);
        put_all(json, properties->raw, PROPERTY_USER_PROPERTY, put_user);
        json_out_end(json);
}
