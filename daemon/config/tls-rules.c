/* SPDX-License-Identifier: Apache-2.0 */
/* tls-rules.c: which options of a listener for TLS, proxies and HTTP need which others */
#include "config/tls-rules.h"

#include <errno.h>
#include <string.h>

#include "config/settings-build.h"
#include "config/values.h"
#include "util/macro.h"

typedef enum Need {
        NEED_CERTFILE,
        NEED_KEYFILE,
        NEED_AUTHORITY,
        NEED_TLS,
        NEED_PSK_FILE,
        NEED_NO_CERTFILE,
        NEED_NO_TLS,
        NEED_PEER_CERTIFICATE,
        NEED_PROXY_2,
        NEED_NO_PROXY,
        NEED_NO_PROXY_2,
        NEED_PROXY_OR_HTTP,
        NEED_MQTT,
        NEED_WEBSOCKETS,
        NEED_HTTP,
} Need;

static const char *const need_texts[] = {
        [NEED_CERTFILE] = "needs certfile and keyfile",
        [NEED_KEYFILE] = "needs keyfile",
        [NEED_AUTHORITY] = "needs cafile or capath",
        [NEED_TLS] = "has no effect: the listener has neither certfile nor psk_hint",
        [NEED_PSK_FILE] = "needs psk_file",
        [NEED_NO_CERTFILE] = "cannot go with certfile on one listener",
        [NEED_NO_TLS] = "cannot go with TLS on one listener",
        [NEED_PEER_CERTIFICATE] = "needs certfile and keyfile, or enable_proxy_protocol 2",
        [NEED_PROXY_2] = "needs enable_proxy_protocol 2",
        [NEED_NO_PROXY] = "cannot go with enable_proxy_protocol: the peer is the proxy",
        [NEED_NO_PROXY_2] = "cannot go with enable_proxy_protocol 2: the proxy speaks TLS",
        [NEED_PROXY_OR_HTTP] = "needs enable_proxy_protocol, or protocol websockets",
        [NEED_MQTT] = "cannot go with protocol http_api: nobody speaks MQTT there",
        [NEED_WEBSOCKETS] = "needs protocol websockets",
        [NEED_HTTP] = "needs protocol websockets or http_api",
};

static const struct {
        const char *option;
        Need need;
        ConfigSeverity severity;
} rules[] = {
        {"certfile", NEED_KEYFILE, CONFIG_ERROR},
        {"certfile", NEED_NO_PROXY_2, CONFIG_ERROR},
        {"keyfile", NEED_CERTFILE, CONFIG_ERROR},
        {"keyfile", NEED_NO_PROXY_2, CONFIG_ERROR},
        {"ocsp_file", NEED_CERTFILE, CONFIG_ERROR},
        {"cafile", NEED_CERTFILE, CONFIG_ERROR},
        {"capath", NEED_CERTFILE, CONFIG_ERROR},
        {"crlfile", NEED_AUTHORITY, CONFIG_ERROR},
        {"require_certificate", NEED_PEER_CERTIFICATE, CONFIG_ERROR},
        {"require_certificate", NEED_AUTHORITY, CONFIG_ERROR},
        {"use_subject_as_username", NEED_NO_PROXY_2, CONFIG_ERROR},
        {"use_subject_as_username", NEED_CERTFILE, CONFIG_ERROR},
        {"use_subject_as_username", NEED_AUTHORITY, CONFIG_ERROR},
        {"use_identity_as_username", NEED_AUTHORITY, CONFIG_ERROR},
        {"psk_hint", NEED_PSK_FILE, CONFIG_ERROR},
        {"psk_hint", NEED_NO_CERTFILE, CONFIG_ERROR},
        {"unix_peer_username", NEED_NO_TLS, CONFIG_ERROR},
        {"unix_peer_username", NEED_NO_PROXY, CONFIG_ERROR},
        {"psk_hint", NEED_NO_PROXY_2, CONFIG_ERROR},
        {"proxy_protocol_v2_require_tls", NEED_PROXY_2, CONFIG_ERROR},
        {"proxy_trusted", NEED_PROXY_OR_HTTP, CONFIG_ERROR},
        {"http_dir", NEED_HTTP, CONFIG_ERROR},
        {"websockets_origin", NEED_WEBSOCKETS, CONFIG_ERROR},
        {"websockets_path", NEED_WEBSOCKETS, CONFIG_ERROR},
        {"accept_protocol_versions", NEED_MQTT, CONFIG_ERROR},
        {"max_qos", NEED_MQTT, CONFIG_ERROR},
        {"max_topic_alias", NEED_MQTT, CONFIG_ERROR},
        {"max_topic_alias_broker", NEED_MQTT, CONFIG_ERROR},
        {"mount_point", NEED_MQTT, CONFIG_ERROR},
        {"listener_auto_id_prefix", NEED_MQTT, CONFIG_ERROR},
        {"use_username_as_clientid", NEED_MQTT, CONFIG_ERROR},
        {"disable_client_cert_date_checks", NEED_TLS, CONFIG_WARNING},
        {"tls_version", NEED_TLS, CONFIG_WARNING},
        {"ciphers", NEED_TLS, CONFIG_WARNING},
        {"ciphers_tls1.3", NEED_TLS, CONFIG_WARNING},
        {"tls_keylog", NEED_TLS, CONFIG_WARNING},
};

