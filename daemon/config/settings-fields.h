/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings-fields.h: the fields of Settings and ListenerSettings, which the table of options fills
 * Thread: immutable
 *
 * A field has the name of its option; what an option means is written once, in its row of
 * options-global.c, options-listener.c or options-tls.c. settings.h says how the objects live.
 *
 * Units: seconds, milliseconds and bytes as the comments say. "0 none" means: no limit.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/prefix.h"

#define SETTINGS_NEVER UINT64_MAX /* of a time: never happens */

typedef enum ListenerProtocol {
        LISTENER_MQTT,
        LISTENER_WEBSOCKETS,
        LISTENER_HTTP_API,
} ListenerProtocol;

typedef enum WebsocketFraming {
        WEBSOCKET_FRAMING_NATIVE,
        WEBSOCKET_FRAMING_LIBWEBSOCKETS,
} WebsocketFraming;

typedef enum SocketDomain {
        SOCKET_DOMAIN_ANY,
        SOCKET_DOMAIN_IPV4,
        SOCKET_DOMAIN_IPV6,
} SocketDomain;

typedef enum QueueDrop {
        QUEUE_DROP_NEWEST, /* a full queue refuses the message that arrives */
        QUEUE_DROP_OLDEST, /* a full queue lets its oldest message go */
} QueueDrop;

typedef enum Durability {
        DURABILITY_STRICT,  /* what is acknowledged is on the disk */
        DURABILITY_RELAXED, /* will be, within a second */
} Durability;

typedef enum BusKind {
        BUS_SYSTEM,
        BUS_SESSION,
        BUS_NONE,
} BusKind;

typedef enum AclPatternMatch {
        ACL_PATTERN_STRICT, /* %c and %u count where they are a whole level */
        ACL_PATTERN_COMPAT, /* anywhere, as in Mosquitto 2.0 */
} AclPatternMatch;

typedef enum LimitAction {
        LIMIT_DELAY,      /* it is not read from for a while */
        LIMIT_DROP,       /* what is too much is refused */
        LIMIT_DISCONNECT, /* it leaves with 0x96 */
} LimitAction;

/* What an authority is asked about. */
enum {
        AUTH_SERVICE_CONNECT = 1 << 0,
        AUTH_SERVICE_PUBLISH = 1 << 1,
        AUTH_SERVICE_SUBSCRIBE = 1 << 2,
        AUTH_SERVICE_STAY = 1 << 3,
};

/* Bit of accept_protocol_versions for the protocol level a CONNECT carries (3, 4 or 5). */
#define PROTOCOL_VERSION_BIT(_level) (1U << (_level))

/* Where a value comes from: file is NULL for a default, "command line" for -p, -v and -q. */
typedef struct SettingsOrigin {
        const char *file;
        unsigned line;
} SettingsOrigin;

/* The options of scope S. In Settings: what the file says for all listeners. In ListenerSettings:
 * what holds for that listener, whatever per_listener_settings says: readers look only there. */
#define SETTINGS_SECURITY_FIELDS                                                                   \
        bool allow_anonymous;                                                                      \
        bool allow_zero_length_clientid;                                                           \
        char *auto_id_prefix; /* never NULL */                                                     \
        char *acl_file;                                                                            \
        char *password_file;                                                                       \
        char *psk_file;                                                                            \
        char *jwt_key;                                                                             \
        char *jwt_audience;                                                                        \
        char *jwt_issuer;                                                                          \
        char *jwt_username_claim; /* never NULL */                                                 \
        char *jwt_clientid_claim;                                                                  \
        char *pam_service;                                                                         \
        char *auth_service;                                                                        \
        unsigned auth_service_asks;         /* AUTH_SERVICE_… */                                 \
        int auth_plugin_deny_special_chars; /* -1 not given: 1 */

