/* SPDX-License-Identifier: Apache-2.0 */
/* test-grammar.c: what a configuration may look like, sentence by sentence */
#include "attempt.h"

typedef struct Case {
        const char *name;
        const char *text;
        const char *message; /* part of the first message of that severity; NULL: there is none */
        unsigned line;
} Case;

static const Case accepted[] = {
        {"empty", ""},
        {"empty-lines", "\n\r\n\r\n   \n\t\n\n"},
        {"crlf", "max_keepalive 7\r\nsys_interval 3\r\n"},
        {"cr", "max_keepalive 7\rsys_interval 3\r"},
        {"no-newline-at-end", "max_keepalive 7"},
        {"comment", "# max_keepalive x\n#bogus\n#\n"},
        {"indented-comment", "   # x\n\t# y\n"},
        {"leading-spaces", "    max_keepalive 7\n"},
        {"leading-tab", "\tmax_keepalive 7\n"},
        {"tab-separates", "max_keepalive\t7\t# x\n"},
        {"many-blanks", "max_keepalive  \t  7   \n"},
        {"comment-after-bool", "allow_anonymous true # c\n"},
        {"comment-after-integer", "max_keepalive 7 # c\n"},
        {"comment-after-listener", "listener 1883 # c\n"},
        {"comment-after-listener-host", "listener 1883 127.0.0.1 # c\n"},
        {"comment-after-word", "queue_drop oldest # c\n"},
        {"comment-after-words", "log_type error # c\n"},
        {"comment-after-versions", "listener 1883\naccept_protocol_versions 3,4 # c\n"},
        {"comment-after-duration", "persistent_client_expiration 2d # c\n"},
        {"integer-hex", "max_keepalive 0x10\n"},
        {"integer-octal", "max_keepalive 010\n"},
        {"bool-digits", "allow_anonymous 1\nretain_available 0\n"},
        {"integer-repeated", "max_keepalive 1\nmax_keepalive 2\n"},
        {"bool-repeated", "allow_anonymous true\nallow_anonymous false\n"},
        {"user-repeated", "user a\nuser b\n"},
        {"mount-point-repeated", "listener 1883\nmount_point a/\nmount_point b/\n"},
        {"alias-retained-persistence", "retained_persistence true\n"},
        {"persistence", "persistence true\ndurability relaxed\nstorage_max 1000000\n"},
        {"alias-maximum-qos", "listener 1883\nmaximum_qos 1\n"},
        {"websockets", "listener 1\nprotocol websockets\nwebsockets_origin https://a\n"
                       "websockets_origin https://b\nwebsockets_path /mqtt\nwebsockets_path /\n"
                       "http_dir /tmp\nwebsocket_framing native\nmount_point a/\n"},
        {"websockets-of-the-library",
         "listener 1\nprotocol websockets\nwebsocket_framing libwebsockets\n"},
        {"websockets-proxies", "listener 1\nprotocol websockets\nproxy_trusted ::1\n"},
        {"http-api", "listener 1\nprotocol http_api\nhttp_dir /tmp\nmax_qos 2\n"},
        {"packet-buffer-clamped", "packet_buffer_size 0\n"},
        {"alias-websockets-headers-size", "websockets_headers_size 4096\n"},
        {"utf8", "listener 1883\nmount_point h\303\244user/\360\237\217\240/\n"},
        {"hash-in-path", "pid_file /tmp/a # b\n"},
        {"unix-socket", "listener 0 /run/x.sock\nsocket_mode 0600\nsocket_owner 0\n"},
        {"listener-by-name", "listener 1883 localhost\n"},
        {"same-port-two-addresses", "listener 1883 127.0.0.1\nlistener 1883 127.0.0.2\n"},
        {"same-port-two-families",
         "listener 1883\nsocket_domain ipv4\nlistener 1883\nsocket_domain ipv6\n"},
        {"negative-is-clamped", "max_queued_messages -5\nmax_inflight_bytes -1\n"
                                "autosave_interval -9\nglobal_max_clients -7\n"},
        {"per-listener-then-security", "per_listener_settings true\nlistener 1883\n"
                                       "allow_anonymous true\n"},
        {"per-listener-unchanged", "allow_anonymous true\nper_listener_settings false\n"},
        {"not-yet-at-default", "persistence false\nenable_control_api false\nlistener 1883\n"
                               "require_certificate false\nuse_identity_as_username false\n"
                               "tls_version tlsv1.2\nprotocol mqtt\ntls_keyform pem\n"},
        {"persistence-options-alone", "persistence_location /var/lib/x/\npersistence_file a.db\n"
                                      "autosave_interval 60\nautosave_on_changes true\n"},
        {"tls", "listener 8883\ncafile /x/chain.pem\ncertfile /x/cert.pem\n"
                "keyfile /x/privkey.pem\ncrlfile /x/crl\nrequire_certificate true\n"
                "use_identity_as_username true\ntls_version tlsv1.3\nciphers HIGH:!aNULL\n"},
        {"tls-token", "listener 1\ncertfile pkcs11:object=a;type=cert\n"
                      "keyfile pkcs11:object=a?pin-source=/x\n"},
        {"tls-ocsp-files", "listener 1\ncertfile /a\nkeyfile /b\nocsp_file /c\nocsp_file /d\n"},
        {"tls-default-listener", "port 8883\ncertfile /x\nkeyfile /y\nuse_subject_as_username 0\n"},
        {"tls-psk", "psk_file /x\nlistener 1\npsk_hint a\nuse_identity_as_username true\n"},
        {"tls-psk-file-alone", "psk_file /x\n"},
        {"versions-spaces", "listener 1883\naccept_protocol_versions 3, 4 5\n"},
        {"log", "log_dest file /tmp/x y.log\nlog_dest stderr\nlog_dest topic\nlog_type all\n"
                "log_facility 5\nlog_timestamp_format %Y-%m-%dT%H:%M:%S\n"},
        {"log-several-words", "log_dest stdout syslog\nlog_type error debug\n"},
};

