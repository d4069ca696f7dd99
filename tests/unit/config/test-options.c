/* SPDX-License-Identifier: Apache-2.0 */
/* test-options.c: the table itself */
#include "attempt.h"

#include "config/options.h"
#include "config/values.h"

typedef struct Expected {
        const char *name;
        OptionScope scope;
        const char *fallback; /* as mosquitto.conf has it; ours where that is marked */
} Expected;

#define G OPTION_GLOBAL
#define S OPTION_SECURITY
#define L OPTION_LISTENER
#define B OPTION_BRIDGE
#define P OPTION_PLUGIN

static const Expected expected[] = {
        {"acl_file", S, NULL},
        {"acl_pattern_match", G, "strict"},
        {"acl_subscribe_granted", G, "false"},
        {"allow_anonymous", S, "false"},
        {"allow_duplicate_messages", G, "true"},
        {"allow_zero_length_clientid", S, "true"},
        {"auth_plugin_deny_special_chars", S, NULL},
        {"auto_id_prefix", S, "auto-"},
        {"autosave_interval", G, "1800"},
        {"autosave_on_changes", G, "false"},
        {"check_retain_source", G, "true"},
        {"clientid_prefixes", G, NULL},
        {"response_information", G, NULL},
        {"connection_messages", G, "true"},
        {"enable_control_api", G, "false"},
        {"global_max_clients", G, "-1"},
        {"global_max_connections", G, "-1"},
        {"global_plugin", P, NULL},
        {"include_dir", G, NULL},
        {"log_dest", G, "stderr"},
        {"log_facility", G, NULL},
        {"log_timestamp", G, "true"},
        {"log_timestamp_format", G, NULL},
        {"log_type", G, "error warning notice information"},
        {"max_inflight_bytes", G, "0"},
        {"max_inflight_messages", G, "20"},
        {"max_keepalive", G, "0"},
        {"max_packet_size", G, "2000000"},
        {"max_queued_bytes", G, "0"},
        {"max_queued_messages", G, "1000"},
        {"memory_limit", G, NULL},
        {"message_size_limit", G, "0"},
        {"packet_buffer_size", G, "4096"},
        {"password_file", S, NULL},
        {"per_listener_settings", G, "false"},
        {"persistence", G, "false"},
        {"persistence_file", G, "mosquitto.db"},
        {"persistence_location", G, NULL},
        {"persistent_client_expiration", G, NULL},
        {"pid_file", G, NULL},
        {"plugin", P, NULL},
        {"plugin_load", P, NULL},
        {"plugin_use", P, NULL},
        {"plugin_opt_anything", P, NULL},
        {"jwt_key", S, NULL},
        {"jwt_audience", S, NULL},
        {"jwt_clientid_claim", S, NULL},
        {"jwt_issuer", S, NULL},
        {"jwt_username_claim", S, "sub"},
        {"pam_service", S, NULL},
        {"auth_service", S, NULL},
        {"auth_service_asks", S, "connect publish subscribe"},
        {"psk_file", S, NULL},
        {"queue_qos0_messages", G, "false"},
        {"retain_available", G, "true"},
        {"retain_expiry_interval", G, NULL},
        {"set_tcp_nodelay", G, "true"}, /* ours: output is gathered anyway */
        {"sys_interval", G, "10"},
        {"upgrade_outgoing_qos", G, "false"},
        {"user", G, "hawker"}, /* ours */
        {"websockets_log_level", G, "0"},
        {"accept_protocol_versions", L, "3,4,5"},
        {"bind_address", L, NULL},
        {"bind_interface", L, NULL},
        {"cafile", L, NULL},
        {"capath", L, NULL},
        {"certfile", L, NULL},
        {"keyfile", L, NULL},
        {"ciphers", L, NULL},
        {"ciphers_tls1.3", L, NULL},
        {"crlfile", L, NULL},
        {"dhparamfile", L, NULL},
        {"disable_client_cert_date_checks", L, "false"},
        {"enable_proxy_protocol", L, NULL},
        {"proxy_protocol_v2_require_tls", L, "false"},
        {"proxy_trusted", L, NULL}, /* ours */
        {"http_dir", L, NULL},
        {"listener", L, NULL},
        {"listener_allow_anonymous", L, NULL},
        {"listener_auto_id_prefix", L, NULL},    /* auto_id_prefix, which is auto- */
        {"address_max_connection_rate", G, "0"}, /* ours, as the next ones */
        {"address_max_connections", G, "-1"},
        {"address_max_failed_logins", G, "0"},
        {"address_prefix_ipv4", G, "32"},
        {"address_prefix_ipv6", G, "64"},
        {"ban_after_failed_handshakes", G, "0"},
        {"ban_after_failed_logins", G, "0"},
        {"ban_after_refusals", G, "0"},
        {"ban_after_takeovers", G, "0"},
        {"ban_duration", G, "3600"},
        {"ban_file", G, NULL},
        {"ban_loopback", G, "false"},
        {"ban_never", G, NULL},
        {"ban_window", G, "600"},
        {"client_max_message_rate", G, "0"},
        {"client_max_receive_rate", G, "0"},
        {"client_max_retained", G, "-1"},
        {"client_max_retained_bytes", G, "0"},
        {"client_max_send_rate", G, "0"},
        {"client_max_subscriptions", G, "-1"},
        {"client_max_takeovers", G, "60"},
        {"client_max_wildcard_levels", G, "0"},
        {"limit_action", G, "delay"},
        {"user_max_connection_rate", G, "0"},
        {"user_max_connections", G, "-1"},
        {"user_max_message_rate", G, "0"},
        {"user_max_queued_bytes", G, "0"},
        {"user_max_receive_rate", G, "0"},
        {"user_max_send_rate", G, "0"},
        {"user_max_sessions", G, "-1"},
        {"user_max_subscriptions", G, "-1"},
        {"user_max_retained", G, "-1"},
        {"user_max_retained_bytes", G, "0"},
        {"global_max_connection_rate", G, "0"},
        {"max_unauthenticated", G, "10000"},
        {"max_connection_rate", L, "0"},
        {"max_connections", L, "-1"},
        {"max_qos", L, "2"},
        {"max_topic_alias", L, "10"},
        {"max_topic_alias_broker", L, "10"},
        {"mount_point", L, NULL},
        {"port", L, NULL}, /* 1883 */
        {"protocol", L, "mqtt"},
        {"psk_hint", L, NULL},
        {"require_certificate", L, "false"},
        {"socket_domain", L, NULL},
        {"tls_engine", L, NULL},
        {"tls_engine_kpass_sha1", L, NULL},
        {"tls_keyform", L, "pem"},
        {"tls_keylog", L, NULL}, /* ours */
        {"ocsp_file", L, NULL},  /* ours */
        {"tls_version", L, "tlsv1.2"},
        {"use_identity_as_username", L, "false"},
        {"use_subject_as_username", L, "false"},
        {"use_username_as_clientid", L, "false"},
        {"websockets_origin", L, NULL},
        {"websockets_path", L, NULL}, /* ours */
        {"websocket_framing", L, "native"},
        {"retry_interval", G, NULL},
        /* Bridges. */
        {"connection", B},
        {"address", B},
        {"bridge_alpn", B},
        {"bridge_cafile", B},
        {"bridge_capath", B},
        {"bridge_certfile", B},
        {"bridge_keyfile", B},
        {"bridge_ciphers", B},
        {"bridge_ciphers_tls1.3", B},
        {"bridge_tls_version", B},
        {"bridge_tls_use_os_certs", B},
        {"bridge_insecure", B},
        {"bridge_require_ocsp", B},
        {"bridge_identity", B},
        {"bridge_psk", B},
        {"bridge_attempt_unsubscribe", B},
        {"bridge_bind_address", B},
        {"bridge_max_packet_size", B},
        {"bridge_max_topic_alias", B},
        {"bridge_outgoing_retain", B},
        {"bridge_protocol_version", B},
        {"bridge_receive_maximum", B},
        {"bridge_reload_type", B},
        {"bridge_session_expiry_interval", B},
        {"bridge_tcp_keepalive", B},
        {"bridge_tcp_user_timeout", B},
        {"cleansession", B},
        {"local_cleansession", B},
        {"idle_timeout", B},
        {"keepalive_interval", B},
        {"local_clientid", B},
        {"local_username", B},
        {"local_password", B},
        {"notifications", B},
        {"notifications_local_only", B},
        {"notification_topic", B},
        {"remote_clientid", B},
        {"remote_username", B},
        {"remote_password", B},
        {"restart_timeout", B},
        {"round_robin", B},
        {"start_type", B},
        {"threshold", B},
        {"topic", B},
        {"try_private", B},
        /* Hawker's own. */
        {"bus", G, "system"},
        {"check_payload_format", G, "false"},
        {"connect_timeout", G, "10"},
        {"max_output_buffer", G, "8388608"},
        {"queue_drop", G, "newest"},
        {"shutdown_timeout", G, "5"},
        {"tcp_user_timeout", G, "60000"},
        {"removed_listener_timeout", G, "10"},
        {"durability", G, "strict"},
        {"group_commit_delay", G, "0"},
        {"storage_max", G, "0"},
        {"storage_on_network", G, "false"},
        {"workers", G, "0"},
        {"socket_mode", L, "0660"},
        {"socket_owner", L, NULL},
        {"socket_group", L, NULL},
        {"socket_name", L, NULL},
        {"unix_peer_username", L, "false"},
};

