/* SPDX-License-Identifier: Apache-2.0 */
/* options-global.c: the rows of the options that hold for the whole broker, and of scope SECURITY
 */
#include "config/options.h"

#include "util/log.h"
#include "util/macro.h"

#define BYTES_MAX  (INT64_C(1) << 62)
#define PACKET_MAX 268435460 /* the largest an MQTT packet can be [MQTT-1.5.5] */

/* What log_type all has always meant: internal is for developers. */
#define LOG_CATEGORIES_USUAL (LOG_CATEGORIES_ALL & ~LOG_CATEGORY_BIT(LOG_CATEGORY_INTERNAL))

static const OptionWord log_destinations[] = {
        {"stderr", LOG_TO_STDERR},
        {"stdout", LOG_TO_STDOUT},
        {"syslog", LOG_TO_SYSLOG},
        {"topic", LOG_TO_TOPIC},
        {"journal", LOG_TO_JOURNAL},
        {"file", LOG_TO_FILE},
        {"none", 0},
        {},
};

static const OptionWord log_types[] = {
        {"error", LOG_CATEGORY_BIT(LOG_CATEGORY_ERROR)},
        {"warning", LOG_CATEGORY_BIT(LOG_CATEGORY_WARNING)},
        {"notice", LOG_CATEGORY_BIT(LOG_CATEGORY_NOTICE)},
        {"information", LOG_CATEGORY_BIT(LOG_CATEGORY_INFORMATION)},
        {"debug", LOG_CATEGORY_BIT(LOG_CATEGORY_DEBUG)},
        {"subscribe", LOG_CATEGORY_BIT(LOG_CATEGORY_SUBSCRIBE)},
        {"unsubscribe", LOG_CATEGORY_BIT(LOG_CATEGORY_UNSUBSCRIBE)},
        {"internal", LOG_CATEGORY_BIT(LOG_CATEGORY_INTERNAL)},
        {"websockets", LOG_CATEGORY_BIT(LOG_CATEGORY_WEBSOCKETS)},
        {"all", LOG_CATEGORIES_USUAL},
        {"none", 0},
        {},
};

static const OptionWord acl_pattern_matches[] = {
        {"strict", ACL_PATTERN_STRICT},
        {"compat", ACL_PATTERN_COMPAT},
        {},
};

static const OptionWord auth_service_questions[] = {
        {"connect", AUTH_SERVICE_CONNECT},
        {"publish", AUTH_SERVICE_PUBLISH},
        {"subscribe", AUTH_SERVICE_SUBSCRIBE},
        {"stay", AUTH_SERVICE_STAY},
        {},
};

static const OptionWord queue_drops[] = {
        {"newest", QUEUE_DROP_NEWEST},
        {"oldest", QUEUE_DROP_OLDEST},
        {},
};

static const OptionWord buses[] = {
        {"system", BUS_SYSTEM},
        {"session", BUS_SESSION},
        {"none", BUS_NONE},
        {},
};

