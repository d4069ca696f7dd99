/* SPDX-License-Identifier: Apache-2.0 */

/* Who sends very much is served behind those who do not. */

#include <glib.h>

#include "server/shard.h"
#include "stage.h"

/* PUBLISH of one letter to `b`. */
#define PACKET_SIZE 7U
#define MANY        4000U

static void send_letters(Client *client, char letter, unsigned n)
{
        const uint8_t packet[] = {0x30, 5, 0, 1, 'b', 0, (uint8_t)letter};
        Buffer packets = {};

        g_assert_cmpuint(sizeof(packet), ==, PACKET_SIZE);
        for (unsigned i = 0; i < n; i++)
                g_assert_cmpint(buffer_append(&packets, packet, sizeof(packet)), ==, 0);
        client_send_buffer(client, &packets);
}

static void take_letter(Client *client, char letter)
{
        client_take_publish(client, "b", (Bytes){(const uint8_t *)&letter, 1});
}

static void take_letters(Client *client, char letter, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                take_letter(client, letter);
}

typedef struct Trio {
        Stage stage;
        Client *busy, *good, *taker;
} Trio;

static void begin(Trio *trio)
{
        stage_init(&trio->stage, 1, NULL);
        trio->busy = client_join(&trio->stage, 0, MQTT_5, "busy");
        trio->good = client_join(&trio->stage, 0, MQTT_5, "good");
        trio->taker = client_join(&trio->stage, 0, MQTT_5, "taker");
        g_assert_cmpuint(client_subscribe(trio->taker, "b", 0), ==, 0);
}

static void end(Trio *trio)
{
        client_free(trio->busy);
        client_free(trio->good);
        client_free(trio->taker);
        stage_done(&trio->stage);
}

/* Though it was there first; and only as long as it sends so much. */
static void test_order(void)
{
        Trio trio;

        begin(&trio);
        send_letters(trio.busy, 'b', 100);
        take_letters(trio.taker, 'b', 100);
        send_letters(trio.busy, 'b', 1);
        send_letters(trio.good, 'g', 1);
        take_letter(trio.taker, 'g');
        take_letter(trio.taker, 'b');
        send_letters(trio.busy, 'b', 1);
        send_letters(trio.good, 'g', 1);
        take_letter(trio.taker, 'b');
        take_letter(trio.taker, 'g');
        end(&trio);
}

/* Others may come meanwhile: so it is read from in pieces, and nothing is lost. */
static void test_pieces(void)
{
        unsigned turns = 0;
        Trio trio;

        begin(&trio);
        send_letters(trio.busy, 'b', 100);
        take_letters(trio.taker, 'b', 100);
        send_letters(trio.busy, 'b', MANY);
        for (size_t before = 0, now = 0; now < (size_t)MANY * PACKET_SIZE; before = now) {
                send_letters(trio.good, 'g', 1);
                shard_turn(stage_shard(&trio.stage, 0), 0);
                now = client_available(trio.taker) - ++turns * PACKET_SIZE;
                g_assert_cmpuint(now, >, before);
                g_assert_cmpuint(now - before, <=, (size_t)MANY * PACKET_SIZE / 4);
        }
        end(&trio);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/server/behind/order", test_order);
        g_test_add_func("/server/behind/pieces", test_pieces);
        return g_test_run();
}
