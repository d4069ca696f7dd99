/* SPDX-License-Identifier: Apache-2.0 */
/* options-listener.c: the rows of the options that belong to the listener above them */
#include "config/options.h"

#include "util/macro.h"

static const OptionWord protocols[] = {
        {"mqtt", LISTENER_MQTT},
        {"websockets", LISTENER_WEBSOCKETS},
        {"http_api", LISTENER_HTTP_API},
        {},
};

static const OptionWord framings[] = {
        {"native", WEBSOCKET_FRAMING_NATIVE},
        {"libwebsockets", WEBSOCKET_FRAMING_LIBWEBSOCKETS},
        {},
};

static const OptionWord socket_domains[] = {
        {"ipv4", SOCKET_DOMAIN_IPV4},
        {"ipv6", SOCKET_DOMAIN_IPV6},
        {},
};

const Option options_listener[] = {
        {"listener", OPTION_LISTENER, OPTION_DIRECTIVE, OPTION_WORKS, OPTION_REBIND,
         OPTION_NEEDS_LISTENER, .value = "PORT [ADDRESS | NAME | PATH]",
         .doc = "Listen on this port: on all addresses, or on one, or on those a host name has. "
                "With port 0, the path of a unix socket follows. The listener options below belong "
                "to the listener above them in the same file."},
        {"port", OPTION_LISTENER, OPTION_DIRECTIVE, OPTION_WORKS, OPTION_REBIND, OPTION_DEPRECATED,
         .value = "PORT", .doc = "The port of the default listener. Better: listener."},
        {"bind_address", OPTION_LISTENER, OPTION_DIRECTIVE, OPTION_WORKS, OPTION_REBIND,
         OPTION_DEPRECATED, .value = "ADDRESS",
         .doc = "The address of the default listener. Better: listener."},

        {"accept_protocol_versions", OPTION_LISTENER, OPTION_VERSIONS, OPTION_WORKS, OPTION_LIVE,
         OPTION_LISTENER_FIELD(accept_protocol_versions), .fallback = "3,4,5",
         .doc = "Which versions of MQTT clients may speak: 3 is MQTT 3.1, 4 is 3.1.1, 5 is 5.0."},
        {"bind_interface", OPTION_LISTENER, OPTION_STRING, OPTION_WORKS, OPTION_REBIND,
         OPTION_LISTENER_FIELD(bind_interface), .maximum = 15, .value = "DEVICE",
         .doc = "Listen only on this network device."},
        {"listener_allow_anonymous", OPTION_LISTENER, OPTION_BOOL, OPTION_WORKS, OPTION_LIVE,
         OPTION_NEEDS_LISTENER, OPTION_LISTENER_FIELD(listener_allow_anonymous), .unset = -1,
         .doc = "As allow_anonymous, for this listener alone."},
        {"listener_auto_id_prefix", OPTION_LISTENER, OPTION_STRING, OPTION_WORKS,
         OPTION_NEW_CONNECTIONS, OPTION_NEEDS_LISTENER,
         OPTION_LISTENER_FIELD(listener_auto_id_prefix), .maximum = 50, .value = "PREFIX",
         .doc = "What client identifiers generated at this listener begin with. If not given: "
                "auto_id_prefix, which is auto- itself."},
        {"max_connection_rate", OPTION_LISTENER, OPTION_INTEGER, OPTION_WORKS,
         OPTION_NEW_CONNECTIONS, OPTION_HAWKER | OPTION_NEEDS_LISTENER,
         OPTION_LISTENER_FIELD(max_connection_rate), .fallback = "0", .maximum = 1000000,
         .doc = "The most new connections a second to this listener, on average; ten times as many "
                "at once; 0: no limit."},
        {"max_connections", OPTION_LISTENER, OPTION_INTEGER, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_CLAMPED, OPTION_LISTENER_FIELD(max_connections), .fallback = "-1", .minimum = -1,
         .maximum = INT32_MAX,
         .doc = "The most connections at one time to this listener; -1: no limit."},
        {"max_qos", OPTION_LISTENER, OPTION_INTEGER, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_LISTENER_FIELD(max_qos), .fallback = "2", .maximum = 2,
         .doc = "The highest QoS a client may publish with; clients of MQTT 5 are told. A lower "
                "value "
                "holds for new connections, a higher one for all."},
        {"max_topic_alias", OPTION_LISTENER, OPTION_INTEGER, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_NEEDS_LISTENER, OPTION_LISTENER_FIELD(max_topic_alias), .fallback = "10",
         .maximum = UINT16_MAX,
         .doc = "How many topic aliases a client may use towards the broker; 0: none."},
        {"max_topic_alias_broker", OPTION_LISTENER, OPTION_INTEGER, OPTION_WORKS,
         OPTION_NEW_CONNECTIONS, OPTION_NEEDS_LISTENER,
         OPTION_LISTENER_FIELD(max_topic_alias_broker), .fallback = "10", .maximum = UINT16_MAX,
         .doc = "How many topic aliases the broker uses towards a client that allows them; "
                "0: none."},
        {"mount_point", OPTION_LISTENER, OPTION_STRING, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_NEEDS_LISTENER | OPTION_LAST_WINS | OPTION_TOPIC_PREFIX,
         OPTION_LISTENER_FIELD(mount_point), .value = "PREFIX",
         .doc = "Put this in front of every topic of the clients of this listener, and take it "
                "away from what they receive: they see nothing outside."},
        {"http_dir", OPTION_LISTENER, OPTION_STRING, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_NEEDS_LISTENER | OPTION_FOLDER, OPTION_LISTENER_FIELD(http_dir), .value = "FOLDER",
         .doc = "With protocol websockets or http_api: serve the files in this folder to browsers. "
                "Everybody who reaches the listener may read them. Symbolic links in it are not "
                "followed, hidden files are not found (but in .well-known), and of a folder only "
                "its index.html is shown. If not given, there are no files."},
        {"protocol", OPTION_LISTENER, OPTION_WORD, OPTION_WORKS, OPTION_REBIND,
         OPTION_LISTENER_FIELD(protocol), .fallback = "mqtt", .words = protocols,
         .doc = "What is spoken at this listener. mqtt: MQTT, over TLS if there is a certfile. "
                "websockets: MQTT in the binary messages of WebSocket, for browsers. http_api: "
                "pages about the broker for monitoring systems, which change nothing; whoever "
                "reaches the listener may read them unless it asks for a password, so it belongs "
                "on a loopback address or a unix socket."},
        {"websocket_framing", OPTION_LISTENER, OPTION_WORD, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_HAWKER | OPTION_NEEDS_LISTENER, OPTION_LISTENER_FIELD(websocket_framing),
         .fallback = "native", .words = framings,
         .doc = "With protocol websockets: who makes and reads the frames. native: the broker. "
                "libwebsockets: the library, on its one thread, which is slower; for finding out "
                "whether a client and the broker understand a frame differently. Then 3072 such "
                "clients come in at a time, a restart ends them as it does those of TLS, and "
                "frames that are malformed are treated as the library does. permessage-deflate "
                "is offered by neither: that of libwebsockets 4.1 can be made to abort the "
                "process."},
        {"websockets_origin", OPTION_LISTENER, OPTION_STRING, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_NEEDS_LISTENER | OPTION_LIST, OPTION_LISTENER_FIELD(websockets_origin),
         .value = "ORIGIN",
         .doc = "With protocol websockets: the page that a browser may come from, as "
                "https://example.org; each line adds one. Clients that name another Origin are "
                "refused; those that name none are no browsers, and are let in. If not given, all "
                "are."},
        {"websockets_path", OPTION_LISTENER, OPTION_STRING, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_HAWKER | OPTION_NEEDS_LISTENER | OPTION_LIST,
         OPTION_LISTENER_FIELD(websockets_path), .value = "PATH",
         .doc = "With protocol websockets: the path that clients ask for, as /mqtt; each line adds "
                "one. If not given, each will do."},
        {"enable_proxy_protocol", OPTION_LISTENER, OPTION_INTEGER, OPTION_WORKS,
         OPTION_NEW_CONNECTIONS, OPTION_NEEDS_LISTENER,
         OPTION_LISTENER_FIELD(enable_proxy_protocol), .minimum = 1, .maximum = 2, .value = "1 | 2",
         .doc = "Each connection begins with a header of the PROXY protocol of this version, and "
                "who does not send one is disconnected: the address in it then stands for the "
                "client, in limits and in the log. Version 2 tells of TLS that the proxy speaks "
                "too: then require_certificate and use_identity_as_username go by what it says, "
                "and the listener has no TLS of its own. Without this option no header is "
                "understood."},
        {"proxy_protocol_v2_require_tls", OPTION_LISTENER, OPTION_BOOL, OPTION_WORKS,
         OPTION_NEW_CONNECTIONS, OPTION_NEEDS_LISTENER,
         OPTION_LISTENER_FIELD(proxy_protocol_v2_require_tls), .fallback = "false",
         .doc = "With enable_proxy_protocol 2: disconnect clients that do not speak TLS with the "
                "proxy."},
        {"proxy_trusted", OPTION_LISTENER, OPTION_STRING, OPTION_WORKS, OPTION_NEW_CONNECTIONS,
         OPTION_HAWKER | OPTION_NEEDS_LISTENER | OPTION_LIST, OPTION_LISTENER_FIELD(proxy_trusted),
         .value = "ADDRESS | PREFIX",
         .doc = "With enable_proxy_protocol: where proxies connect from, as 192.0.2.7 or "
                "2001:db8::/64; each line adds one. Connections from elsewhere are closed. If not "
                "given, whoever reaches the listener is believed what he says of his address. A "
                "unix socket asks nobody: its permissions say who may connect. With protocol "
                "websockets and without enable_proxy_protocol: whose header X-Forwarded-For tells "
                "the address of the client; connections from elsewhere are those of clients, and "
                "theirs means nothing. If not given, nobody's does."},
        {"socket_domain", OPTION_LISTENER, OPTION_WORD, OPTION_WORKS, OPTION_REBIND,
         OPTION_LISTENER_FIELD(socket_domain), .words = socket_domains,
         .doc = "Listen only on addresses of this family. If not given: on both."},
        {"socket_mode", OPTION_LISTENER, OPTION_MODE, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER | OPTION_NEEDS_LISTENER, OPTION_LISTENER_FIELD(socket_mode),
         .fallback = "0660", .maximum = 0777,
         .doc = "Permissions of a unix socket, in octal: who may write may connect."},
        {"socket_owner", OPTION_LISTENER, OPTION_STRING, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER | OPTION_NEEDS_LISTENER | OPTION_LAST_WINS,
         OPTION_LISTENER_FIELD(socket_owner), .value = "USER",
         .doc = "Owner of a unix socket, a name or a number. If not given: the user of the "
                "broker."},
        {"socket_group", OPTION_LISTENER, OPTION_STRING, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER | OPTION_NEEDS_LISTENER | OPTION_LAST_WINS,
         OPTION_LISTENER_FIELD(socket_group), .value = "GROUP",
         .doc = "Group of a unix socket, a name or a number. If not given: the group of the "
                "broker."},
        {"socket_name", OPTION_LISTENER, OPTION_STRING, OPTION_WORKS, OPTION_REBIND,
         OPTION_HAWKER | OPTION_NEEDS_LISTENER | OPTION_LAST_WINS,
         OPTION_LISTENER_FIELD(socket_name), .maximum = 255, .value = "NAME",
         .doc = "Serve the sockets that systemd passes with this FileDescriptorName=, whatever "
                "their addresses. If not given, or if there are none: those with the address of "
                "the listener, and what is not passed is opened."},
        {"unix_peer_username", OPTION_LISTENER, OPTION_BOOL, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER | OPTION_NEEDS_LISTENER, OPTION_LISTENER_FIELD(unix_peer_username),
         .fallback = "false",
         .doc = "On a unix socket, take the user whose process has connected for the username of "
                "the client, as the kernel and the user database of the system tell: no password "
                "is needed. A client that gives a username itself must give the same. Over a TCP "
                "socket it means nothing. A service with PrivateUsers= knows only root and itself: "
                "see "
                "hawker-authority(7). When a reload switches it on, clients that came "
                "without are disconnected."},
        {"use_username_as_clientid", OPTION_LISTENER, OPTION_BOOL, OPTION_WORKS, OPTION_LIVE,
         OPTION_LISTENER_FIELD(use_username_as_clientid), .fallback = "false",
         .doc = "Use the username of a client as its client identifier, whatever it gives; a "
                "client without username is refused."},
};

const size_t n_options_listener = ARRAY_SIZE(options_listener);
