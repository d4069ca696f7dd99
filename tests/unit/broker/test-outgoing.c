/* SPDX-License-Identifier: Apache-2.0 */
/* test-outgoing.c: what two words hold. */
#include <glib.h>

#include "broker/outgoing.h"
#include "broker/router.h"
#include "mqtt/protocol.h"

typedef struct Case {
        uint32_t identifiers[3];
        uint16_t n_identifiers;
        uint8_t qos;
        bool retain;
} Case;

static const Case cases[] = {
        {{0}, 0, 0, false},   {{0}, 0, 2, true},
        {{1}, 1, 1, false},   {{MQTT_VARINT_MAX}, 1, 2, true},
        {{5, 7}, 2, 1, true}, {{MQTT_VARINT_MAX, 1, 2}, 3, 2, false},
};

static void check(const Case *c, Message *message)
{
        Offer offer = {
                .message = message,
                .identifiers = c->identifiers,
                .n_identifiers = c->n_identifiers,
                .qos = c->qos,
                .retain = c->retain,
        };
        Outgoing outgoing;
        uint32_t identifier;
        Delivery delivery;

        g_assert_cmpint(outgoing_init(&outgoing, &offer), ==, 0);
        g_assert_cmpuint(outgoing_qos(&outgoing), ==, c->qos);
        g_assert_null(outgoing_group(&outgoing));
        outgoing_deliver(&outgoing, &identifier, &delivery);
        g_assert_true(delivery.message == message);
        g_assert_cmpuint(delivery.qos, ==, c->qos);
        g_assert_true(delivery.retain == c->retain);
        g_assert_false(delivery.dup);
        g_assert_cmpuint(delivery.packet_id, ==, 0);
        g_assert_cmpuint(delivery.n_identifiers, ==, c->n_identifiers);
        for (unsigned i = 0; i < c->n_identifiers; i++)
                g_assert_cmpuint(delivery.identifiers[i], ==, c->identifiers[i]);
        g_assert_cmpuint(message->references, ==, 2);
        outgoing_done(&outgoing);
        g_assert_cmpuint(message->references, ==, 1);
        outgoing_done(&outgoing);
}

static void test_keeps_what_was_offered(void)
{
        MessageParts parts = {.topic = BYTES_LITERAL("t"), .expires = MESSAGE_NEVER_EXPIRES};
        _cleanup_(message_unrefp) Message *message = NULL;

        g_assert_cmpint(message_new(&parts, &message), ==, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                check(&cases[i], message);
        g_assert_cmpuint(sizeof(Outgoing), ==, 2 * sizeof(void *));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/broker/outgoing/keeps-what-was-offered", test_keeps_what_was_offered);
        return g_test_run();
}