static const Case warned[] = {
        {"tls-version-plain", "listener 1\ntls_version tlsv1.3\n", "tls_version has no effect", 2},
        {"tls-ciphers-plain", "listener 1\nciphers HIGH\n", "ciphers has no effect", 2},
        {"tls-uneven-pairs", "listener 1\ncertfile /a\ncertfile /b\nkeyfile /k\n",
         "only the last of each", 3},
        {"junk-after-bool", "allow_anonymous true junk\n", "'junk' at the end is ignored", 1},
        {"junk-after-integer", "\nmax_keepalive 7 8\n", "'8' at the end", 2},
        {"junk-after-listener", "listener 1883 ::1 x\n", "'x' at the end", 1},
        {"memory-limit-unit", "memory_limit 100MB\n", "'MB' at the end", 1},
        {"memory-limit-no-number", "memory_limit x\n", "'x' at the end", 1},
        {"log-dest-file-not-first", "log_dest stderr file /x\n", "'/x' at the end", 1},
        {"log-dest-file-second", "log_dest stderr file\n", "a line of its own", 1},
        {"log-type-second-unknown", "log_type error bogus\n", "'bogus' at the end", 1},
        {"retry-interval", "retry_interval 20\n", "retry_interval is ignored", 1},
        {"retry-interval-value-not-read", "retry_interval x\n", "retry_interval is ignored", 1},
        {"dhparamfile", "listener 1\ndhparamfile /x\n", "dhparamfile is ignored", 2},
        {"dlt", "log_dest dlt\n", "log_dest dlt is ignored", 1},
        {"port-twice", "port 1884\nport 1885\n", "the one at test.conf:1 is ignored", 2},
        {"mode-of-tcp", "listener 1883\nsocket_mode 0600\n", "not a unix socket", 2},
        {"domain-of-unix", "listener 0 /x\nsocket_domain ipv4\n", "is a unix socket", 2},
        {"security-of-no-listener",
         "per_listener_settings true\nallow_anonymous true\nlistener 1883\n",
         "allow_anonymous has no effect", 2},
};

static const Case noticed[] = {
        {"max-connections", "max_connections 10\n", "opens the default listener", 1},
        {"max-qos", "max_qos 1\n", "opens the default listener", 1},
        {"protocol", "protocol mqtt\n", "opens the default listener", 1},
        {"port", "\nport 1884\n", "opens the default listener", 2},
        {"bind-address", "bind_address ::1\n", "opens the default listener", 1},
};