static void test_expected(void)
{
        for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
                const Option *option = option_find(expected[i].name);

                if (!option)
                        g_error("%s is missing", expected[i].name);
                g_assert_cmpstr(option->fallback, ==, expected[i].fallback);
                g_assert_cmpint(option->scope, ==, expected[i].scope);
        }
        g_assert_cmpuint(n_options(), ==, G_N_ELEMENTS(expected));
}

static void test_rows_are_complete(void)
{
        const Option *option;

        for (size_t i = 0; (option = option_at(i)); i++) {
                const bool has_value = option->status == OPTION_WORKS ||
                                       option->status == OPTION_WARNED ||
                                       option->status == OPTION_SILENT;
                size_t n = strlen(option->doc);

                g_assert_cmpuint(option_index(option), ==, i);
                g_assert_true(g_ascii_isupper(option->doc[0]));
                g_assert_true(option->doc[n - 1] == '.');
                g_assert_cmpint(option->kind == OPTION_WORD || option->kind == OPTION_WORDS, ==,
                                option->words != NULL);
                if (option->status == OPTION_WARNED || option->status == OPTION_IGNORED)
                        g_assert_nonnull(option->instead);
                if (option->kind != OPTION_DIRECTIVE && has_value)
                        g_assert_cmpuint(option->size, >, 0);
                if (option->kind == OPTION_STRING && option->size)
                        g_assert_cmpuint(option->size, ==, sizeof(char *));
                if (option->kind == OPTION_INTEGER)
                        g_assert_cmpint(option->minimum, <, option->maximum + 1);
        }
}

