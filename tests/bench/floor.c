/* SPDX-License-Identifier: Apache-2.0 */
/* hawker-floor: what the kernel alone costs. Answers CONNECT and SUBSCRIBE of hawker-bench, then
 * forwards bytes and looks at none: from pub-N to sub-N, or from the only publisher to all. With a
 * certificate it does so behind TLS: then it shows what GnuTLS and the kernel cost together. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/buffer.h"
#include "bench/tls.h"
#include "bench/wire.h"

#define PEERS_MAX    4096
#define CHUNK_SIZE   (256u * 1024)
#define EVENTS_MAX   512
#define CLIENT_ID_AT 12 /* in the body of a CONNECT: protocol name, level, flags, keep alive */

typedef enum Role {
        ROLE_UNKNOWN,
        ROLE_PUBLISHER,
        ROLE_SUBSCRIBER,
} Role;

typedef struct Peer {
        int fd;
        Role role;
        unsigned number;
        bool blocked;
        bool shaking;
        TlsLink *tls; /* NULL: plain */
        Buffer out;
} Peer;

typedef struct Floor {
        int epoll_fd;
        int listen_fd;
        TlsHub *tls; /* NULL: plain */
        unsigned publishers;
        unsigned subscribers;
        Peer *subscriber[PEERS_MAX]; /* by number */
        uint8_t chunk[CHUNK_SIZE];
} Floor;

static int floor_watch(Floor *floor, int operation, int fd, uint32_t events, void *data)
{
        struct epoll_event event = {.events = events, .data.ptr = data};

        return epoll_ctl(floor->epoll_fd, operation, fd, &event) < 0 ? -errno : 0;
}