static const Case refused[] = {
        {"unknown", "max_keepalive 1\nbogus_option 1\n", "unknown option 'bogus_option'", 2},
        {"unknown-nearest", "max_keepalives 1\n", "did you mean 'max_keepalive'?", 1},
        {"unknown-swapped", "lisetner 1\n", "did you mean 'listener'?", 1},
        {"unknown-upper-case", "Listener 1\n", "did you mean 'listener'?", 1},
        {"store-clean-interval", "store_clean_interval 5\n", "unknown option", 1},
        {"line-of-crlf", "\r\n\r\nbogus\r\n", "unknown option 'bogus'", 3},
        {"line-of-cr", "\r\rbogus\r", "unknown option 'bogus'", 3},
        {"value-missing", "max_keepalive\n", "the value is missing", 1},
        {"value-missing-blank", "user   \t \n", "the value is missing", 1},
        {"bool-yes", "allow_anonymous yes\n", "'yes' is not true or false", 1},
        {"bool-upper-case", "allow_anonymous True\n", "'True' is not", 1},
        {"bool-glued-comment", "allow_anonymous true#c\n", "'true#c' is not", 1},
        {"bool-comment-only", "allow_anonymous # c\n", "is not true or false", 1},
        {"integer-junk", "max_keepalive 7s\n", "'7s' is not a whole number", 1},
        {"integer-bad-octal", "max_keepalive 08\n", "'08' is not a whole number", 1},
        {"integer-range", "max_keepalive 65536\n", "not from 0 to 65535", 1},
        {"integer-negative", "max_keepalive -1\n", "not from 0 to 65535", 1},
        {"integer-huge", "max_keepalive 99999999999999999999999\n", "not from 0", 1},
        {"max-packet-size-19", "max_packet_size 19\n", "not from 20 to", 1},
        {"max-qos-3", "listener 1\nmax_qos 3\n", "not from 0 to 2", 2},
        {"log-facility-8", "log_facility 8\n", "not from 0 to 7", 1},
        {"memory-limit-negative", "memory_limit -1\n", "not from 0", 1},
        {"connect-timeout-0", "connect_timeout 0\n", "not from 1 to 3600", 1},
        {"duration-no-unit", "persistent_client_expiration 5\n", "is not a number with", 1},
        {"duration-bad-unit", "persistent_client_expiration 5x\n", "is not a number with", 1},
        {"word", "queue_drop all\n", "not one of newest, oldest", 1},
        {"workers-too-many", "workers 33\n", "not from 0 to 32", 1}, /* the router has 32 bits */
        {"log-dest", "log_dest bogus\n", "not one of stderr", 1},
        {"log-dest-file-no-path", "log_dest file\n", "the path is missing", 1},
        {"log-dest-file-twice", "log_dest file /a\nlog_dest file /b\n", "given twice", 2},
        {"log-type", "log_type bogus\n", "not one of error", 1},
        {"versions", "listener 1\naccept_protocol_versions 3,6\n", "list of 3, 4 and 5", 2},
        {"versions-glued", "listener 1\naccept_protocol_versions 34\n", "list of 3, 4", 2},
        {"versions-empty", "listener 1\naccept_protocol_versions ,\n", "list of 3, 4", 2},
        {"mode", "listener 0 /x\nsocket_mode 0999\n", "not an octal number", 2},
        {"socket-name-twice", "listener 1\nsocket_name a\nlistener 2\nsocket_name a\n",
         "socket_name a is there already", 4},
        {"mode-too-large", "listener 0 /x\nsocket_mode 1777\n", "not an octal number", 2},
        {"utf8-broken", "user a\377b\n", "not valid UTF-8", 1},
        {"utf8-surrogate", "user \355\240\200\n", "not valid UTF-8", 1},
        {"control-character", "user a\001b\n", "control character", 1},
        {"tab-in-value", "user a\tb\n", "control character", 1},
        {"c1-control", "user a\302\205b\n", "control character", 1},
        {"mount-point-hash", "listener 1\nmount_point a/ # c\n", "wildcard", 2},
        {"mount-point-plus", "listener 1\nmount_point a/+/\n", "wildcard", 2},
        {"prefix-of-51", "auto_id_prefix 123456789012345678901234567890123456789012345678901\n",
         "longer than 50 bytes", 1},
        {"twice-pid-file", "pid_file /a\n\npid_file /a\n", "given twice, first at test.conf:1", 3},
        {"twice-clientid-prefixes", "clientid_prefixes a\nclientid_prefixes b\n", "twice", 2},
        {"twice-log-timestamp-format", "log_timestamp_format a\nlog_timestamp_format b\n", "twice",
         2},
        {"twice-auto-id-prefix", "auto_id_prefix a\nauto_id_prefix b\n", "twice", 2},
        {"twice-persistence-location", "persistence_location /\npersistence_location /\n", "twice",
         2},
        {"twice-bind-interface", "listener 1\nbind_interface lo\nbind_interface lo\n", "twice", 3},
        {"twice-bind-address", "bind_address ::1\nbind_address ::1\n", "twice", 2},
        {"bind-address-two-words", "bind_address ::1 x\n", "blank", 1},
        {"listener-no-port", "listener\n", "the value is missing", 1},
        {"listener-bad-port", "listener x\n", "'x' is not a port", 1},
        {"listener-high-port", "listener 65536\n", "'65536' is not a port", 1},
        {"listener-negative-port", "listener -1\n", "'-1' is not a port", 1},
        {"listener-port-junk", "listener 1883x\n", "'1883x' is not a port", 1},
        {"listener-0", "listener 0\n", "needs a path", 1},
        {"listener-0-comment", "listener 0 # /x\n", "needs a path", 1},
        {"listener-twice", "listener 1883\nlistener 1884\nlistener 1883\n",
         "listener 1883 is there already, at test.conf:1", 3},
        {"listener-twice-default", "port 1883\nlistener 1883\n", "there already", 1},
        {"port-0", "port 0\n", "not from 1 to 65535", 1},
        {"requires-listener-mount-point", "mount_point a/\n", "requires a listener", 1},
        {"requires-listener-alias", "max_topic_alias 5\n", "requires a listener", 1},
        {"requires-listener-alias-broker", "max_topic_alias_broker 5\n", "requires a listener", 1},
        {"requires-listener-anonymous", "listener_allow_anonymous true\n", "requires a", 1},
        {"requires-listener-prefix", "listener_auto_id_prefix a\n", "requires a listener", 1},
        {"requires-listener-tls-version", "tls_version tlsv1.2\n", "requires a listener", 1},
        {"requires-listener-proxy", "enable_proxy_protocol 1\n", "requires a listener", 1},
        {"requires-listener-http-dir", "http_dir /x\n", "requires a listener", 1},
        {"requires-listener-origin", "websockets_origin x\n", "requires a listener", 1},
        {"requires-listener-socket-mode", "socket_mode 0600\n", "requires a listener", 1},
        {"per-listener-late", "allow_anonymous true\nper_listener_settings true\n",
         "must stand before the security options; one is at test.conf:1", 2},
        {"per-listener-taken-back",
         "per_listener_settings true\nlistener 1\nallow_anonymous true\n"
         "per_listener_settings false\n",
         "must stand before", 4},
        {"acl-pattern-match", "acl_pattern_match loose\n", "strict", 1},
        {"tls-certfile-alone", "listener 1\ncertfile /x\n", "certfile needs keyfile", 2},
        {"tls-keyfile-alone", "listener 1\nkeyfile /x\n", "keyfile needs certfile", 2},
        {"tls-engine", "listener 1\ntls_engine pkcs11\n",
         "tls_engine is not supported: name the key on its token, as in keyfile pkcs11:", 2},
        {"tls-keyform-engine", "listener 1\ntls_keyform engine\n",
         "tls_keyform is not supported: name the key on its token", 2},
        {"tls-ocsp-file-alone", "listener 1\nocsp_file /x\n", "ocsp_file needs certfile", 2},
        {"tls-cafile-alone", "listener 1\ncafile /x\n", "cafile needs certfile", 2},
        {"tls-capath-alone", "listener 1\ncapath /x\n", "capath needs certfile", 2},
        {"tls-crlfile-alone", "listener 1\ncertfile /x\nkeyfile /x\ncrlfile /x\n",
         "crlfile needs cafile or capath", 4},
        {"tls-require-certificate-plain", "listener 1\nrequire_certificate true\n",
         "require_certificate needs certfile", 2},
        {"tls-require-certificate-of-nobody",
         "listener 1\ncertfile /x\nkeyfile /x\nrequire_certificate true\n",
         "require_certificate needs cafile or capath", 4},
        {"tls-identity-plain", "listener 1\nuse_identity_as_username true\n",
         "use_identity_as_username needs", 2},
        {"tls-subject-with-psk",
         "psk_file /x\nlistener 1\npsk_hint a\nuse_subject_as_username true\n",
         "use_subject_as_username needs certfile", 4},
        {"tls-psk-without-file", "listener 1\npsk_hint a\n", "psk_hint needs psk_file", 2},
        {"tls-psk-and-certificate",
         "psk_file /x\nlistener 1\ncertfile /x\nkeyfile /x\npsk_hint a\n",
         "psk_hint cannot go with certfile", 5},
        {"named-tls", "listener 0 /run/x\nunix_peer_username true\ncertfile /c\nkeyfile /k\n",
         "unix_peer_username cannot go with TLS", 2},
        {"tls-psk-hint-twice", "psk_file /x\nlistener 1\npsk_hint a\npsk_hint b\n",
         "psk_hint is given twice", 4},
        {"requires-listener-cafile", "cafile /x\n", "requires a listener", 1},
        {"requires-listener-ocsp-file", "ocsp_file /x\n", "requires a listener", 1},
        {"requires-listener-keylog", "tls_keylog /x\n", "requires a listener", 1},
        {"framing-unknown", "listener 1\nprotocol websockets\nwebsocket_framing x\n",
         "is not one of", 3},
        {"protocol-unknown", "listener 1\nprotocol http\n", "is not one of", 2},
        {"http-dir-of-mqtt", "listener 1\nhttp_dir /tmp\n",
         "http_dir needs protocol websockets or http_api", 2},
        {"origin-of-mqtt", "listener 1\nwebsockets_origin https://a\n",
         "websockets_origin needs protocol websockets", 2},
        {"origin-of-http-api", "listener 1\nwebsockets_origin https://a\nprotocol http_api\n",
         "websockets_origin needs protocol websockets", 2},
        {"path-of-http-api", "listener 1\nprotocol http_api\nwebsockets_path /mqtt\n",
         "websockets_path needs protocol websockets", 3},
        {"http-api-max-qos", "listener 1\nprotocol http_api\nmax_qos 1\n",
         "max_qos cannot go with protocol http_api", 3},
        {"http-api-mount-point", "listener 1\nmount_point a/\nprotocol http_api\n",
         "mount_point cannot go with protocol http_api", 2},
        {"http-api-versions", "listener 1\nprotocol http_api\naccept_protocol_versions 5\n",
         "accept_protocol_versions cannot go with", 3},
        {"http-api-alias", "listener 1\nprotocol http_api\nmax_topic_alias 1\n",
         "max_topic_alias cannot go with", 3},
        {"packet-buffer-too-large", "packet_buffer_size 65536\n", "packet_buffer_size", 1},
        {"tls-version-unknown", "listener 1\ntls_version tlsv1.1\n", "is not one of", 2},
        {"proxy-3", "listener 1\nenable_proxy_protocol 3\n", "not from 1 to 2", 2},
        {"proxy-2-certfile", "listener 1\nenable_proxy_protocol 2\ncertfile /x\nkeyfile /x\n",
         "certfile cannot go with enable_proxy_protocol 2", 3},
        {"proxy-2-psk", "psk_file /x\nlistener 1\nenable_proxy_protocol 2\npsk_hint a\n",
         "psk_hint cannot go with enable_proxy_protocol 2", 4},
        {"proxy-2-subject", "listener 1\nenable_proxy_protocol 2\nuse_subject_as_username true\n",
         "use_subject_as_username cannot go with enable_proxy_protocol 2", 3},
        {"proxy-1-require-tls",
         "listener 1\nenable_proxy_protocol 1\nproxy_protocol_v2_require_tls true\n",
         "needs enable_proxy_protocol 2", 3},
        {"proxy-1-require-certificate",
         "listener 1\nenable_proxy_protocol 1\nrequire_certificate true\n",
         "needs certfile and keyfile, or enable_proxy_protocol 2", 3},
        {"proxy-1-identity", "listener 1\nenable_proxy_protocol 1\nuse_identity_as_username true\n",
         "use_identity_as_username needs cafile", 3},
        {"proxy-1-unix-peer", "listener 0 /x\nenable_proxy_protocol 1\nunix_peer_username true\n",
         "unix_peer_username cannot go with enable_proxy_protocol", 3},
        {"proxy-trusted-alone", "listener 1\nproxy_trusted ::1\n",
         "proxy_trusted needs enable_proxy_protocol, or protocol websockets", 2},
        {"proxy-trusted-name",
         "listener 1\nenable_proxy_protocol 1\nproxy_trusted ::1\nproxy_trusted localhost\n",
         "'localhost' is not an address", 4},
        {"proxy-trusted-host-bits",
         "listener 1\nenable_proxy_protocol 1\nproxy_trusted 192.0.2.1/24\n",
         "'192.0.2.1/24' is not an address", 3},
        {"requires-listener-proxy-trusted", "proxy_trusted ::1\n", "requires a listener", 1},
        {"ban-never-name", "ban_never ::1\nban_never localhost\n", "'localhost' is not an address",
         2},
        {"ban-window-zero", "ban_window 0\n", "ban_window", 1},
        {"not-yet-control-api", "enable_control_api true\n", "not supported", 1},
        {"not-yet-bridge", "connection a\naddress b\ntopic # in\nusername x\n",
         "connection: bridges are not supported", 1},
        {"not-yet-plugin", "plugin /x.so\nplugin_opt_a b\n", "plugin: plugins are not", 1},
        {"not-yet-auth-plugin", "auth_plugin /x.so\nauth_opt_a b\n", "auth_plugin: plugins", 1},
        {"orphan-deny-special-chars", "auth_plugin_deny_special_chars true\n",
         "auth_plugin_deny_special_chars needs auth_service", 1},
        {"orphan-deny-special-chars-of-a-listener",
         "per_listener_settings true\nlistener 1\nauth_service unix:/x\n"
         "auth_plugin_deny_special_chars false\nlistener 2\n"
         "auth_plugin_deny_special_chars false\n",
         "auth_plugin_deny_special_chars needs auth_service", 6},
        {"orphan-plugin-option", "auth_opt_a b\n", "auth_opt_a belongs below a plugin line", 1},
        {"orphan-bridge-option", "address b\n", "belongs below a connection line", 1},
        {"orphan-username", "username b\n", "username belongs below a connection line", 1},
        {"include-missing", "include_dir /nonexistent/folder\n", "cannot be read", 1},
};

