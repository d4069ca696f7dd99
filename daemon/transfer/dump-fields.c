/* SPDX-License-Identifier: Apache-2.0 */
/* dump-fields.c: names, and where the values are. */
#include "transfer/dump-fields.h"

#include "broker/message.h"
#include "transfer/store-record.h"

#define NAME(_name)          _name, NULL
#define TEXT(_name)          _name, _name "_base64"
#define RECORD(_member)      offsetof(StoreRecord, _member)
#define OPTIONAL(_type, _at) (_type), (_at), 0, true
#define BITS(_member, _mask) DUMP_BITS, RECORD(_member), (_mask)
#define MESSAGE_FIELDS                                                                             \
        {NAME("number"), DUMP_U64, RECORD(message.number)},                                        \
                {TEXT("topic"), DUMP_TEXT, RECORD(message.topic)},                                 \
                {NAME("qos"), BITS(message.flags, PERSIST_MESSAGE_QOS)},                           \
                {NAME("retain"), BITS(message.flags, PERSIST_MESSAGE_RETAIN)},                     \
                {NAME("received"), DUMP_TIME, RECORD(message.received)},                           \
                {NAME("expires"), DUMP_TIME, RECORD(message.expires)},                             \
                {NAME("properties"), OPTIONAL(DUMP_BASE64, RECORD(message.properties))},           \
        {                                                                                          \
                NAME("payload"), DUMP_BASE64, RECORD(message.payload)                              \
        }

static const DumpField meta_fields[] = {
        {NAME("key"), DUMP_BASE64, RECORD(raw.key)},
        {NAME("value"), DUMP_BASE64, RECORD(raw.value)},
        {},
};

static const DumpField message_fields[] = {MESSAGE_FIELDS, {}};

static const DumpField done_fields[] = {
        {NAME("message"), DUMP_U64, RECORD(done.message)},
        {NAME("session"), DUMP_U32, RECORD(done.session)},
        {},
};

static const DumpField flight_fields[] = {
        {NAME("session"), DUMP_U32, RECORD(flight.session)},
        {NAME("packet_id"), DUMP_U16, RECORD(flight.packet_id)},
        {NAME("qos"), DUMP_U8, RECORD(flight.qos)},
        {NAME("message"), DUMP_U64, RECORD(flight.message)},
        {NAME("order"), DUMP_U64, RECORD(flight.order)},
        {},
};

static const DumpField received_fields[] = {
        {NAME("session"), DUMP_U32, RECORD(received.session)},
        {NAME("packet_id"), DUMP_U16, RECORD(received.packet_id)},
        {},
};

static const DumpField session_fields[] = {
        {NAME("number"), DUMP_U32, RECORD(session.number)},
        {TEXT("client_id"), DUMP_TEXT, RECORD(session.client_id)},
        {NAME("expiry"), DUMP_SECONDS, RECORD(session.expiry)},
        {NAME("end"), DUMP_TIME, RECORD(session.end)},
        {NAME("will_due"), DUMP_TIME, RECORD(session.will_due)},
        {NAME("will_delay"), DUMP_U32, RECORD(session.will_delay)},
        {NAME("last_packet_id"), DUMP_U16, RECORD(session.last_id)},
        {TEXT("username"), OPTIONAL(DUMP_TEXT, RECORD(session.owner))},
        {},
};

static const DumpField subscription_fields[] = {
        {NAME("session"), DUMP_U32, RECORD(subscription.session)},
        {TEXT("filter"), DUMP_TEXT, RECORD(subscription.text)},
        {NAME("options"), DUMP_U8, RECORD(subscription.options)},
        {NAME("identifier"), OPTIONAL(DUMP_U32, RECORD(subscription.identifier))},
        {},
};

const DumpField dump_taker_fields[] = {
        {NAME("session"), DUMP_U32, offsetof(PersistTaker, session)},
        {NAME("qos"), DUMP_BITS, offsetof(PersistTaker, flags), PERSIST_TAKER_QOS},
        {NAME("retain"), DUMP_BITS, offsetof(PersistTaker, flags), PERSIST_TAKER_RETAIN},
        {NAME("packet_id"), OPTIONAL(DUMP_U16, offsetof(PersistTaker, packet_id))},
        {TEXT("group"), OPTIONAL(DUMP_TEXT, offsetof(PersistTaker, group))},
        {},
};

const DumpField dump_author_fields[] = {
        {TEXT("client_id"), DUMP_TEXT, offsetof(MessageAuthor, client_id)},
        {TEXT("listener"), OPTIONAL(DUMP_TEXT, offsetof(MessageAuthor, listener))},
        {},
};

const DumpField dump_will_fields[] = {
        {TEXT("topic"), DUMP_TEXT, offsetof(MessageParts, topic)},
        {NAME("qos"), DUMP_U8, offsetof(MessageParts, qos)},
        {NAME("retain"), DUMP_BOOL, offsetof(MessageParts, retain)},
        {NAME("expiry"), DUMP_SECONDS, offsetof(MessageParts, expires)},
        {NAME("properties"), OPTIONAL(DUMP_BASE64, offsetof(MessageParts, properties))},
        {NAME("payload"), DUMP_BASE64, offsetof(MessageParts, payload)},
        {},
};

const DumpKind dump_kinds[] = {
        {"meta", PERSIST_META, meta_fields},
        {"session", PERSIST_SESSION, session_fields},
        {"subscription", PERSIST_SUBSCRIPTION, subscription_fields},
        {"retained", PERSIST_RETAINED, message_fields},
        {"message", PERSIST_LOG, message_fields},
        {"done", PERSIST_DONE, done_fields},
        {"flight", PERSIST_FLIGHT, flight_fields},
        {"received", PERSIST_RECEIVED, received_fields},
        {"damaged", PERSIST_DAMAGED, meta_fields},
};

const size_t n_dump_kinds = ARRAY_SIZE(dump_kinds);
