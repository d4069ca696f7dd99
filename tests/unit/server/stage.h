/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A data plane whose workers have no threads: the test turns them, one after the other, and its
 * clients are the other ends of socketpairs. Time passes only when the test says so.
 *
 * Whatever goes wrong aborts: it is a bug, of the test or of what it tests.
 *
 * Thread: the test's
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/settings.h"
#include "mqtt/connack.h"
#include "mqtt/connect.h"
#include "mqtt/packet.h"
#include "mqtt/publish.h"
#include "server/plane.h"
#include "server/server.h"
#include "server/shard-loop.h"
#include "store/store.h"

/* In every build type. */
#define stage_must(condition)                                                                      \
        do {                                                                                       \
                if (!(condition))                                                                  \
                        stage_fail(__FILE__, __LINE__, #condition);                                \
        } while (0)

__attribute__((noreturn)) void stage_fail(const char *file, int line, const char *what);

typedef struct Stage {
        Settings *settings;
        Server *server;
        Plane *plane;
        Endpoint *endpoint;   /* of a listener like every other, but nobody accepts */
        AccessPolicy *policy; /* for endpoints to come; NULL: none. See stage-access.h */
        Store *store;         /* with `persistence`: one in memory; NULL: none */
        bool waits;           /* nothing is committed but by stage_commit() */
} Stage;

/* Default settings, which adjust (may be NULL) changes before they are used. */
void stage_init(Stage *stage, unsigned workers, void (*adjust)(Settings *settings));

/* Another server with the settings of the stage, for one that has none. */
void stage_serve(Stage *stage);

/* Stops in order, as server_stop() does; must find that nothing is left behind. Clients that are
 * still open may be read and must be closed afterwards. */
void stage_stop(Stage *stage);

/* Frees all; stops before if that was not done. */
void stage_done(Stage *stage);

/* Newer settings, which are default but for adjust, and the endpoint with them. Takes effect with
 * the next turn. */
void stage_reload(Stage *stage, void (*adjust)(Settings *settings));

/* Turns all workers a few times: enough for a packet to go in, across, and out again. */
void stage_turn(Stage *stage);

/* One turn of a worker that is held up between waiting and taking its mail: meanwhile happens then,
 * and may turn the others. */
void stage_stall(Stage *stage, unsigned worker, void (*meanwhile)(void *data), void *data);

/* With a store: what was handed over to it is on the disk; and turns. */
void stage_commit(Stage *stage);
/* What is in this table of the store. */
size_t stage_count(Stage *stage, unsigned table);

/* Lets time pass, all at once. */
void stage_pass(Stage *stage, msec_t ms);

/* The clock goes on while no worker turns. */
void stage_sleep(msec_t ms);

/* The same point of time for all workers. */
msec_t stage_now(void);

static inline Shard *stage_shard(const Stage *stage, unsigned worker)
{
        return &stage->plane->shards[worker];
}

/* A client identifier, `name` and a number, that the worker owns. Ends with the next call but
 * three. */
const char *stage_id(const Stage *stage, unsigned worker, const char *name);

ServerCounters stage_counters(const Stage *stage);

/* --- clients --- */

typedef struct Client {
        Stage *stage;
        int fd;
        MqttVersion version;
        bool ended; /* the broker has closed */
        Buffer input;
        size_t taken; /* of input, by the last client_take() */
        uint16_t last_id;
} Client;

/* A connection that arrives at this worker; nothing is sent. */
Client *client_new(Stage *stage, unsigned worker, MqttVersion version);
/* Closes without a word. Takes NULL. */
Client *client_free(Client *client);
DEFINE_CLEANUP(Client, client_free)

/* Turns the workers when they must read first. False: the broker has closed. */
bool client_send(Client *client, const void *data, size_t length);
/* What an encoder has put into the buffer; empties and frees it. */
void client_send_buffer(Client *client, Buffer *buffer);
/* A whole packet that is text or has no body. */
void client_send_bytes(Client *client, Bytes bytes);

/* The next packet, or false when the broker sends nothing more for now, or has closed. The view
 * holds until the next call. */
bool client_try(Client *client, Packet *ret_packet);
/* The next packet is of this type. */
Packet client_take(Client *client, PacketType type);
/* There is no packet, and the connection is open. */
void client_take_nothing(Client *client);
/* There is no packet, and the connection is closed. */
void client_take_end(Client *client);
/* How many bytes are there to read now; takes none. Does not turn. */
size_t client_available(const Client *client);

/* What all CONNECTs have that do not say otherwise: clean start, no keep alive. */
Connect client_connect_base(const Client *client, const char *id);
/* Sends it and takes the CONNACK, which may refuse. */
Connack client_connect(Client *client, const Connect *connect);
/* client_new() and client_connect(), which must be accepted. */
Client *client_join(Stage *stage, unsigned worker, MqttVersion version, const char *id);

/* options: the byte of the SUBSCRIBE. Returns the one of the SUBACK. */
uint8_t client_subscribe(Client *client, const char *filter, uint8_t options);

/* Sends; at QoS 1 and 2 with a new identifier, which is returned, and takes no acknowledgement. */
uint16_t client_publish(Client *client, const char *topic, Bytes payload, uint8_t qos);
void client_publish_packet(Client *client, const Publish *publish);
/* The next packet is this PUBLISH. The views hold until the next call. */
Publish client_take_publish(Client *client, const char *topic, Bytes payload);
/* Of the type, with the identifier; returns its reason code. */
uint8_t client_take_ack(Client *client, PacketType type, uint16_t id);
void client_ack(Client *client, PacketType type, uint16_t id);
/* PINGREQ; the next packet is the answer. */
void client_ping(Client *client);
/* The next packet is a DISCONNECT with this reason, and then the end. */
void client_take_disconnect(Client *client, uint8_t reason);