static void check_message(const Attempt *a, ConfigSeverity severity, const Case *c)
{
        const ConfigError *message = attempt_message(a, severity);

        g_assert_nonnull(message);
        if (!strstr(message->text, c->message))
                g_error("%s: '%s' is not in '%s'", c->name, c->message, message->text);
        g_assert_cmpuint(message->line, ==, c->line);
        g_assert_cmpstr(message->file, ==, "test.conf");
}

static void test_accepted(const void *data)
{
        const Case *c = data;
        Attempt a = attempt_valid(c->text);

        g_assert_null(attempt_message(&a, CONFIG_WARNING));
        attempt_done(&a);
}

static void test_warned(const void *data)
{
        const Case *c = data;
        Attempt a = attempt_valid(c->text);

        check_message(&a, CONFIG_WARNING, c);
        attempt_done(&a);
}

static void test_noticed(const void *data)
{
        const Case *c = data;
        Attempt a = attempt_valid(c->text);

        check_message(&a, CONFIG_NOTICE, c);
        attempt_done(&a);
}

static void test_refused(const void *data)
{
        const Case *c = data;
        Attempt a = attempt(c->text);

        g_assert_cmpint(a.result, ==, -EINVAL);
        check_message(&a, CONFIG_ERROR, c);
        attempt_done(&a);
}