const Option options_global[] = {
        {"per_listener_settings", OPTION_GLOBAL, OPTION_BOOL, OPTION_WORKS, OPTION_LIVE,
         OPTION_DEPRECATED, OPTION_FIELD(per_listener_settings), .fallback = "false",
         .doc = "If true, the security options belong to the listener above them and must follow "
                "this option; if false, they hold for all listeners."},

        /* Security: these may differ by listener. */
        {"allow_anonymous", OPTION_SECURITY, OPTION_BOOL, OPTION_WORKS, OPTION_LIVE,
         OPTION_SECURITY_FIELD(allow_anonymous), .fallback = "false",
         .doc = "Let clients in that give no username. When no listener is configured, so that "
                "only "
                "this machine can connect, the default is true."},
        {"allow_zero_length_clientid", OPTION_SECURITY, OPTION_BOOL, OPTION_WORKS,
         OPTION_NEW_CONNECTIONS, OPTION_SECURITY_FIELD(allow_zero_length_clientid),
         .fallback = "true",
         .doc = "Let clients in that give an empty client identifier, and generate one for them."},
        {"auto_id_prefix", OPTION_SECURITY, OPTION_STRING, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_DEPRECATED, OPTION_SECURITY_FIELD(auto_id_prefix), .fallback = "auto-",
         .maximum = 50, .value = "PREFIX",
         .doc = "What generated client identifiers begin with. Better: listener_auto_id_prefix."},
        {"acl_file", OPTION_SECURITY, OPTION_STRING, OPTION_WORKS, OPTION_LIVE,
         OPTION_LAST_WINS | OPTION_FILE, OPTION_SECURITY_FIELD(acl_file), .value = "FILE",
         .doc = "File that says who may publish and read which topics; what it does not allow is "
                "denied. Without this option all is allowed. The file is read again at each "
                "reload, and its new rules hold at once."},
        {"password_file", OPTION_SECURITY, OPTION_STRING, OPTION_WORKS, OPTION_LIVE,
         OPTION_LAST_WINS | OPTION_FILE, OPTION_SECURITY_FIELD(password_file), .value = "FILE",
         .doc = "File with the usernames and password hashes, as hawkerctl passwd and "
                "mosquitto_passwd write it. It is read again at each reload; a client whose user "
                "is gone by then, or has another password, is disconnected. Users whose lines are "
                "of SCRAM may also come in by the authentication methods SCRAM-SHA-256 and "
                "SCRAM-SHA-512 of MQTT 5, which send no password. Users and passwords are the "
                "bytes that come: letters beyond ASCII are not brought into one form (SASLprep), "
                "so it must be the same on both sides, as for a password that is sent. There is no "
                "channel binding (SCRAM-SHA-256-PLUS): MQTT has no list of methods in which a "
                "client could see that it is offered, and it fails behind a proxy that ends TLS; "
                "who asks for it is refused. Let clients check the broker's certificate."},
        {"jwt_key", OPTION_SECURITY, OPTION_STRING, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER | OPTION_LAST_WINS | OPTION_FILE, OPTION_SECURITY_FIELD(jwt_key),
         .value = "FILE",
         .doc = "Let clients in that send a JSON Web Token in place of a password. The file has "
                "the "
                "public keys or certificates, in PEM, of who signs them: RSA for RS256, P-256 for "
                "ES256, Ed25519 for EdDSA; or a secret of at least 32 bytes for HS256. A token has "
                "to say when it expires (exp), and then its client is disconnected. The username "
                "may be left out or empty, else it has to be the one of the token. The file is "
                "read again at each reload; if a key is gone then, clients with tokens are "
                "disconnected."},
        {"jwt_audience", OPTION_SECURITY, OPTION_STRING, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER | OPTION_LAST_WINS, OPTION_SECURITY_FIELD(jwt_audience), .value = "NAME",
         .doc = "A token has to be for this audience (aud). If not given: a token that is for a "
                "certain audience is refused."},
        {"jwt_clientid_claim", OPTION_SECURITY, OPTION_STRING, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER | OPTION_LAST_WINS, OPTION_SECURITY_FIELD(jwt_clientid_claim),
         .value = "NAME",
         .doc = "The claim of a token that has to be the client identifier. If not given: the "
                "client may choose any."},
        {"jwt_issuer", OPTION_SECURITY, OPTION_STRING, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER | OPTION_LAST_WINS, OPTION_SECURITY_FIELD(jwt_issuer), .value = "NAME",
         .doc = "A token has to be of this issuer (iss). If not given: of any."},
        {"jwt_username_claim", OPTION_SECURITY, OPTION_STRING, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER | OPTION_LAST_WINS, OPTION_SECURITY_FIELD(jwt_username_claim),
         .fallback = "sub", .value = "NAME",
         .doc = "The claim of a token that is the username of its client."},
        {"pam_service", OPTION_SECURITY, OPTION_STRING, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER | OPTION_LAST_WINS, OPTION_SECURITY_FIELD(pam_service), .maximum = 4095,
         .value = "NAME | FILE",
         .doc = "Ask PAM about users who are not in the password file: the service of this name in "
                "/etc/pam.d, or the file itself. Only a password is told, and the account has to "
                "be valid. PAM runs with the rights of the broker: what asks a daemon (sssd, LDAP, "
                "Kerberos) works, what has to read /etc/shadow does not: see hawker-authority(7)."},
        {"auth_service", OPTION_SECURITY, OPTION_STRING, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER | OPTION_LAST_WINS, OPTION_SECURITY_FIELD(auth_service), .maximum = 112,
         .value = "unix:PATH",
         .doc = "Ask the service at this unix socket about clients whom nothing else of the "
                "listener knows, and what clients may do, as hawker-authority(7) says. What is "
                "not answered within 2 seconds is not allowed."},
        {"auth_service_asks", OPTION_SECURITY, OPTION_WORDS, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_SECURITY_FIELD(auth_service_asks),
         .fallback = "connect publish subscribe", .words = auth_service_questions,
         .doc = "What auth_service is asked about; each line adds, the first to nothing. Topics "
                "are asked about after "
                "acl_file has allowed them. stay: whether a client that it has let in may stay, "
                "after each reload."},
        {"auth_plugin_deny_special_chars", OPTION_SECURITY, OPTION_BOOL, OPTION_WORKS, OPTION_LIVE,
         0, OPTION_SECURITY_FIELD(auth_plugin_deny_special_chars), .unset = -1,
         .doc = "Do not ask auth_service about topics of clients whose username or client "
                "identifier has a + or a # in it, but deny them: put into a pattern, such a name "
                "would stand for others. Patterns of an acl_file never speak to them. If false, "
                "the service has to see to that. If not given: true."},
        {"psk_file", OPTION_SECURITY, OPTION_STRING, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_LAST_WINS | OPTION_FILE, OPTION_SECURITY_FIELD(psk_file), .value = "FILE",
         .doc = "File with the identities and keys for listeners with psk_hint, a line each: "
                "identity:key, the key in hexadecimal digits."},

        /* Clients and connections. */
        {"response_information", OPTION_GLOBAL, OPTION_STRING, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_HAWKER, OPTION_FIELD(response_information), .value = "PREFIX",
         .doc = "What a client of MQTT 5 that asks for it is told to begin its response topics "
                "with."},
        {"clientid_prefixes", OPTION_GLOBAL, OPTION_STRING, OPTION_WORKS, OPTION_LIVE,
         OPTION_DEPRECATED, OPTION_FIELD(clientid_prefixes), .value = "PREFIX",
         .doc = "Let only clients in whose client identifier begins with this."},
        {"connect_timeout", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_HAWKER, OPTION_FIELD(connect_timeout), .fallback = "10", .minimum = 1,
         .maximum = 3600, .value = "SECONDS",
         .doc = "Time from the start of a connection to its complete CONNECT; then it is closed."},
        {"global_max_clients", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_CLAMPED, OPTION_FIELD(global_max_clients), .fallback = "-1", .minimum = -1,
         .maximum = INT32_MAX, .doc = "The most sessions, connected or not; -1: no limit."},
        {"global_max_connections", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS,
         OPTION_NEW_CONNECTIONS, OPTION_CLAMPED, OPTION_FIELD(global_max_connections),
         .fallback = "-1", .minimum = -1, .maximum = INT32_MAX,
         .doc = "The most connections at one time, over all listeners; -1: no limit."},
        {"max_keepalive", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_FIELD(max_keepalive), .fallback = "0", .maximum = UINT16_MAX, .value = "SECONDS",
         .doc = "The longest keep alive a client may have; 0: no limit. A client of MQTT 5 that "
                "asks for more, or for none, is told this one; an older client is refused."},
        {"max_packet_size", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_FIELD(max_packet_size), .fallback = "2000000", .minimum = 20, .maximum = PACKET_MAX,
         .value = "BYTES",
         .doc = "The largest MQTT packet that is accepted. A client that sends a larger one is "
                "disconnected. A lower value holds for new connections, a higher one for all."},
        {"message_size_limit", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_DEPRECATED, OPTION_FIELD(message_size_limit), .fallback = "0",
         .maximum = PACKET_MAX, .value = "BYTES",
         .doc = "The largest payload that is accepted; 0: no limit. Better: max_packet_size."},
        {"packet_buffer_size", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_CLAMPED, OPTION_FIELD(packet_buffer_size), .fallback = "4096", .minimum = 512,
         .maximum = UINT16_MAX, .value = "BYTES",
         .doc = "The largest head of an HTTP request that a WebSocket begins with, cookies and "
                "all; "
                "a larger one is refused. Other buffers fit themselves."},
        {"persistent_client_expiration", OPTION_GLOBAL, OPTION_DURATION, OPTION_WORKS, OPTION_LIVE,
         OPTION_FIELD(persistent_client_expiration), .unset = -1,
         .doc = "Forget the session of a client that has been away so long, whatever it asked "
                "for: a number with s, h, d, w, m (30 days) or y (365 days) behind it."},
        {"removed_listener_timeout", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(removed_listener_timeout), .fallback = "10", .maximum = 3600,
         .value = "SECONDS",
         .doc = "When a reload removes a listener, how long its clients stay connected. They are "
                "not disconnected if another reload brings a listener of that name back before."},
        {"set_tcp_nodelay", OPTION_GLOBAL, OPTION_BOOL, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_FIELD(set_tcp_nodelay), .fallback = "true",
         .doc = "Send small packets without waiting for more. The broker gathers what there is to "
                "send by itself, so false only delays."},
        {"tcp_user_timeout", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_HAWKER, OPTION_FIELD(tcp_user_timeout), .fallback = "60000",
         .maximum = 24 * 3600 * 1000, .value = "MILLISECONDS",
         .doc = "Close a connection whose peer has not acknowledged what was sent to it for so "
                "long; 0: as the system does, after about 15 minutes. One minute outlasts a "
                "mobile client's change of cell, and ends before the 90 seconds after which the "
                "usual keep alive of 60 seconds would."},

        /* Messages and queues. */
        {"allow_duplicate_messages", OPTION_GLOBAL, OPTION_BOOL, OPTION_WORKS, OPTION_LIVE,
         OPTION_DEPRECATED, OPTION_FIELD(allow_duplicate_messages), .fallback = "true",
         .doc = "If true, a client with overlapping subscriptions gets a message once for each of "
                "them; if false, once, with the highest QoS of them."},
        {"check_payload_format", OPTION_GLOBAL, OPTION_BOOL, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(check_payload_format), .fallback = "false",
         .doc = "Refuse a message that says its payload is UTF-8 when it is not."},
        {"acl_pattern_match", OPTION_GLOBAL, OPTION_WORD, OPTION_WORKS, OPTION_LIVE, OPTION_HAWKER,
         OPTION_FIELD(acl_pattern_match), .fallback = "strict", .words = acl_pattern_matches,
         .doc = "Where %c and %u stand for the client identifier and the username in a pattern of "
                "the acl_file: strict: where they are a whole level of the topic, and never for a "
                "name with a slash in it; compat: anywhere, as in Mosquitto 2.0."},
        {"acl_subscribe_granted", OPTION_GLOBAL, OPTION_BOOL, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(acl_subscribe_granted), .fallback = "false",
         .doc = "Answer a subscription that the acl_file forbids as if it were allowed, as "
                "Mosquitto does; the client gets nothing by it all the same. If false, the client "
                "is told that it is not authorized."},
        {"check_retain_source", OPTION_GLOBAL, OPTION_BOOL, OPTION_WORKS, OPTION_LIVE,
         OPTION_FIELD(check_retain_source), .fallback = "true",
         .doc = "Before a retained message is sent, check that its author may still publish it."},
        {"max_inflight_bytes", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_CLAMPED, OPTION_FIELD(max_inflight_bytes), .fallback = "0", .maximum = BYTES_MAX,
         .value = "BYTES",
         .doc = "The most payload of QoS 1 and 2 on its way to one client and not acknowledged; "
                "0: no limit."},
        {"max_inflight_messages", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_FIELD(max_inflight_messages), .fallback = "20", .maximum = UINT16_MAX,
         .doc = "The most messages of QoS 1 and 2 on their way to one client and not acknowledged; "
                "0: no limit; 1 keeps strict order. A client may have as many of QoS 2 on their "
                "way to "
                "the broker: it is told when it connects, and held to that."},
        {"max_output_buffer", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER | OPTION_CLAMPED, OPTION_FIELD(max_output_buffer), .fallback = "8388608",
         .maximum = BYTES_MAX, .value = "BYTES",
         .doc = "How far a client that reads slowly may be behind before messages of QoS 0 for it "
                "are dropped; 0: no limit."},
        {"max_queued_bytes", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_CLAMPED, OPTION_FIELD(max_queued_bytes), .fallback = "0", .maximum = BYTES_MAX,
         .value = "BYTES",
         .doc = "The most payload that waits in the queue of one client; 0: no limit."},
        {"max_queued_messages", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_CLAMPED, OPTION_FIELD(max_queued_messages), .fallback = "1000",
         .maximum = INT32_MAX,
         .doc = "The most messages that wait in the queue of one client; 0: no limit."},
        {"queue_drop", OPTION_GLOBAL, OPTION_WORD, OPTION_WORKS, OPTION_LIVE, OPTION_HAWKER,
         OPTION_FIELD(queue_drop), .fallback = "newest", .words = queue_drops,
         .doc = "What a full queue lets go: the message that arrives, or the oldest one."},
        {"queue_qos0_messages", OPTION_GLOBAL, OPTION_BOOL, OPTION_WORKS, OPTION_LIVE,
         OPTION_FIELD(queue_qos0_messages), .fallback = "false",
         .doc = "Queue messages of QoS 0 too for a client that is away and has a session."},
        {"retain_available", OPTION_GLOBAL, OPTION_BOOL, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_FIELD(retain_available), .fallback = "true",
         .doc = "Allow retained messages. If false, a client that publishes one is disconnected, "
                "but "
                "not one that connected when it was true."},
        {"retain_expiry_interval", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_FIELD(retain_expiry_interval), .minimum = 0, .maximum = INT32_MAX, .scale = 60,
         .value = "MINUTES",
         .doc = "Look for retained messages that have expired this often, to free their memory; "
                "they are never sent in any case."},
        {"upgrade_outgoing_qos", OPTION_GLOBAL, OPTION_BOOL, OPTION_WORKS, OPTION_LIVE,
         OPTION_FIELD(upgrade_outgoing_qos), .fallback = "false",
         .doc = "Send messages with the QoS of the subscription even if they were published with a "
                "lower one. The standard does not allow it."},

        /* Logging. */
        {"connection_messages", OPTION_GLOBAL, OPTION_BOOL, OPTION_WORKS, OPTION_LIVE,
         OPTION_FIELD(connection_messages), .fallback = "true",
         .doc = "Log each client that connects or disconnects."},
        {"log_dest", OPTION_GLOBAL, OPTION_WORDS, OPTION_WORKS, OPTION_LIVE, OPTION_FIELD(log_dest),
         .fallback = "stderr", .words = log_destinations,
         .value = "stderr | stdout | syslog | journal | topic | none | file PATH",
         .doc = "Where the log goes; each line adds a destination. topic is $SYS/broker/log. "
                "Errors before the configuration is read go to stderr."},
        {"log_facility", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_FIELD(log_facility), .unset = -1, .maximum = 7,
         .doc = "Log to syslog as local0 to local7. If not given: as daemon."},
        {"log_timestamp", OPTION_GLOBAL, OPTION_BOOL, OPTION_WORKS, OPTION_LIVE,
         OPTION_FIELD(log_timestamp), .fallback = "true",
         .doc = "Begin each line of the log with the time."},
        {"log_timestamp_format", OPTION_GLOBAL, OPTION_STRING, OPTION_WORKS, OPTION_LIVE,
         OPTION_FIELD(log_timestamp_format), .value = "FORMAT",
         .doc = "How the time is written, as for strftime(3). If not given: seconds since 1970."},
        {"log_type", OPTION_GLOBAL, OPTION_WORDS, OPTION_WORKS, OPTION_LIVE, OPTION_FIELD(log_type),
         .fallback = "error warning notice information", .words = log_types,
         .doc = "What is logged; each line adds to it. all is all but internal."},
        {"sys_interval", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_FIELD(sys_interval), .fallback = "10", .maximum = UINT16_MAX, .value = "SECONDS",
         .doc = "How often the topics below $SYS/broker are published; 0: never. Beside those of "
                "Mosquitto there are, below $SYS/broker/limits, how often clients were above "
                "theirs: connections, subscriptions, retained (messages) and takeovers that were "
                "refused, messages above a rate, pauses in which a client was not read from, and "
                "holds in which it was not written to."},

        /* The process. */
        {"bus", OPTION_GLOBAL, OPTION_WORD, OPTION_WORKS, OPTION_RESTART, OPTION_HAWKER,
         OPTION_FIELD(bus), .fallback = "system", .words = buses,
         .doc = "The bus (D-Bus) on which hawkerctl, systemctl and others find the broker: that "
                "of the machine, that of the user's session, or none. Without a bus the broker "
                "runs as well."},
        {"include_dir", OPTION_GLOBAL, OPTION_DIRECTIVE, OPTION_WORKS, OPTION_LIVE, OPTION_FOLDER,
         .value = "FOLDER",
         .doc = "Read all files of the folder whose name ends in .conf, in the order of their "
                "names, as if they were written here. Only in the main file."},
        {"memory_limit", OPTION_GLOBAL, OPTION_BYTES, OPTION_WORKS, OPTION_LIVE,
         OPTION_FIELD(memory_limit), .maximum = BYTES_MAX,
         .doc = "Refuse new work when the broker uses so much memory. If not given: no limit."},
        {"pid_file", OPTION_GLOBAL, OPTION_STRING, OPTION_WORKS, OPTION_RESTART,
         OPTION_FIELD(pid_file), .value = "PATH",
         .doc = "Write the number of the process to this file. systemd needs none."},
        {"shutdown_timeout", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(shutdown_timeout), .fallback = "5", .maximum = 300,
         .value = "SECONDS",
         .doc = "When the broker stops, how long it goes on sending what clients have not yet "
                "read."},
        {"user", OPTION_GLOBAL, OPTION_STRING, OPTION_WORKS, OPTION_RESTART, OPTION_LAST_WINS,
         OPTION_FIELD(user), .fallback = "hawker", .value = "NAME",
         .doc = "Become this user when started as root."},
        {"workers", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_RESTART, OPTION_HAWKER,
         OPTION_FIELD(workers), .fallback = "0", .maximum = 32,
         .doc = "How many threads serve clients; 0: as many as there are processors, at most 16."},
        {"enable_control_api", OPTION_GLOBAL, OPTION_BOOL, OPTION_REFUSED, OPTION_LIVE,
         OPTION_FIELD(enable_control_api), .fallback = "false",
         .doc = "Answer requests on the topic $CONTROL/broker/v1."},
        {"websockets_log_level", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS,
         OPTION_NEW_CONNECTIONS, OPTION_FIELD(websockets_log_level), .fallback = "0",
         .maximum = INT32_MAX,
         .doc = "What the library that speaks HTTP logs, as a mask of bits: 1 errors, 2 warnings, "
                "4 "
                "notices, 8 information, and more for its developers. The lines are of the kind "
                "websockets (log_type)."},
        {"retry_interval", OPTION_GLOBAL, OPTION_INTEGER, OPTION_IGNORED, OPTION_LIVE,
         .doc = "Was the time until a message was sent again; the standard no longer allows that.",
         .instead = "messages are sent again only when a client reconnects"},
};

const size_t n_options_global = ARRAY_SIZE(options_global);
