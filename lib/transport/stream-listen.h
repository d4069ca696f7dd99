/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Listening stream sockets, opened as an admin means them. All are non-blocking and close-on-exec.
 *
 * Thread: control (opening a Unix socket by path is no business of two threads at once)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/address.h"
#include "util/macro.h"

#define STREAM_LISTENING_MAX 16 /* addresses of one host name */

typedef struct StreamTcpAddress {
        const char *host;      /* number or name; NULL: all addresses of this machine */
        uint16_t port;         /* 0: one that is free */
        int family;            /* AF_INET, AF_INET6, or AF_UNSPEC: both */
        const char *interface; /* only by way of this network device; NULL: any */
        bool freebind;         /* listen on an address that the machine does not have yet, too */
        const Address *served; /* of the addresses of host: these are left out */
        size_t n_served;
        bool bind_only;    /* nobody can connect before stream_listen() */
        const int *rivals; /* listening sockets of this process that will be closed: one in the way
                            * of bind_only shares its port (SO_REUSEPORT), and both go on */
        size_t n_rivals;
} StreamTcpAddress;

typedef struct StreamUnixAddress {
        const char *path; /* "@name": in the abstract namespace, which knows no mode and owner */
        mode_t mode;      /* of the file, exactly: the umask has no say */
        uid_t owner;      /* (uid_t)-1: as it comes */
        gid_t group;      /* (gid_t)-1: as it comes */
} StreamUnixAddress;

/* Open sockets; or none, and why: a line for the admin, without a full stop. With open sockets it
 * is empty, or what the admin should know of them. */
typedef struct StreamListening {
        size_t n;
        int fds[STREAM_LISTENING_MAX];
        char why[300];
} StreamListening;

/*
 * Listens on each address that the host stands for. An address that this machine does not have (no
 * IPv6, say) is left out as long as another one works, or with freebind begins to work when it
 * comes up. Asks the resolver: may block. 0 (without a socket only if all addresses are served), or
 * -errno with *ret_listening->why set and nothing open.
 */
int stream_listen_tcp(const StreamTcpAddress *address, StreamListening *ret_listening);

/*
 * Makes the socket file with the wanted owner and mode before anybody can connect. A socket file
 * that nobody listens on any more is replaced; any other file, or a socket in use, is -EEXIST or
 * -EADDRINUSE. 0, or -errno with *ret_listening->why set and nothing open.
 */
int stream_listen_unix(const StreamUnixAddress *address, StreamListening *ret_listening);

/* What bind_only has left: lets clients connect. 0 or -errno. */
int stream_listen(int fd);

/* Whether another socket of the same user that asks for it too may have the same port: what rivals
 * were given is taken back so. */
void stream_share_port(int fd, bool on);

/* Gives the file of a socket that is there its mode and owner. 0 or -errno. */
int stream_admit_unix(const StreamUnixAddress *address);

/* Takes the socket file away unless somebody listens on it. 0; -EADDRINUSE; -EEXIST when it is not
 * a socket; or -errno. */
int stream_remove_stale(const char *path);

/* Closes those that are still in fds (take one over: TAKE_FD). */
void stream_listening_done(StreamListening *listening);