static void test_names_are_unique(void)
{
        const Option *option;

        for (size_t i = 0; (option = option_at(i)); i++)
                g_assert_true(option_find(option->name) == option);
        for (const OptionAlias *a = option_aliases; a->alias; a++) {
                g_assert_nonnull(option_find(a->name));
                g_assert_true(option_find(a->alias) == option_find(a->name));
        }
}

/* No two rows may share a field, else the last default to be set would win. */
static void test_fields_are_unique(void)
{
        const Option *a, *b;

        for (size_t i = 0; (a = option_at(i)); i++) {
                for (size_t j = i + 1; (b = option_at(j)); j++) {
                        if (!a->size || !b->size)
                                continue;
                        if (a->scope != OPTION_LISTENER && b->scope != OPTION_LISTENER)
                                g_assert_cmpuint(a->offset, !=, b->offset);
                        if (a->scope != OPTION_GLOBAL && b->scope != OPTION_GLOBAL)
                                g_assert_cmpuint(a->listener_offset, !=, b->listener_offset);
                }
        }
}

static void test_defaults_are_in_the_fields(void)
{
        Settings *settings = NULL;
        const Option *option;

        g_assert_cmpint(settings_new_default((uint16_t[]){1883}, 1, &settings), ==, 0);
        for (size_t i = 0; (option = option_at(i)); i++) {
                Value fallback, value;

                if (!option->size)
                        continue;
                g_assert_cmpint(value_parse_default(option, &fallback), ==, 0);
                value = value_load(option, settings, &settings->listeners[0]);
                g_assert_true(value_equal(option, &value, &fallback));
                value_done(&fallback);
        }
        settings_unref(settings);
}

