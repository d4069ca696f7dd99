/* SPDX-License-Identifier: Apache-2.0 */
/* One MQTT client. */

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/client.h"

/* An idle client of ten thousand keeps at most this much memory for the next packet. */
#define KEEP_BUFFER (16u * 1024)

/* The kernel would let it grow to megabytes; then the window of large messages would wait in cold
 * memory, and the figures would say more about the machine's cache than about the broker. */
#define SEND_BUFFER (256 * 1024)

#define SOURCES 8

int client_hub_init(ClientHub *hub)
{
        *hub = (ClientHub){.epoll_fd = -1};
        hub->dirty_end = &hub->dirty;
        hub->scratch = malloc(CLIENT_SCRATCH_SIZE);
        if (!hub->scratch)
                return -ENOMEM;
        hub->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        return hub->epoll_fd < 0 ? -errno : 0;
}

void client_hub_done(ClientHub *hub)
{
        if (hub->epoll_fd >= 0)
                close(hub->epoll_fd);
        free(hub->scratch);
        tls_hub_free(hub->tls);
        *hub = (ClientHub){.epoll_fd = -1};
}

int client_hub_secure(ClientHub *hub, TlsMode mode)
{
        return mode == TLS_NONE ? 0 : tls_hub_new_client(mode, &hub->tls);
}

void client_init(Client *client, ClientHub *hub, unsigned number)
{
        *client = (Client){.fd = -1, .number = number, .hub = hub};
}

static int client_watch(Client *client, int operation, uint32_t events)
{
        struct epoll_event event = {.events = events, .data.ptr = client};

        return epoll_ctl(client->hub->epoll_fd, operation, client->fd, &event) < 0 ? -errno : 0;
}

/* Takes turns with the sources 127.0.1.1 to 127.0.1.8: with half of one address's ports in use,
 * the kernel would search thousands of them for each connection. */
static int client_bind(Client *client)
{
        const int on = 1;
        const struct sockaddr_in source = {
                .sin_family = AF_INET,
                .sin_addr.s_addr = htonl(0x7f000101 + client->hub->opened++ % SOURCES),
        };

        setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
        return bind(client->fd, (const struct sockaddr *)&source, sizeof(source)) < 0 ? -errno : 0;
}

int client_open(Client *client, const struct sockaddr_in *address, const Hello *hello)
{
        const int on = 1, send_buffer = SEND_BUFFER;
        int r;

        client->version = hello->version;
        client->blocked = false;
        client->shaking = client->hub->tls != NULL;
        client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (client->fd < 0)
                return -errno;
        setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        setsockopt(client->fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof(send_buffer));
        r = client_bind(client);
        if (r == 0 && connect(client->fd, (const struct sockaddr *)address, sizeof(*address)) < 0 &&
            errno != EINPROGRESS)
                r = -errno;
        if (r == 0)
                r = wire_put_connect(&client->out, hello);
        if (r == 0 && client->shaking)
                r = tls_link_new(client->hub->tls, client->fd, &client->tls);
        if (r == 0 && client->hub->in_frames)
                r = websocket_link_new(&client->websocket);
        if (r == 0)
                r = client_watch(client, EPOLL_CTL_ADD, EPOLLIN);
        if (r < 0) {
                client_close(client);
                return r;
        }
        /* On loopback the connection is usually complete already; else EPOLLOUT will tell. */
        client_mark(client);
        return 0;
}

void client_close(Client *client)
{
        const struct linger reset = {.l_onoff = 1};

        client->tls = tls_link_free(client->tls);
        client->websocket = websocket_link_free(client->websocket);
        if (client->fd >= 0) {
                setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
                close(client->fd);
                client->fd = -1;
        }
        buffer_done(&client->out);
        buffer_done(&client->stash);
}

static void client_lost(Client *client, int error)
{
        client_close(client);
        client->events->closed(client, error);
}

void client_mark(Client *client)
{
        if (client->dirty || client->blocked)
                return;
        client->dirty = true;
        client->next_dirty = NULL;
        *client->hub->dirty_end = client;
        client->hub->dirty_end = &client->next_dirty;
}

static void client_block(Client *client, bool blocked)
{
        if (client->blocked == blocked)
                return;
        client->blocked = blocked;
        client_watch(client, EPOLL_CTL_MOD, EPOLLIN | (blocked ? EPOLLOUT : 0));
}

