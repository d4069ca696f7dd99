/* SPDX-License-Identifier: Apache-2.0 */
/* options-limits.c: the rows of the options against floods */
#include "config/options.h"

#include "util/macro.h"

static const OptionWord limit_actions[] = {
        {"delay", LIMIT_DELAY},
        {"drop", LIMIT_DROP},
        {"disconnect", LIMIT_DISCONNECT},
        {},
};

const Option options_limits[] = {
        {"address_max_connection_rate", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(address_max_connection_rate), .fallback = "0",
         .maximum = 1000000,
         .doc = "The most new connections a second from one address, on average; ten times as many "
                "at once; 0: no limit. Those above it are closed before anything is spent on them; "
                "some get a CONNACK with reason code 0x9F. Many clients may have one address: "
                "behind a router or a proxy that does not tell theirs. So there is no limit if you "
                "do not set one; 10 is enough for a household."},
        {"address_max_connections", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER | OPTION_CLAMPED, OPTION_FIELD(address_max_connections), .fallback = "-1",
         .minimum = -1, .maximum = INT32_MAX,
         .doc = "The most connections at one time from one address; -1: no limit. Some of those "
                "above it get a CONNACK with reason code 0x97."},
        {"address_max_failed_logins", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(address_max_failed_logins), .fallback = "0",
         .maximum = 1000000,
         .doc = "The most failed logins a minute from one address; 0: no limit. Above that no new "
                "connection from there is let in for one minute, the next time for two, and so on "
                "up to an hour. Clients that are connected stay."},
        {"address_prefix_ipv4", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(address_prefix_ipv4), .fallback = "32", .minimum = 8,
         .maximum = 32, .value = "BITS",
         .doc = "How many bits of an IPv4 address count: all that have these in common are one "
                "address for the limits."},
        {"address_prefix_ipv6", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(address_prefix_ipv6), .fallback = "64", .minimum = 16,
         .maximum = 128, .value = "BITS",
         .doc = "The same of IPv6, where one site has 64 bits or more to itself."},
        {"ban_after_failed_handshakes", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(ban_after_failed_handshakes), .fallback = "0",
         .maximum = 1000000,
         .doc = "The same as ban_after_failed_logins, for TLS handshakes that were refused: with a "
                "wrong pre-shared key, without a good certificate where one is required, with a "
                "version or cipher that is not offered, or with what is not TLS at all. A client "
                "that refuses the broker's certificate, or just leaves, is not counted: "
                "certificates that were renewed badly ban nobody."},
        {"ban_after_failed_logins", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(ban_after_failed_logins), .fallback = "0", .maximum = 1000000,
         .doc = "Ban an address with the so manyth failed login within ban_window, for "
                "ban_duration; 0: never. An address is what address_prefix_ipv4 and "
                "address_prefix_ipv6 make of it; all clients behind it are disconnected and kept "
                "out, those that have done nothing, too. Such bans are in the list that "
                "hawkerctl(1) shows, with a reason that begins with rule:, can be taken back "
                "there, and outlive a restart. Never banned are clients of unix sockets, loopback "
                "(but see ban_loopback), the proxies in proxy_trusted, what ban_never says, and "
                "addresses told by a proxy where proxy_trusted does not say who may tell them."},
        {"ban_after_refusals", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(ban_after_refusals), .fallback = "0", .maximum = 1000000,
         .doc = "The same for connections that were refused by address_max_connection_rate, "
                "address_max_connections or address_max_failed_logins."},
        {"ban_after_takeovers", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(ban_after_takeovers), .fallback = "0", .maximum = 1000000,
         .doc = "The same for clients that were refused by client_max_takeovers: the address of "
                "the one that was refused is banned."},
        {"ban_duration", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE, OPTION_HAWKER,
         OPTION_FIELD(ban_duration), .fallback = "3600", .maximum = 1000000000, .value = "SECONDS",
         .doc = "How long an address stays banned that a rule (ban_after_failed_logins and so on) "
                "bans; 0: for good."},
        {"ban_file", OPTION_GLOBAL, OPTION_STRING, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER | OPTION_LAST_WINS, OPTION_FIELD(ban_file), .value = "FILE",
         .doc = "Who is banned, one a line: address, user or client; the address, prefix or name "
                "(%20 is a blank in it); until when, as 2026-12-24T12:00:00Z, or - for good; and "
                "why. Read at the start and at a reload; it need not exist. Who is banned and "
                "connected is disconnected. The broker never writes it: what hawkerctl(1) "
                "bans is in a list of its own, in the state directory of the service."},
        {"ban_loopback", OPTION_GLOBAL, OPTION_BOOL, OPTION_WORKS, OPTION_LIVE, OPTION_HAWKER,
         OPTION_FIELD(ban_loopback), .fallback = "false",
         .doc = "Let rules ban the loopback addresses of this machine, too."},
        {"ban_never", OPTION_GLOBAL, OPTION_STRING, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER | OPTION_LIST, OPTION_FIELD(ban_never), .value = "ADDRESS | PREFIX",
         .doc = "Whom rules do not ban, as 192.0.2.7 or 2001:db8::/64; each line adds one. What "
                "ban_file and hawkerctl(1) ban is banned all the same."},
        {"ban_window", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE, OPTION_HAWKER,
         OPTION_FIELD(ban_window), .fallback = "600", .minimum = 1, .maximum = 86400,
         .value = "SECONDS",
         .doc = "Within how long the rules that ban (ban_after_failed_logins and so on) count, "
                "from "
                "the first time on."},
        {"client_max_message_rate", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(client_max_message_rate), .fallback = "0", .maximum = 10000000,
         .doc = "The most messages a second that one client may publish, on average; a second's "
                "worth may come at once; 0: no limit. What is done above that: limit_action."},
        {"client_max_receive_rate", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(client_max_receive_rate), .fallback = "0",
         .maximum = INT64_C(1) << 32, .value = "BYTES",
         .doc = "The most bytes a second that one client may send, in the same way. Bytes cannot "
                "be "
                "dropped: with limit_action drop it is delayed."},
        {"client_max_retained", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER | OPTION_CLAMPED, OPTION_FIELD(client_max_retained), .fallback = "-1",
         .minimum = -1, .maximum = INT32_MAX,
         .doc = "The most retained messages that may be there from one client, wills included; -1: "
                "no limit. More are refused, in MQTT 5 with reason code 0x97; with limit_action "
                "disconnect the client is disconnected. A message counts for who published it "
                "last, until it is replaced, removed or expires, also while that client is away. "
                "What was published while no such limit was set, and no acl_file with "
                "check_retain_source, is nobody's."},
        {"client_max_retained_bytes", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(client_max_retained_bytes), .fallback = "0",
         .maximum = INT64_C(1) << 53, .value = "BYTES",
         .doc = "The most bytes of topics, properties and payloads of these messages, in the same "
                "way; 0: no limit."},
        {"client_max_send_rate", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(client_max_send_rate), .fallback = "0",
         .maximum = INT64_C(1) << 32, .value = "BYTES",
         .doc = "The most bytes a second that one client is sent, in the same way. What is too "
                "much "
                "waits, as for a client that reads too slowly: messages of QoS 1 and 2 in the "
                "client's queue, those of QoS 0 up to a second's worth, and more of them are "
                "dropped; with limit_action drop none of QoS 0 waits. Set it well above the size "
                "of the largest message, for answers wait behind that."},
        {"client_max_subscriptions", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER | OPTION_CLAMPED, OPTION_FIELD(client_max_subscriptions), .fallback = "-1",
         .minimum = -1, .maximum = INT32_MAX,
         .doc = "The most subscriptions of one client; -1: no limit. More are refused, in MQTT 5 "
                "with reason code 0x97. Those that are there stay."},
        {"client_max_takeovers", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(client_max_takeovers), .fallback = "60", .maximum = 1000000,
         .doc = "How often a minute a connection may be ended because another one comes with the "
                "same client identifier, on average; twice as often at once; 0: no limit. Two "
                "devices that have been given "
                "one identifier throw each other out without end: above this the one that is there "
                "stays, the other one is refused, in MQTT 5 with reason code 0x9F, and the log has "
                "both addresses."},
        {"client_max_wildcard_levels", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(client_max_wildcard_levels), .fallback = "0", .maximum = 200,
         .doc = "The most levels that a topic filter with + or # may have; 0: no limit. Deeper "
                "ones "
                "are refused, in MQTT 5 with reason code 0x97."},
        {"limit_action", OPTION_GLOBAL, OPTION_WORD, OPTION_WORKS, OPTION_LIVE, OPTION_HAWKER,
         OPTION_FIELD(limit_action), .fallback = "delay", .words = limit_actions,
         .doc = "What becomes of a client that is above client_max_message_rate, "
                "client_max_receive_rate or client_max_send_rate, or whose user is above "
                "user_max_message_rate, user_max_receive_rate or user_max_send_rate. delay: it is "
                "not read from, or "
                "not written to, until it is below, so TCP slows it down and nothing that it sends "
                "is lost. drop: its messages above the rate are refused, in MQTT 5 with reason "
                "code 0x97. disconnect: it is disconnected, in MQTT 5 with reason code 0x96, or "
                "0x97 if it is sent too much."},
        {"global_max_connection_rate", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(global_max_connection_rate), .fallback = "0",
         .maximum = 1000000,
         .doc = "The most new connections a second over all listeners, on average; ten times as "
                "many at once; 0: no limit."},
        {"max_unauthenticated", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER | OPTION_CLAMPED, OPTION_FIELD(max_unauthenticated), .fallback = "10000",
         .minimum = -1, .maximum = INT32_MAX,
         .doc = "The most connections at one time that have not been let in yet: without a "
                "complete handshake or CONNECT. Of more, the oldest is closed, so that a flood of "
                "silent connections keeps nobody out who says at once what he wants; -1: no "
                "limit. With several workers there may be up to twice as many, if one worker has "
                "most of them."},
        {"user_max_connection_rate", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(user_max_connection_rate), .fallback = "0", .maximum = 1000000,
         .doc = "The most new connections a second of all clients of one user, on average; ten "
                "times as many at once; 0: no limit. More are refused, in MQTT 5 with reason code "
                "0x9F. This and the other limits of users are for those who have shown who they "
                "are, by a password, a certificate or otherwise: a name that anybody may claim has "
                "none of them. They hold over all listeners and workers."},
        {"user_max_connections", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER | OPTION_CLAMPED, OPTION_FIELD(user_max_connections), .fallback = "-1",
         .minimum = -1, .maximum = INT32_MAX,
         .doc = "The most connections of all clients of one user at a time; -1: no limit. More are "
                "refused, in MQTT 5 with reason code 0x97, but a client that comes again takes its "
                "own place."},
        {"user_max_message_rate", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(user_max_message_rate), .fallback = "0", .maximum = 10000000,
         .doc = "The most messages a second that all clients of one user together may publish, as "
                "client_max_message_rate says of one."},
        {"user_max_queued_bytes", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(user_max_queued_bytes), .fallback = "0",
         .maximum = INT64_C(1) << 53, .value = "BYTES",
         .doc = "The most bytes of topics, properties and payloads of messages that wait for all "
                "sessions of one user together, with those whose clients are away; 0: no limit. "
                "Whose queue is full by that drops as max_queued_bytes says; what other sessions "
                "of the user have is never dropped for it. Whose a session is: "
                "user_max_sessions."},
        {"user_max_receive_rate", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(user_max_receive_rate), .fallback = "0",
         .maximum = INT64_C(1) << 32, .value = "BYTES",
         .doc = "The most bytes a second that all clients of one user together may send, as "
                "client_max_receive_rate says of one."},
        {"user_max_retained", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER | OPTION_CLAMPED, OPTION_FIELD(user_max_retained), .fallback = "-1",
         .minimum = -1, .maximum = INT32_MAX,
         .doc = "The most retained messages that may be there from all clients with one username, "
                "as client_max_retained says."},
        {"user_max_retained_bytes", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(user_max_retained_bytes), .fallback = "0",
         .maximum = INT64_C(1) << 53, .value = "BYTES",
         .doc = "The most bytes of these messages; 0: no limit."},
        {"user_max_send_rate", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER, OPTION_FIELD(user_max_send_rate), .fallback = "0",
         .maximum = INT64_C(1) << 32, .value = "BYTES",
         .doc = "The most bytes a second that all clients of one user together are sent, as "
                "client_max_send_rate says of one."},
        {"user_max_sessions", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER | OPTION_CLAMPED, OPTION_FIELD(user_max_sessions), .fallback = "-1",
         .minimum = -1, .maximum = INT32_MAX,
         .doc = "The most sessions that one user may have, with those whose clients are away; -1: "
                "no limit. A client above it gets a CONNACK with reason code 0x97, one that comes "
                "back to a session of its user does not. Whose a session is, is remembered over "
                "restarts; those that began without a limit on sessions, subscriptions or queues "
                "of users count from when their client connects again."},
        {"user_max_subscriptions", OPTION_GLOBAL, OPTION_INTEGER, OPTION_WORKS, OPTION_LIVE,
         OPTION_HAWKER | OPTION_CLAMPED, OPTION_FIELD(user_max_subscriptions), .fallback = "-1",
         .minimum = -1, .maximum = INT32_MAX,
         .doc = "The most subscriptions of all sessions of one user, with those whose clients are "
                "away; -1: no limit. More are refused, in MQTT 5 with reason code 0x97. Those that "
                "are there stay. Whose a session is: user_max_sessions."},
};

const size_t n_options_limits = ARRAY_SIZE(options_limits);