static void test_all_errors_are_said(void)
{
        Attempt a =
                attempt("max_qos 9\nbogus\nconnection b\naddress c\ntopic t\nuser\nlistener 0\n");

        /* max_qos also says that it opens the default listener; address and topic say nothing. */
        g_assert_cmpuint(a.errors.n_errors, ==, 5);
        g_assert_cmpuint(a.errors.n_items, ==, 6);
        attempt_done(&a);
}

static void test_a_file_of_garbage_is_bounded(void)
{
        g_autoptr(GString) text = g_string_new(NULL);
        Attempt a;

        for (unsigned i = 0; i < 3000; i++)
                g_string_append(text, "garbage\n");
        a = attempt(text->str);
        g_assert_cmpuint(a.errors.n_errors, ==, 101);
        g_assert_nonnull(strstr(a.errors.items[100].text, "too many errors"));
        g_assert_cmpuint(a.errors.items[100].line, ==, 100);
        attempt_done(&a);
}

static void test_zero_byte(void)
{
        static const char text[] = "max_keepalive 1\nuser a\0b\n";
        Attempt a = attempt_bytes(text, sizeof text - 1, (SettingsSource){});

        g_assert_cmpint(a.result, ==, -EINVAL);
        g_assert_cmpstr(a.errors.items[0].text, ==, "a zero byte is in this line");
        g_assert_cmpuint(a.errors.items[0].line, ==, 2);
        attempt_done(&a);
}

