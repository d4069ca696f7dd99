/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A stage whose listener speaks HTTP: the test is the HTTP thread, for what links this is linked
 * with --wrap=http_adopt, and its clients speak raw bytes.
 *
 * Thread: the test's
 */
#pragma once

#include <glib.h>

#include "server/http.h"
#include "stage.h"

#define HEAD     "GET /mqtt HTTP/1.1\r\nHost: a\r\n\r\n"
#define UPGRADED "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
#define MASK     "\0\0\0\0"
/* CONNECT of MQTT 3.1.1 with client identifier "a", and the CONNACK. */
#define CONNECT "\x82\x8F" MASK "\x10\x0D\0\4MQTT\4\2\0\0\0\1a"
#define CONNACK "\x82\4\x20\2\0\0"

/* The visit that came last, and our end of its pair. */
typedef struct Fake {
        unsigned n_visits;
        int refuse; /* -errno; 0: no */
        int fd;     /* -1: none, or closed */
        HttpVisit *visit;
} Fake;

extern Fake fake;

void fake_begin(void);
/* Closes it. */
void fake_end(void);
/* What was asked, to the last byte, and no more. */
void fake_take(Bytes wanted);
void fake_answer(Stage *stage, Bytes answer);

/* All that is there to read. *ret_ended: no more will come. */
GByteArray *read_all(int fd, bool *ret_ended);

/* From the client. */
void say(Client *client, Bytes bytes);
/* This is all that there is, and then the end or not. */
void hear(Client *client, Bytes wanted, bool ends);

/* The listener of a stage. */
void websockets(Settings *settings);
/* A stage and a client whose upgrade has been answered, which it knows. */
Client *upgrade(Stage *stage, void (*adjust)(Settings *settings));
/* Nothing is left of it, nor of the stage. */
void end_stage(Stage *stage, Client *client);