static bool is_met(const ListenerSettings *listener, Need need)
{
        const bool proxy_2 = listener->enable_proxy_protocol == 2;

        switch (need) {
        case NEED_CERTFILE:
                return listener->certfile;
        case NEED_KEYFILE:
                return listener->keyfile;
        case NEED_AUTHORITY: /* a key of psk_file is as good, and so is the word of a proxy */
                return listener->cafile || listener->capath || listener->psk_hint || proxy_2;
        case NEED_TLS:
                return listener_settings_has_tls(listener);
        case NEED_PSK_FILE:
                return listener->psk_file;
        case NEED_NO_TLS:
                return !listener_settings_has_tls(listener);
        case NEED_PEER_CERTIFICATE:
                return listener->certfile || proxy_2;
        case NEED_PROXY_OR_HTTP:
                return listener->enable_proxy_protocol > 0 || listener->protocol != LISTENER_MQTT;
        case NEED_MQTT:
                return listener->protocol != LISTENER_HTTP_API;
        case NEED_WEBSOCKETS:
                return listener->protocol == LISTENER_WEBSOCKETS;
        case NEED_HTTP:
                return listener->protocol != LISTENER_MQTT;
        case NEED_PROXY_2:
                return proxy_2;
        case NEED_NO_PROXY:
                return listener->enable_proxy_protocol == 0;
        case NEED_NO_PROXY_2:
                return !proxy_2;
        default:
                return !listener->certfile;
        }
}

/* Whether it asks for more than the default. Returns 0, 1 or -ENOMEM. */
static int is_used(const Option *option, const Settings *settings, const ListenerSettings *listener)
{
        const Value value = value_load(option, settings, listener);
        _cleanup_(value_done) Value fallback = {};
        int r;

        r = value_parse_default(option, &fallback);
        return r < 0 ? r : !value_equal(option, &value, &fallback);
}

static int keep_last(char **text)
{
        const char *newline = strrchr(*text, '\n');

        return newline ? settings_replace(text, newline + 1) : 0;
}

static int match_pairs(const Settings *settings, ListenerSettings *listener, ConfigErrors *errors)
{
        const size_t n_certs = value_count_lines(listener->certfile);
        const size_t n_keys = value_count_lines(listener->keyfile);
        const SettingsOrigin *origin = settings_origin(option_find("certfile"), settings, listener);
        int r;

        if (n_certs == n_keys || n_certs == 0 || n_keys == 0)
                return 0;
        r = keep_last(&listener->certfile);
        if (r == 0)
                r = keep_last(&listener->keyfile);
        if (r < 0)
                return r;
        return config_errors_add(errors, CONFIG_WARNING, origin->file, origin->line,
                                 "there are %zu lines certfile and %zu lines keyfile: only the "
                                 "last of each is used",
                                 n_certs, n_keys);
}

/* Who may claim any address gets around every limit and ban. */
static int warn_of_strangers(const Settings *settings, ListenerSettings *listener,
                             ConfigErrors *errors)
{
        const SettingsOrigin *origin;

        if (listener->enable_proxy_protocol == 0 || listener->proxy_trusted || listener->path)
                return 0;
        origin = settings_origin(option_find("enable_proxy_protocol"), settings, listener);
        return config_errors_add(errors, CONFIG_WARNING, origin->file, origin->line,
                                 "enable_proxy_protocol without proxy_trusted: whoever reaches "
                                 "this listener may claim any address");
}

int tls_rules_apply(const Settings *settings, ListenerSettings *listener, ConfigErrors *errors)
{
        const char *last = NULL; /* one fault of a line is enough */
        int r;

        for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
                const Option *option = option_find(rules[i].option);
                const SettingsOrigin *origin = settings_origin(option, settings, listener);

                if (is_met(listener, rules[i].need) || (last && strcmp(last, option->name) == 0))
                        continue;
                r = is_used(option, settings, listener);
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                last = option->name;
                r = config_errors_add(errors, rules[i].severity, origin->file, origin->line,
                                      "%s %s", option->name, need_texts[rules[i].need]);
                if (r < 0)
                        return r;
        }
        r = warn_of_strangers(settings, listener, errors);
        return r < 0 ? r : match_pairs(settings, listener, errors);
}
