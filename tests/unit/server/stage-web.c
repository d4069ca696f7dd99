/* SPDX-License-Identifier: Apache-2.0 */

/* A stage whose listener speaks HTTP. */

#include "stage-web.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- the HTTP thread --- */

int __wrap_http_adopt(Http *http, HttpVisit *visit, int fd);

Fake fake = {.fd = -1};

void fake_begin(void)
{
        fake = (Fake){.fd = -1};
}

void fake_end(void)
{
        if (fake.fd >= 0)
                close(TAKE_FD(fake.fd));
        fake.visit = http_visit_unref(fake.visit);
}

int __wrap_http_adopt(Http *http, HttpVisit *visit, int fd)
{
        g_assert_nonnull(http);
        if (fake.refuse < 0)
                return fake.refuse;
        fake_end();
        fake.n_visits++;
        fake.fd = fd;
        fake.visit = http_visit_ref(visit);
        return 0;
}

GByteArray *read_all(int fd, bool *ret_ended)
{
        GByteArray *all = g_byte_array_new();
        uint8_t data[4096];
        ssize_t n;

        while ((n = recv(fd, data, sizeof(data), MSG_DONTWAIT)) > 0)
                g_byte_array_append(all, data, (guint)n);
        *ret_ended = n == 0 || errno != EAGAIN;
        return all;
}

static void assert_bytes(const GByteArray *got, Bytes wanted)
{
        g_assert_cmpmem(got->data, got->len, wanted.data, wanted.length);
}

void fake_take(Bytes wanted)
{
        bool ended;
        g_autoptr(GByteArray) all = read_all(fake.fd, &ended);

        assert_bytes(all, wanted);
        g_assert_false(ended);
}

void fake_answer(Stage *stage, Bytes answer)
{
        g_assert_cmpint(send(fake.fd, answer.data, answer.length, MSG_NOSIGNAL), ==,
                        (ssize_t)answer.length);
        stage_turn(stage);
}

/* --- the client --- */

void say(Client *client, Bytes bytes)
{
        client_send_bytes(client, bytes);
        stage_turn(client->stage);
}

void hear(Client *client, Bytes wanted, bool ends)
{
        g_autoptr(GByteArray) all = NULL;
        bool ended;

        stage_turn(client->stage);
        all = read_all(client->fd, &ended);
        assert_bytes(all, wanted);
        g_assert_cmpint(ended, ==, ends);
}

/* --- the stage --- */

void websockets(Settings *settings)
{
        settings->listeners[0].protocol = LISTENER_WEBSOCKETS;
        settings->packet_buffer_size = 512;
        settings->connect_timeout = 10;
}

Client *upgrade(Stage *stage, void (*adjust)(Settings *settings))
{
        Client *client;

        fake_begin();
        stage_init(stage, 1, adjust);
        client = client_new(stage, 0, MQTT_3_1_1);
        say(client, BYTES_LITERAL(HEAD));
        fake_answer(stage, BYTES_LITERAL(UPGRADED));
        hear(client, BYTES_LITERAL(UPGRADED), false);
        fake.visit = http_visit_unref(fake.visit);
        return client;
}

void end_stage(Stage *stage, Client *client)
{
        fake_end();
        client_free(client);
        stage_turn(stage);
        g_assert_cmpuint(stage_counters(stage).sockets_open, ==, 0);
        stage_done(stage);
}