static Attempt attempt_long(size_t n)
{
        g_autofree char *value = g_strnfill(n, 'x');
        g_autofree char *text = g_strdup_printf("pid_file /%s\n", value);

        return attempt(text);
}

static void test_long_lines(void)
{
        Attempt fits = attempt_long(65534), over = attempt_long(65535);

        g_assert_cmpint(fits.result, ==, 0);
        g_assert_cmpuint(strlen(fits.settings->pid_file), ==, 65535);
        g_assert_cmpint(over.result, ==, -EINVAL);
        g_assert_nonnull(strstr(over.errors.items[0].text, "longer than 65535 bytes"));
        attempt_done(&fits);
        attempt_done(&over);
}

static void test_long_comment(void)
{
        g_autofree char *comment = g_strnfill(3 << 20, 'x');
        g_autofree char *text = g_strdup_printf("# %s\nmax_keepalive 9\n", comment);
        Attempt a = attempt_valid(text);

        g_assert_cmpuint(a.settings->max_keepalive, ==, 9);
        attempt_done(&a);
}

static void test_unknown_long_name(void)
{
        g_autofree char *name = g_strnfill(100000, 'y');
        Attempt a = attempt(name);

        g_assert_cmpint(a.result, ==, -EINVAL);
        g_assert_cmpuint(strlen(a.errors.items[0].text), <, 200);
        attempt_done(&a);
}