/* Some literally, so that table and accessors cannot be wrong together. */
static void test_defaults_literally(void)
{
        Settings *s = NULL;
        const ListenerSettings *l;

        g_assert_cmpint(settings_new_default((uint16_t[]){1883}, 1, &s), ==, 0);
        l = &s->listeners[0];
        g_assert_cmpuint(s->max_packet_size, ==, 2000000);
        g_assert_cmpuint(s->max_inflight_messages, ==, 20);
        g_assert_cmpuint(s->max_queued_messages, ==, 1000);
        g_assert_cmpuint(s->max_output_buffer, ==, 8 << 20);
        g_assert_cmpuint(s->persistent_client_expiration, ==, SETTINGS_NEVER);
        g_assert_cmpint(s->global_max_clients, ==, -1);
        g_assert_cmpint(s->log_facility, ==, -1);
        g_assert_cmpuint(s->log_dest, ==, LOG_TO_STDERR);
        g_assert_cmpuint(s->log_type, ==, LOG_CATEGORIES_DEFAULT);
        g_assert_cmpuint(s->tcp_user_timeout, ==, 60000);
        g_assert_cmpuint(s->memory_limit, ==, 0);
        g_assert_true(s->retain_available && s->set_tcp_nodelay && s->connection_messages);
        g_assert_true(s->allow_duplicate_messages && s->check_retain_source && s->log_timestamp);
        g_assert_false(s->persistence || s->queue_qos0_messages || s->upgrade_outgoing_qos);
        g_assert_cmpint(l->max_connections, ==, -1);
        g_assert_cmpuint(l->max_qos, ==, 2);
        g_assert_cmpuint(l->max_topic_alias, ==, 10);
        g_assert_cmpuint(l->max_topic_alias_broker, ==, 10);
        g_assert_cmpuint(l->accept_protocol_versions, ==, 0x38);
        g_assert_cmpuint(l->socket_mode, ==, 0660);
        g_assert_cmpint(l->listener_allow_anonymous, ==, -1);
        g_assert_false(l->allow_anonymous);
        g_assert_true(l->allow_zero_length_clientid);
        g_assert_cmpstr(l->auto_id_prefix, ==, "auto-");
        settings_unref(s);
}

static void test_nearest(void)
{
        static const struct {
                const char *typed, *meant;
        } cases[] = {
                {"listner", "listener"},
                {"max_conections", "max_connections"},
                {"max_keep_alive", "max_keepalive"},
                {"allow_annonymous", "allow_anonymous"},
                {"persistance", "persistence"},
                {"pasword_file", "password_file"},
                {"mountpoint", "mount_point"},
                {"prot", "port"},
                {"xyzzy", NULL},
                {"", NULL},
                {"q", NULL},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                g_assert_cmpstr(option_nearest(cases[i].typed), ==, cases[i].meant);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/config/options/as-expected", test_expected);
        g_test_add_func("/config/options/rows-are-complete", test_rows_are_complete);
        g_test_add_func("/config/options/names-are-unique", test_names_are_unique);
        g_test_add_func("/config/options/fields-are-unique", test_fields_are_unique);
        g_test_add_func("/config/options/defaults-are-in-the-fields",
                        test_defaults_are_in_the_fields);
        g_test_add_func("/config/options/defaults-literally", test_defaults_literally);
        g_test_add_func("/config/options/nearest", test_nearest);
        return g_test_run();
}
