/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options-later.c: the rows of what mosquitto.conf has and this version has not
 *
 * They exist so that such a line is refused by its name and for its reason, not as a typing error.
 */
#include "config/options.h"

#include "util/macro.h"

static const OptionWord keyforms[] = {
        {"pem", 0},
        {"engine", 1},
        {},
};

/* In place of engines. */
#define TOKEN                                                                                      \
        "name the key on its token, as in keyfile "                                                \
        "pkcs11:token=NAME;object=NAME;type=private?pin-source=FILE"

/* Of a bridge or plugin: the section is refused as a whole, the value is not read. */
#define BRIDGE(_name, _doc)                                                                        \
        {                                                                                          \
                _name, OPTION_BRIDGE, OPTION_DIRECTIVE, OPTION_REFUSED, .doc = _doc                \
        }
#define PLUGIN(_name, _doc)                                                                        \
        {                                                                                          \
                _name, OPTION_PLUGIN, OPTION_DIRECTIVE, OPTION_REFUSED, .doc = _doc                \
        }

const Option options_later[] = {
        {"dhparamfile", OPTION_LISTENER, OPTION_STRING, OPTION_IGNORED,
         .doc = "Was the file with parameters for the Diffie-Hellman exchange.",
         .instead = "the TLS library chooses them itself"},
        {"tls_engine", OPTION_LISTENER, OPTION_STRING, OPTION_REFUSED,
         .doc = "The engine that holds the key.", .instead = TOKEN},
        {"tls_engine_kpass_sha1", OPTION_LISTENER, OPTION_STRING, OPTION_REFUSED,
         .doc = "The password of the key in the engine.", .instead = TOKEN},
        {"tls_keyform", OPTION_LISTENER, OPTION_WORD, OPTION_REFUSED, .fallback = "pem",
         .words = keyforms, .doc = "Where the key is.", .instead = TOKEN},

        PLUGIN("plugin", "Load a plugin."),
        PLUGIN("global_plugin", "Load a plugin for all listeners."),
        PLUGIN("plugin_load", "Load a plugin under a name."),
        PLUGIN("plugin_use", "Use a loaded plugin for this listener."),
        PLUGIN("plugin_opt_*", "An option for the plugin above."),

        BRIDGE("connection", "Start a bridge to another broker."),
        BRIDGE("address", "Where the other broker is."),
        BRIDGE("bridge_alpn", "The protocol named in the TLS handshake."),
        BRIDGE("bridge_attempt_unsubscribe", "Unsubscribe from what is only sent."),
        BRIDGE("bridge_bind_address", "The local address of the connection."),
        BRIDGE("bridge_cafile", "File with the authorities that the other broker is signed by."),
        BRIDGE("bridge_capath", "Folder with the authorities that the other broker is signed by."),
        BRIDGE("bridge_certfile", "File with the certificate to show."),
        BRIDGE("bridge_ciphers", "Which ciphers TLS 1.2 may use."),
        BRIDGE("bridge_ciphers_tls1.3", "Which ciphers TLS 1.3 may use."),
        BRIDGE("bridge_identity", "The identity for TLS-PSK."),
        BRIDGE("bridge_insecure", "Do not check the name in the certificate."),
        BRIDGE("bridge_keyfile", "File with the private key."),
        BRIDGE("bridge_max_packet_size", "The largest packet that is sent."),
        BRIDGE("bridge_max_topic_alias", "How many topic aliases the other broker may use."),
        BRIDGE("bridge_outgoing_retain", "Send messages as retained if they are."),
        BRIDGE("bridge_protocol_version", "The version of MQTT to speak."),
        BRIDGE("bridge_psk", "The key for TLS-PSK."),
        BRIDGE("bridge_receive_maximum", "How many messages may be on their way."),
        BRIDGE("bridge_reload_type", "When changed settings are applied."),
        BRIDGE("bridge_require_ocsp", "Insist on a stapled certificate status."),
        BRIDGE("bridge_session_expiry_interval", "How long the other broker keeps the session."),
        BRIDGE("bridge_tcp_keepalive", "TCP keep alive of the connection."),
        BRIDGE("bridge_tcp_user_timeout", "TCP user timeout of the connection."),
        BRIDGE("bridge_tls_use_os_certs", "Trust the authorities of the system."),
        BRIDGE("bridge_tls_version", "The version of TLS."),
        BRIDGE("cleansession", "Start without a session at the other broker."),
        BRIDGE("local_cleansession", "Start without a session at this broker."),
        BRIDGE("idle_timeout", "When a lazy bridge is closed."),
        BRIDGE("keepalive_interval", "How often to ping."),
        BRIDGE("local_clientid", "The client identifier at this broker."),
        BRIDGE("local_password", "The password at this broker."),
        BRIDGE("local_username", "The username at this broker."),
        BRIDGE("notification_topic", "Where the state of the bridge is published."),
        BRIDGE("notifications", "Publish the state of the bridge."),
        BRIDGE("notifications_local_only", "Publish the state of the bridge only here."),
        BRIDGE("remote_clientid", "The client identifier at the other broker."),
        BRIDGE("remote_password", "The password at the other broker."),
        BRIDGE("remote_username", "The username at the other broker."),
        BRIDGE("restart_timeout", "How long to wait before connecting again."),
        BRIDGE("round_robin", "Take one address after the other."),
        BRIDGE("start_type", "When the bridge connects."),
        BRIDGE("threshold", "How many messages make a lazy bridge connect."),
        BRIDGE("topic", "Which topics are shared, and how."),
        BRIDGE("try_private", "Tell the other broker that this is a bridge."),
};

const size_t n_options_later = ARRAY_SIZE(options_later);