typedef struct ListenerSettings {
        char *name; /* unique: "1883", "127.0.0.1:1883", "[::1]:1883", "/run/hawker/mqtt.sock" */
        SettingsOrigin where; /* the line of "listener", or what made it exist */
        bool is_added;        /* besides those of the file; see SettingsSource */

        uint16_t port;              /* 0: a unix socket */
        char *host;                 /* as written: address or name; NULL: all addresses */
        char *path;                 /* of a unix socket, else NULL */
        SocketDomain socket_domain; /* which family host may be */
        char *bind_interface;       /* network device, or NULL */
        ListenerProtocol protocol;

        unsigned max_connection_rate;      /* a second; 0 none */
        int max_connections;               /* -1 none */
        uint8_t max_qos;                   /* 0, 1, 2 */
        uint16_t max_topic_alias;          /* client to broker; 0 off */
        uint16_t max_topic_alias_broker;   /* broker to client; 0 off */
        char *mount_point;                 /* NULL: none */
        unsigned accept_protocol_versions; /* PROTOCOL_VERSION_BIT(3) | (4) | (5) */
        bool use_username_as_clientid;
        SETTINGS_SECURITY_FIELDS

        /* TLS: with certfile, or with psk_hint. */
        char *certfile;  /* paths with newlines between; NULL: none */
        char *keyfile;   /* as many */
        char *ocsp_file; /* as certfile; of any number */
        char *cafile;
        char *capath;
        char *crlfile;
        bool require_certificate;
        bool use_identity_as_username;
        bool use_subject_as_username;
        bool disable_client_cert_date_checks;
        unsigned tls_version; /* 12, 13 */
        char *ciphers;
        char *ciphers_tls1_3;
        char *psk_hint;
        char *tls_keylog;

        /* With the protocols over HTTP. */
        char *websockets_origin; /* what a browser may name, newlines between; NULL: anything */
        char *websockets_path;   /* as the request has it, newlines between; NULL: each */
        char *http_dir;          /* NULL: no files */
        WebsocketFraming websocket_framing;

        unsigned enable_proxy_protocol; /* 1, 2; 0 off */
        bool proxy_protocol_v2_require_tls;
        char *proxy_trusted; /* prefixes with newlines between; NULL: all */

        unsigned socket_mode; /* of path, 0660 */
        char *socket_owner;   /* name or number; NULL: as the daemon runs */
        char *socket_group;
        char *socket_name; /* FileDescriptorName= of passed sockets, or NULL */
        bool unix_peer_username;

        /* As written; they are already worked into allow_anonymous and auto_id_prefix above. */
        int listener_allow_anonymous;  /* -1 not given */
        char *listener_auto_id_prefix; /* NULL not given */

        Prefix *proxies; /* proxy_trusted as it is used */
        size_t n_proxies;

        SettingsOrigin *origins; /* one per row of the table */
} ListenerSettings;

/* Whether the listener speaks TLS. */
static inline bool listener_settings_has_tls(const ListenerSettings *listener)
{
        return listener->certfile || listener->psk_hint;
}