/* True when there is no handshake, or no longer. */
static bool client_shake(Client *client)
{
        int r;

        if (!client->shaking)
                return true;
        r = tls_link_handshake(client->tls);
        if (r == -EAGAIN)
                client_block(client, tls_link_wants_write(client->tls));
        else if (r < 0)
                client_lost(client, r);
        else
                client->shaking = false;
        return r == 0;
}

static ssize_t client_send(Client *client, const void *data, size_t size)
{
        ssize_t n;

        if (client->tls)
                return tls_link_write(client->tls, data, size);
        n = send(client->fd, data, size, MSG_NOSIGNAL);
        return n < 0 ? -errno : n;
}

static ssize_t client_receive(Client *client, void *data, size_t size)
{
        ssize_t n;

        if (client->tls)
                return tls_link_read(client->tls, data, size);
        n = recv(client->fd, data, size, 0);
        return n < 0 ? -errno : n;
}

/* What goes to the socket as it is. */
static Buffer *client_wire(Client *client)
{
        return client->websocket ? websocket_link_out(client->websocket) : &client->out;
}

/* Packets that the owner has appended go to the wire. False: the client is lost. */
static bool client_frame(Client *client)
{
        int r = client->websocket ? websocket_link_frame(client->websocket, &client->out) : 0;

        if (r < 0)
                client_lost(client, r);
        return r == 0;
}

static void client_flush(Client *client)
{
        Buffer *out;
        bool more = false;
        ssize_t n;

        client->dirty = false;
        if (client->fd < 0 || client->blocked || !client_shake(client))
                return;
        out = client_wire(client);
        if (client->events->fill && buffer_size(out) < CLIENT_LOW_WATER)
                more = client->events->fill(client);
        if (client->fd < 0 || !client_frame(client) || buffer_size(out) == 0)
                return;

        n = client_send(client, out->data + out->start, buffer_size(out));
        if (n < 0 && n != -EAGAIN && n != -ENOTCONN && n != -EINTR) {
                client_lost(client, (int)n);
                return;
        }
        if (n > 0)
                buffer_consume(out, (size_t)n);
        if (buffer_size(out) > 0)
                client_block(client, true);
        else if (more)
                client_mark(client);
        else if (out->capacity > KEEP_BUFFER && !client->events->fill)
                buffer_done(out);
}

void client_hub_flush(ClientHub *hub)
{
        Client *client = hub->dirty, *next;

        hub->dirty = NULL;
        hub->dirty_end = &hub->dirty;
        for (; client; client = next) {
                next = client->next_dirty;
                client_flush(client);
        }
}

static void client_packet(Client *client, const Packet *packet)
{
        int r;

        if (packet->type != PACKET_CONNACK) {
                if (client->events->packet)
                        client->events->packet(client, packet);
                return;
        }
        r = wire_connack(packet);
        if (r != 0)
                client_lost(client, r);
        else if (client->events->open)
                client->events->open(client);
}

/* Hands out all whole packets and keeps the rest; a callback may close the client, or even open
 * it again with another descriptor. */
static void client_parse(Client *client, const uint8_t *data, size_t size)
{
        const int fd = client->fd;
        size_t at = 0, used;
        Packet packet;
        int r;

        while ((r = wire_next(data + at, size - at, &used, &packet)) > 0) {
                client_packet(client, &packet);
                if (client->fd != fd)
                        return;
                at += used;
        }
        if (r == 0 && at < size)
                r = buffer_append(&client->stash, data + at, size - at);
        if (r < 0)
                client_lost(client, r);
}

static void client_read(Client *client)
{
        uint8_t *scratch = client->hub->scratch;
        size_t kept = buffer_size(&client->stash);
        ssize_t n;

        n = client_receive(client, scratch + kept, CLIENT_SCRATCH_SIZE - kept);
        if (n > 0 && client->websocket) {
                n = websocket_link_read(client->websocket, scratch + kept, (size_t)n);
                if (n == -EAGAIN)
                        client_mark(client); /* the upgrade may have been accepted */
        }
        if (n <= 0) {
                if (n != -EAGAIN && n != -EINTR)
                        client_lost(client, (int)n);
                return;
        }
        if (kept > 0) {
                memcpy(scratch, client->stash.data + client->stash.start, kept);
                buffer_consume(&client->stash, kept);
        }
        client_parse(client, scratch, kept + (size_t)n);
}

void client_event(Client *client, uint32_t events)
{
        if (client->fd < 0)
                return;
        if (events & EPOLLOUT) {
                client_block(client, false);
                client_mark(client);
        }
        if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
                return;
        if (!client->shaking)
                client_read(client);
        else if (client_shake(client))
                client_mark(client);
}
