/* SPDX-License-Identifier: Apache-2.0 */
/* tls-rules.c: which TLS options of a listener need which others */
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
} Need;

static const char *const need_texts[] = {
        [NEED_CERTFILE] = "needs certfile and keyfile",
        [NEED_KEYFILE] = "needs keyfile",
        [NEED_AUTHORITY] = "needs cafile or capath",
        [NEED_TLS] = "has no effect: the listener has neither certfile nor psk_hint",
        [NEED_PSK_FILE] = "needs psk_file",
        [NEED_NO_CERTFILE] = "cannot go with certfile on one listener",
        [NEED_NO_TLS] = "cannot go with TLS on one listener",
};

static const struct {
        const char *option;
        Need need;
        ConfigSeverity severity;
} rules[] = {
        {"certfile", NEED_KEYFILE, CONFIG_ERROR},
        {"keyfile", NEED_CERTFILE, CONFIG_ERROR},
        {"ocsp_file", NEED_CERTFILE, CONFIG_ERROR},
        {"cafile", NEED_CERTFILE, CONFIG_ERROR},
        {"capath", NEED_CERTFILE, CONFIG_ERROR},
        {"crlfile", NEED_AUTHORITY, CONFIG_ERROR},
        {"require_certificate", NEED_CERTFILE, CONFIG_ERROR},
        {"require_certificate", NEED_AUTHORITY, CONFIG_ERROR},
        {"use_subject_as_username", NEED_CERTFILE, CONFIG_ERROR},
        {"use_subject_as_username", NEED_AUTHORITY, CONFIG_ERROR},
        {"use_identity_as_username", NEED_AUTHORITY, CONFIG_ERROR},
        {"psk_hint", NEED_PSK_FILE, CONFIG_ERROR},
        {"psk_hint", NEED_NO_CERTFILE, CONFIG_ERROR},
        {"unix_peer_username", NEED_NO_TLS, CONFIG_ERROR},
        {"disable_client_cert_date_checks", NEED_TLS, CONFIG_WARNING},
        {"tls_version", NEED_TLS, CONFIG_WARNING},
        {"ciphers", NEED_TLS, CONFIG_WARNING},
        {"ciphers_tls1.3", NEED_TLS, CONFIG_WARNING},
        {"tls_keylog", NEED_TLS, CONFIG_WARNING},
};

static bool is_met(const ListenerSettings *listener, Need need)
{
        switch (need) {
        case NEED_CERTFILE:
                return listener->certfile;
        case NEED_KEYFILE:
                return listener->keyfile;
        case NEED_AUTHORITY: /* a key of psk_file is as good */
                return listener->cafile || listener->capath || listener->psk_hint;
        case NEED_TLS:
                return listener_settings_has_tls(listener);
        case NEED_PSK_FILE:
                return listener->psk_file;
        case NEED_NO_TLS:
                return !listener_settings_has_tls(listener);
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

static size_t count_lines(const char *text)
{
        size_t n = text ? 1 : 0;

        while (text && (text = strchr(text, '\n'))) {
                text++;
                n++;
        }
        return n;
}

static int keep_last(char **text)
{
        const char *newline = strrchr(*text, '\n');

        return newline ? settings_replace(text, newline + 1) : 0;
}

static int match_pairs(const Settings *settings, ListenerSettings *listener, ConfigErrors *errors)
{
        const size_t n_certs = count_lines(listener->certfile);
        const size_t n_keys = count_lines(listener->keyfile);
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

int tls_rules_apply(const Settings *settings, ListenerSettings *listener, ConfigErrors *errors)
{
        const char *last = NULL; /* one fault of a line is enough */

        for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
                const Option *option = option_find(rules[i].option);
                const SettingsOrigin *origin = settings_origin(option, settings, listener);
                int r;

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
        return match_pairs(settings, listener, errors);
}
