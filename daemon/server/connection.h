/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A connection: a transport, what was read of it and not yet understood, what is to be written, and
 * the state that MQTT keeps per network connection. It starts on any worker and moves once, with
 * its CONNECT still unread in its input, to the worker that owns its client identifier.
 *
 * Thread: worker
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "broker/session.h"
#include "mqtt/packet.h"
#include "server/alias.h"
#include "server/endpoint.h"
#include "server/extras.h"
#include "server/output.h"
#include "server/pace.h"
#include "server/shard.h"
#include "transport/transport.h"
#include "util/address.h"

typedef struct Relay Relay;

typedef enum ConnectionPhase {
        CONNECTION_PROXIED,   /* by a proxy, which has yet to say for whom */
        CONNECTION_SHAKES,    /* hands: the transport is not ready for data */
        CONNECTION_UPGRADES,  /* by an HTTP request: upgrade.h */
        CONNECTION_WAITS,     /* for CONNECT */
        CONNECTION_PROVES,    /* who it is: a helper checks the password of its CONNECT */
        CONNECTION_CONVERSES, /* by AUTH about who it is, with the CONNECT behind it */
        CONNECTION_OPEN,      /* behind a successful CONNACK */
        CONNECTION_MOVES,     /* its CONNECT says that another worker owns it */
        CONNECTION_LINGERS,   /* has failed: the peer gets a moment to read why */
        CONNECTION_CLOSED,    /* freed at the end of the turn */
} ConnectionPhase;

/* Who has so many answers, or outputs, to come (held.h) is not read from: a slow disk must slow its
 * clients. */
#define CONNECTION_HELD_MAX     8192U
#define CONNECTION_WITHHELD_MAX 128U

/* A peer's address without the room that a Unix path would take. */
typedef union ConnectionPeer {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
} ConnectionPeer;

/* What has passed since it began. */
typedef struct ConnectionTraffic {
        uint64_t messages_received, messages_sent; /* PUBLISH */
        uint64_t bytes_received, bytes_sent;       /* of all packets */
} ConnectionTraffic;

struct Connection {
        LoopSource source;
        Shard *shard;
        Session *session; /* while OPEN */
        Endpoint *endpoint;
        Transport transport;
        Buffer input; /* begun packets only: an idle connection has none */
        Output output;
        uint32_t pending_packets; /* appended since the output was last empty */
        uint32_t counted_packets; /* of these, what the gauges of the worker hold */
        size_t counted_bytes;
        Aliases *aliases;     /* once one is used or allowed */
        LoopTimer timer;      /* connect_timeout, keep alive, the end of lingering */
        msec_t last_received; /* or up to a millisecond later */
        List link;            /* in shard->connections */
        union {
                List newcomer_link; /* in shard->newcomers, while is_newcomer */
                Pace *pace;         /* then, of one that is limited */
        };
        List flush_link;      /* in shard->flushes or shard->dead */
        const Extras *extras; /* what few have; never NULL */
        char *username;       /* NULL: none; before CONNECT only what the kernel has told */
        Neighbour *neighbour; /* whom it counts for; NULL: nobody */
        AccessPolicy *policy; /* a reference: by which an OPEN one was let in; NULL: none */
        Acl *acl;             /* a reference: whose rules hold for it; NULL: all is allowed */
        const AclUser *rules; /* of its user in there */
        union {
                uint64_t shakes_since; /* while it SHAKES: microseconds of the loop's clock */
                ConnectionTraffic traffic;
        };

        uint32_t max_outgoing_size; /* the client's Maximum Packet Size; 0: no limit */
        uint32_t input_wanted;      /* size of the packet that has begun; 0: not known */
        uint32_t keep_alive;        /* ms until the connection is taken for dead; 0: never */
        uint32_t review;            /* as in its shard when it was looked at last */
        uint32_t rights;            /* names the rules that hold for it: client-access.h */
        ConnectionPeer peer;
        uint16_t in_alias_maximum;
        uint16_t out_alias_maximum;
        uint16_t held;        /* answers, and outputs, that wait for the disk: held.h */
        int16_t broken;       /* -errno of a delivery: it ends with this turn's flush */
        uint8_t move_to;      /* while MOVES: the worker */
        uint8_t version;      /* MqttVersion */
        uint8_t phase;        /* ConnectionPhase */
        uint8_t refuse;       /* reason code to answer any CONNECT with; 0: none */
        uint8_t login_method; /* LoginMethod: by which it was admitted */
        uint8_t withheld;     /* of what is held, outputs: nothing is written to it meanwhile */

        uint8_t auth_method : 2; /* 1 + ScramHash of its CONNECT; 0: none */
        bool is_admitted : 1;    /* access control has let it in, before it moved, or by a helper */
        bool is_proven : 1;      /* TLS or the kernel has told its username */
        bool is_filtered : 1; /* it may not read all that it has subscribed to: client-access.h */
        bool is_newcomer : 1; /* not let in yet */
        bool is_paused : 1;   /* not read from: client-pace.h */
        bool is_held : 1;     /* not written to: send-pace.h */
        bool has_place : 1;   /* counted for max_connections */
        bool wants_problem_information : 1;
        bool is_bridge : 1;
        bool is_stalled : 1;         /* its next PUBLISH waits until the store has room */
        bool withholds : 1;          /* of this turn, too */
        bool is_traced : 1;          /* it has a tap: client-trace.h */
        bool session_is_lasting : 1; /* CONNECT asked for an expiry above 0 (3.14.2.2.2) */
        bool is_relayed : 1;         /* its HTTP request is with the HTTP thread */
};

