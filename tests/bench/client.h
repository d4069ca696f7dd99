/* SPDX-License-Identifier: Apache-2.0 */
/* One MQTT client: connects, frames what it reads, sends its buffer once per turn. */
/* Thread: the loop's */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/buffer.h"
#include "bench/tls.h"
#include "bench/websocket.h"
#include "bench/wire.h"

typedef struct Client Client;

/* What the owner wants to know. All may be NULL but `closed`. */
typedef struct ClientEvents {
        /* CONNACK accepted. */
        void (*open)(Client *client);
        /* Any other whole packet. */
        void (*packet)(Client *client, const Packet *packet);
        /* The buffer has room: append up to CLIENT_HIGH_WATER; true when there would be more. */
        bool (*fill)(Client *client);
        /* The connection is gone: 0 when the broker closed it, a reason code or -errno; the client
         * is closed already and may be opened again. */
        void (*closed)(Client *client, int error);
} ClientEvents;

/* Encoded ahead of the socket: up to HIGH when less than LOW is left. */
#define CLIENT_HIGH_WATER (256u * 1024)
#define CLIENT_LOW_WATER  (64u * 1024)

#define CLIENT_SCRATCH_SIZE (512u * 1024)

/* What the clients of one loop share: it is embedded there. */
typedef struct ClientHub {
        int epoll_fd;     /* the events' data is the client */
        uint32_t opened;  /* connections ever */
        uint8_t *scratch; /* all clients read into this */
        TlsHub *tls;      /* NULL: clients are opened without TLS */
        bool in_frames;   /* clients are opened with WebSocket */
        Client *dirty;    /* those that have something to send, or may have */
        Client **dirty_end;
} ClientHub;

/* Returns 0 or -errno; client_hub_done() in either case. */
int client_hub_init(ClientHub *hub);

/* From now on clients are opened with TLS, or go on without. Returns 0 or -errno. */
int client_hub_secure(ClientHub *hub, TlsMode mode);

/* After the last client has been closed. */
void client_hub_done(ClientHub *hub);

/* Sends what the dirty clients have. */
void client_hub_flush(ClientHub *hub);

/* Open to its owners, who embed it; zeroed and client_init() is a valid closed client. */
struct Client {
        int fd;
        unsigned number; /* its place among its kind */
        uint8_t version;
        bool dirty;               /* in the hub's list */
        bool blocked;             /* the socket is full: EPOLLOUT is armed */
        bool shaking;             /* the TLS handshake is not done */
        uint32_t progress;        /* the owner's */
        TlsLink *tls;             /* NULL: plain */
        WebsocketLink *websocket; /* NULL: MQTT as it is */
        ClientHub *hub;
        const ClientEvents *events;
        void *owner;
        Buffer out;
        Buffer stash; /* the start of a packet whose end has not come */
        Client *next_dirty;
};

void client_init(Client *client, ClientHub *hub, unsigned number);

/* Starts to connect, with TLS and WebSocket if the hub says so, and queues CONNECT. Returns 0 or
 * -errno. */
int client_open(Client *client, const struct sockaddr_in *address, const Hello *hello);

/* Closes with a reset, so that no port stays in TIME_WAIT, and frees the buffers. */
void client_close(Client *client);

/* Asks for a flush at the end of this turn. */
void client_mark(Client *client);

/* For the loop: epoll said `events`. */
void client_event(Client *client, uint32_t events);