typedef struct Settings {
        unsigned _Atomic n_refs;

        ListenerSettings *listeners;
        size_t n_listeners;
        bool local_only; /* no listener was configured: loopback only, where [::1] may be missing */

        bool per_listener_settings;
        SETTINGS_SECURITY_FIELDS

        unsigned address_max_connection_rate; /* a second; 0 none */
        int address_max_connections;          /* -1 none */
        unsigned address_max_failed_logins;   /* a minute; 0 none */
        unsigned address_prefix_ipv4;         /* bits */
        unsigned address_prefix_ipv6;
        unsigned ban_after_failed_handshakes; /* within ban_window; 0 never */
        unsigned ban_after_failed_logins;
        unsigned ban_after_refusals;
        unsigned ban_after_takeovers;
        unsigned ban_duration; /* s; 0 for good */
        char *ban_file;        /* the list of the admin; NULL: none */
        bool ban_loopback;
        char *ban_never;                     /* prefixes with newlines between; NULL: none */
        unsigned ban_window;                 /* s */
        unsigned client_max_message_rate;    /* a second; 0 none */
        uint64_t client_max_receive_rate;    /* bytes a second; 0 none */
        int client_max_retained;             /* -1 none */
        uint64_t client_max_retained_bytes;  /* 0 none */
        uint64_t client_max_send_rate;       /* bytes a second; 0 none */
        int client_max_subscriptions;        /* -1 none */
        unsigned client_max_takeovers;       /* a minute; 0 none */
        unsigned client_max_wildcard_levels; /* 0 none */
        LimitAction limit_action;
        unsigned user_max_connection_rate;   /* a second; 0 none */
        int user_max_connections;            /* -1 none */
        unsigned user_max_message_rate;      /* a second; 0 none */
        uint64_t user_max_queued_bytes;      /* 0 none */
        uint64_t user_max_receive_rate;      /* bytes a second; 0 none */
        uint64_t user_max_send_rate;         /* bytes a second; 0 none */
        int user_max_sessions;               /* -1 none */
        int user_max_subscriptions;          /* -1 none */
        int user_max_retained;               /* -1 none */
        uint64_t user_max_retained_bytes;    /* 0 none */
        unsigned global_max_connection_rate; /* a second; 0 none */
        int max_unauthenticated;             /* -1 none */

        bool allow_duplicate_messages;
        bool check_payload_format;
        AclPatternMatch acl_pattern_match;
        bool acl_subscribe_granted;
        bool check_retain_source;
        char *clientid_prefixes;    /* NULL: any client identifier */
        char *response_information; /* NULL: none */
        unsigned connect_timeout;   /* s */
        bool connection_messages;
        bool enable_control_api;
        int global_max_clients;     /* sessions, connected or not; -1 none */
        int global_max_connections; /* -1 none */

        unsigned log_dest; /* LOG_TO_… of util/log.h; 0 none */
        char *log_file;    /* of log_dest file, else NULL */
        int log_facility;  /* 0 to 7 for local0 to local7; -1 daemon */
        bool log_timestamp;
        char *log_timestamp_format; /* strftime; NULL: seconds since 1970 */
        unsigned log_type;          /* LOG_CATEGORY_BIT() of util/log.h; 0 none */

        uint64_t max_inflight_bytes;    /* per client; 0 none */
        uint16_t max_inflight_messages; /* per client; 0: 65535 */
        uint16_t max_keepalive;         /* s; 0 no cap */
        uint64_t max_output_buffer;     /* bytes behind before QoS 0 is dropped; 0 none */
        uint32_t max_packet_size;       /* bytes; 0 none */
        uint64_t max_queued_bytes;      /* per client; 0 none */
        uint64_t max_queued_messages;   /* per client; 0 none */
        uint64_t memory_limit;          /* bytes; 0 none */
        uint32_t message_size_limit;    /* bytes of payload; 0 none */
        uint32_t packet_buffer_size;    /* bytes */

        bool persistence;
        uint64_t autosave_interval; /* s */
        bool autosave_on_changes;
        char *persistence_file;
        char *persistence_location; /* NULL: the state directory of the service */
        Durability durability;
        unsigned group_commit_delay; /* ms */
        uint64_t storage_max;        /* bytes; 0: a tenth of the file system */
        bool storage_on_network;

        uint64_t persistent_client_expiration; /* s; SETTINGS_NEVER */
        char *pid_file;
        QueueDrop queue_drop;
        bool queue_qos0_messages;
        unsigned removed_listener_timeout; /* s; 0 at once */
        bool retain_available;
        uint64_t retain_expiry_interval; /* s (the option: minutes); 0 off */
        bool set_tcp_nodelay;
        BusKind bus;
        unsigned shutdown_timeout; /* s */
        unsigned sys_interval;     /* s; 0 off */
        unsigned tcp_user_timeout; /* ms; 0: the system's */
        bool upgrade_outgoing_qos;
        char *user; /* run as, when started as root */
        int websockets_log_level;
        unsigned workers; /* as written, 0 automatic: use settings_workers() */

        SettingsOrigin *origins; /* one per row of the table */
        char **files;            /* the names that origins point to */

        Prefix *never_banned; /* ban_never as it is used */
        size_t n_never_banned;
        size_t n_files;
} Settings;