/* Where a connection comes from. */
typedef struct ConnectionOrigin {
        Endpoint *endpoint; /* referenced */
        const Address *peer;
        int fd;               /* taken over on success */
        uint8_t refuse;       /* as in Connection */
        Neighbour *neighbour; /* whose it is; taken over on success */
} ConnectionOrigin;

/* In no loop yet. 0 or -ENOMEM. */
int connection_new(Shard *shard, const ConnectionOrigin *origin, Connection **ret_connection);

/* What is below MQTT, by its endpoint: it SHAKES hands, or WAITS for CONNECT at once. 0 or -ENOMEM:
 * then nothing has changed. */
int connection_open_transport(Connection *connection);

/* Its transport is ready for data: it UPGRADES, or WAITS for CONNECT. */
void connection_begin(Connection *connection);

/* The client is there, as the proxy says. */
void connection_set_peer(Connection *connection, const Address *address);

/* Frees a closed one, or one that no worker will take. */
Connection *connection_free(Connection *connection);

/* Makes it part of the worker: its events, its list. 0 or -errno. */
int connection_join(Connection *connection, Shard *shard);
/* Takes it out again, to move or to close. */
void connection_leave(Connection *connection);

/* Gives its place under max_connections back, before the end: for one that only lingers. */
void connection_leave_place(Connection *connection);

/* It has been let in, or is to be forgotten. Idempotent. */
void connection_leave_newcomers(Connection *connection);

/* Of one that is no newcomer any more, made now if it has none; NULL without memory. */
Pace *connection_pace(Connection *connection);

/* Makes it one of those that came by this endpoint (referenced). */
void connection_change_endpoint(Connection *connection, Endpoint *endpoint);

/* Ends it now, without a word; its session is not touched. Freed at the end of the turn, or when a
 * helper gives it back. */
void connection_close(Connection *connection);

/* Before CONNACK: nothing will come of its CONNECT. Wipes the input, for there may be a password in
 * it; whether one is right nobody wants to know any more. */
void connection_drop_connect(Connection *connection);

/* Of one that is to UPGRADE, made now if it has none; NULL without memory. */
Relay *connection_relay(Connection *connection);
/* Nothing comes of its HTTP request any more, or all that could has come of it. */
void connection_drop_relay(Connection *connection);

/* Its login holds until then, as tenure_set(). 0 or -ENOMEM. */
int connection_set_tenure(Connection *connection, uint64_t expires);

/* Of the certificate that its proxy has seen; empty: none. 0 or -ENOMEM. */
int connection_set_proxy_name(Connection *connection, Bytes name);

/* The address of a peer that has one, without port, as text; else NULL. */
char *connection_peer_host(const Connection *connection, char *buffer, size_t size);

/* Where packets to the peer are appended. It will be written at the end of this turn. */
Buffer *connection_output(Connection *connection);

/* Of one that has a tap: whether anybody watches it still. If not, it has no tap any more. */
bool connection_keep_tap(Connection *connection);

/* Has the end of this turn look for messages to send. */
void connection_schedule(Connection *connection);

/* Writes what there is: 0, -EAGAIN when something is left, or -errno. What is withheld stays. */
int connection_write(Connection *connection);

/* Writes before the end of the turn if much has been appended, but not to one that is limited. 0 or
 * -errno: the caller marks it broken. */
int connection_relieve(Connection *connection);

/* Whether QoS 0 still goes into its output: the peer is not too far behind. */
bool connection_is_writable(const Connection *connection);

/* Its address as text; without one the name of its listener. */
char *connection_peer_format(const Connection *connection, char *buffer, size_t size);

/* Whether what it sends may take effect now. Who is_paused is only not read from for a while. */
static inline bool connection_may_read(const Connection *connection)
{
        const Extras *extras = connection->extras;

        return !connection->shard->leaving && !connection->is_stalled && !connection->is_relayed &&
               !extras->consultation && !extras->subscribing &&
               connection->held < CONNECTION_HELD_MAX &&
               connection->withheld < CONNECTION_WITHHELD_MAX;
}

/* Whether it is read from, as an epoll event. */
static inline uint32_t connection_reads(const Connection *connection)
{
        return !connection->is_paused && connection_may_read(connection) ? EPOLLIN : 0;
}

/* What holds for all now. */
static inline const Settings *connection_settings(const Connection *connection)
{
        return connection->shard->settings;
}

/* What was told to it in CONNACK, or more: see review.h. */
static inline const Settings *connection_terms(const Connection *connection)
{
        return connection->endpoint->settings;
}

static inline const ListenerSettings *connection_listener(const Connection *connection)
{
        return connection->endpoint->listener;
}