static void test_unix_path_length(void)
{
        g_autofree char *path = g_strnfill(107, 'p');
        g_autofree char *fits = g_strdup_printf("listener 0 %s\n", path);
        g_autofree char *over = g_strdup_printf("listener 0 %sp\n", path);
        Attempt a = attempt_valid(fits), b = attempt(over);

        g_assert_cmpstr(a.settings->listeners[0].path, ==, path);
        g_assert_cmpint(b.result, ==, -EINVAL);
        attempt_done(&a);
        attempt_done(&b);
}

static void add(const char *group, const Case *cases, size_t n, GTestDataFunc function)
{
        for (size_t i = 0; i < n; i++) {
                g_autofree char *path =
                        g_strdup_printf("/config/grammar/%s/%s", group, cases[i].name);

                g_test_add_data_func(path, &cases[i], function);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        add("accepted", accepted, G_N_ELEMENTS(accepted), test_accepted);
        add("warned", warned, G_N_ELEMENTS(warned), test_warned);
        add("noticed", noticed, G_N_ELEMENTS(noticed), test_noticed);
        add("refused", refused, G_N_ELEMENTS(refused), test_refused);
        g_test_add_func("/config/grammar/all-errors-are-said", test_all_errors_are_said);
        g_test_add_func("/config/grammar/garbage-is-bounded", test_a_file_of_garbage_is_bounded);
        g_test_add_func("/config/grammar/zero-byte", test_zero_byte);
        g_test_add_func("/config/grammar/long-lines", test_long_lines);
        g_test_add_func("/config/grammar/long-comment", test_long_comment);
        g_test_add_func("/config/grammar/unknown-long-name", test_unknown_long_name);
        g_test_add_func("/config/grammar/unix-path-length", test_unix_path_length);
        return g_test_run();
}