static int floor_listen(Floor *floor, uint16_t port)
{
        struct sockaddr_in address = {
                .sin_family = AF_INET,
                .sin_port = htons(port),
                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        };
        const int on = 1;

        floor->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        floor->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (floor->epoll_fd < 0 || floor->listen_fd < 0)
                return -errno;
        setsockopt(floor->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (bind(floor->listen_fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
            listen(floor->listen_fd, 1024) < 0)
                return -errno;
        return floor_watch(floor, EPOLL_CTL_ADD, floor->listen_fd, EPOLLIN, NULL);
}

static void floor_accept(Floor *floor)
{
        const int on = 1;
        Peer *peer;
        int fd;

        fd = accept4(floor->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
                return;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        peer = calloc(1, sizeof(*peer));
        if (!peer || (floor->tls && tls_link_new(floor->tls, fd, &peer->tls) < 0))
                abort();
        peer->fd = fd;
        peer->shaking = peer->tls != NULL;
        floor_watch(floor, EPOLL_CTL_ADD, fd, EPOLLIN, peer);
}

static void peer_close(Floor *floor, Peer *peer)
{
        if (peer->role == ROLE_SUBSCRIBER)
                floor->subscriber[peer->number] = NULL;
        tls_link_free(peer->tls);
        close(peer->fd);
        buffer_done(&peer->out);
        free(peer);
}

static size_t peer_write(Peer *peer, const uint8_t *data, size_t size)
{
        ssize_t n = peer->tls ? tls_link_write(peer->tls, data, size)
                              : send(peer->fd, data, size, MSG_NOSIGNAL);

        return n < 0 ? 0 : (size_t)n;
}

static ssize_t peer_read(Peer *peer, uint8_t *data, size_t size)
{
        ssize_t n;

        if (peer->tls)
                return tls_link_read(peer->tls, data, size);
        n = recv(peer->fd, data, size, 0);
        return n < 0 ? -errno : n;
}

/* What does not go out now waits; the generator's window bounds it. */
static void peer_send(Floor *floor, Peer *peer, const uint8_t *data, size_t size)
{
        size_t n = peer->blocked ? 0 : peer_write(peer, data, size);

        if (n == size)
                return;
        if (buffer_append(&peer->out, data + n, size - n) < 0)
                abort();
        if (!peer->blocked)
                floor_watch(floor, EPOLL_CTL_MOD, peer->fd, EPOLLIN | EPOLLOUT, peer);
        peer->blocked = true;
}

static void peer_writable(Floor *floor, Peer *peer)
{
        size_t n = peer_write(peer, peer->out.data + peer->out.start, buffer_size(&peer->out));

        buffer_consume(&peer->out, n);
        if (buffer_size(&peer->out) > 0)
                return;
        peer->blocked = false;
        floor_watch(floor, EPOLL_CTL_MOD, peer->fd, EPOLLIN, peer);
}

static void peer_forward(Floor *floor, Peer *peer, size_t size)
{
        if (floor->publishers > 1) {
                if (floor->subscriber[peer->number])
                        peer_send(floor, floor->subscriber[peer->number], floor->chunk, size);
                return;
        }
        for (unsigned i = 0; i < floor->subscribers; i++)
                if (floor->subscriber[i])
                        peer_send(floor, floor->subscriber[i], floor->chunk, size);
}

/* "pub-N" and "sub-N" of the generator's client identifiers; others come to go again. */
static void peer_introduce(Floor *floor, Peer *peer, const Packet *packet)
{
        static const uint8_t accepted[] = {PACKET_CONNACK << 4, 2, 0, 0};
        char id[32] = "", kind[4] = "";
        size_t size = packet->size > CLIENT_ID_AT ? packet->size - CLIENT_ID_AT : 0;

        memcpy(id, packet->body + packet->size - size, size < sizeof(id) ? size : sizeof(id) - 1);
        sscanf(id, "%3[a-z]-%u", kind, &peer->number);
        if (peer->number >= PEERS_MAX)
                return;
        if (strcmp(kind, "pub") == 0) {
                peer->role = ROLE_PUBLISHER;
                floor->publishers++;
        } else if (strcmp(kind, "sub") == 0) {
                peer->role = ROLE_SUBSCRIBER;
                floor->subscriber[peer->number] = peer;
                floor->subscribers++;
        }
        peer_send(floor, peer, accepted, sizeof(accepted));
}

/* One packet at a time comes before traffic: the generator waits for each answer. */
static void peer_handshake(Floor *floor, Peer *peer, size_t size)
{
        uint8_t granted[] = {PACKET_SUBACK << 4, 3, 0, 0, 0};
        Packet packet;
        size_t used;

        if (wire_next(floor->chunk, size, &used, &packet) <= 0)
                return;
        if (packet.type == PACKET_CONNECT) {
                peer_introduce(floor, peer, &packet);
        } else if (packet.type == PACKET_SUBSCRIBE && packet.size > 2) {
                memcpy(granted + 2, packet.body, 2);
                peer_send(floor, peer, granted, sizeof(granted));
        } else if (packet.type == PACKET_DISCONNECT) {
                peer_close(floor, peer);
        }
}

static void peer_event(Floor *floor, Peer *peer, uint32_t events)
{
        ssize_t n;

        if (events & EPOLLOUT)
                peer_writable(floor, peer);
        if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
                return;
        if (peer->shaking) {
                int r = tls_link_handshake(peer->tls);

                peer->shaking = r < 0;
                if (r < 0 && r != -EAGAIN)
                        peer_close(floor, peer);
                return;
        }
        n = peer_read(peer, floor->chunk, sizeof(floor->chunk));
        if (n == 0 || (n < 0 && n != -EAGAIN))
                peer_close(floor, peer);
        else if (n > 0 && peer->role == ROLE_PUBLISHER)
                peer_forward(floor, peer, (size_t)n);
        else if (n > 0)
                peer_handshake(floor, peer, (size_t)n);
}

int main(int argc, char **argv)
{
        static Floor floor;
        struct epoll_event events[EVENTS_MAX];
        int r, n;

        if (argc != 2 && argc != 4) {
                fprintf(stderr, "Usage: hawker-floor PORT [CERTIFICATE KEY]\n");
                return 2;
        }
        r = argc == 4 ? tls_hub_new_server(argv[2], argv[3], &floor.tls) : 0;
        if (r == 0)
                r = floor_listen(&floor, (uint16_t)atoi(argv[1]));
        if (r < 0) {
                fprintf(stderr, "hawker-floor: %s\n", strerror(-r));
                return 1;
        }
        for (;;) {
                n = epoll_wait(floor.epoll_fd, events, EVENTS_MAX, -1);
                if (n < 0 && errno != EINTR)
                        return 1;
                for (int i = 0; i < n; i++) {
                        if (events[i].data.ptr)
                                peer_event(&floor, events[i].data.ptr, events[i].events);
                        else
                                floor_accept(&floor);
                }
        }
}
