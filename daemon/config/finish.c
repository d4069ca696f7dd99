/* SPDX-License-Identifier: Apache-2.0 */
/* finish.c: what can be known only when all lines are read */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/parser.h"
#include "config/tls-rules.h"
#include "config/values.h"

#define PORT_DEFAULT 1883

static const SettingsOrigin from_command_line = {.file = "command line"};
static const SettingsOrigin from_administrator = {.file = "AddListener"};

static const Option *row(const char *name)
{
        return option_find(name);
}

/* Give @to what @from says, in the options of scope SECURITY. Either may be NULL: the settings. */
static int copy_security(Settings *settings, const ListenerSettings *from, ListenerSettings *to)
{
        const Option *option;

        for (size_t i = 0; (option = option_at(i)); i++) {
                _cleanup_(value_done) Value copy = {};
                Value value;

                if (option->scope != OPTION_SECURITY || option->size == 0)
                        continue;
                value = value_load(option, settings, from);
                copy.number = value.number;
                if (value.text && !(copy.text = strdup(value.text)))
                        return -ENOMEM;
                value_store(option, settings, to, &copy);
                *settings_origin(option, settings, to) = *settings_origin(option, settings, from);
        }
        return 0;
}

static int add_default_listener(Parser *parser)
{
        ListenerSettings *listener;
        int r;

        if (!parser->default_listener_used)
                return 0;
        r = settings_add_listener(parser->settings, &listener);
        if (r < 0)
                return r;
        listener_settings_done(listener);
        *listener = parser->default_listener;
        parser->default_listener = (ListenerSettings){};
        if (listener->port == 0)
                listener->port = PORT_DEFAULT;
        return 0;
}

static int add_local_listener(Parser *parser, uint16_t port, const char *host)
{
        ListenerSettings *listener;
        int r;

        r = settings_add_listener(parser->settings, &listener);
        if (r < 0)
                return r;
        if (parser->source->n_ports > 0)
                listener->where = from_command_line;
        listener->port = port;
        r = settings_replace(&listener->host, host);
        if (r == 0 && parser->settings->per_listener_settings)
                r = copy_security(parser->settings, &parser->default_listener, listener);
        return r;
}

static int add_local_listeners(Parser *parser)
{
        const SettingsSource *source = parser->source;
        const size_t n = source->n_ports ? source->n_ports : 1;

        parser->settings->local_only = true;
        for (size_t i = 0; i < n; i++) {
                const uint16_t port = source->n_ports ? source->ports[i] : PORT_DEFAULT;
                int r = add_local_listener(parser, port, "127.0.0.1");

                if (r == 0)
                        r = add_local_listener(parser, port, "::1");
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What is above every listener: of one that is listener number `at`, or of none that is served. */
static const ListenerSettings *find_default(const Parser *parser, size_t at)
{
        if (parser->default_listener_used)
                return &parser->settings->listeners[at];
        return parser->default_listener.origins ? &parser->default_listener : NULL;
}

static int add_named_listener(Parser *parser, const char *name, size_t default_at)
{
        const ListenerSettings *from;
        ListenerSettings *listener;
        int r;

        r = settings_add_listener(parser->settings, &listener);
        if (r < 0)
                return r;
        from = find_default(parser, default_at);
        listener->where = from_administrator;
        listener->is_added = true;
        if (parser->settings->per_listener_settings && from)
                r = copy_security(parser->settings, from, listener);
        if (r == 0)
                r = settings_replace(&listener->name, name);
        return r < 0 ? r : settings_replace(&listener->socket_name, name);
}

static int add_named_listeners(Parser *parser, size_t default_at)
{
        const SettingsSource *source = parser->source;
        int r = 0;

        for (size_t i = 0; i < source->n_added && r == 0; i++)
                r = add_named_listener(parser, source->added[i], default_at);
        return r;
}

/* Security options above every listener are of the default listener; there may be none. */
static int warn_of_unused_security(Parser *parser)
{
        const Option *option;

        if (!parser->default_listener.origins)
                return 0;
        for (size_t i = 0; (option = option_at(i)); i++) {
                const SettingsOrigin *origin;
                int r;

                if (option->scope != OPTION_SECURITY)
                        continue;
                origin = settings_origin(option, parser->settings, &parser->default_listener);
                if (!origin->file)
                        continue;
                r = config_errors_add(parser->errors, CONFIG_WARNING, origin->file, origin->line,
                                      "%s has no effect: with per_listener_settings it must be "
                                      "below a listener",
                                      option->name);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_listeners(Parser *parser)
{
        Settings *settings = parser->settings;
        const size_t default_at = settings->n_listeners;
        int r;

        r = add_default_listener(parser);
        if (r < 0)
                return r;
        if (settings->n_listeners == 0)
                return add_local_listeners(parser);
        r = add_named_listeners(parser, default_at);
        if (r < 0)
                return r;
        if (parser->source->n_ports > 0) {
                r = config_errors_add(parser->errors, CONFIG_NOTICE, NULL, 0,
                                      "-p is ignored: the configuration has listeners");
                if (r < 0)
                        return r;
        }
        return warn_of_unused_security(parser);
}

/* Work what was written into what holds. */
static int complete_listener(Settings *settings, ListenerSettings *listener)
{
        const Option *anonymous = row("allow_anonymous"), *prefix = row("auto_id_prefix");
        const Option *own_anonymous = row("listener_allow_anonymous");
        const Option *own_prefix = row("listener_auto_id_prefix");
        int r = 0;

        if (!settings->per_listener_settings)
                r = copy_security(settings, NULL, listener);
        else if (!settings_origin(anonymous, settings, listener)->file)
                listener->allow_anonymous = settings->local_only;
        if (r < 0)
                return r;

        if (listener->listener_allow_anonymous >= 0) {
                listener->allow_anonymous = listener->listener_allow_anonymous > 0;
                *settings_origin(anonymous, settings, listener) =
                        *settings_origin(own_anonymous, settings, listener);
        }
        if (listener->listener_auto_id_prefix) {
                *settings_origin(prefix, settings, listener) =
                        *settings_origin(own_prefix, settings, listener);
                r = settings_replace(&listener->auto_id_prefix, listener->listener_auto_id_prefix);
        }
        return r;
}

/* What is bound, in words: two listeners with the same name would be the same socket. */
static int name_listener(ListenerSettings *listener)
{
        static const char *const domains[] = {
                [SOCKET_DOMAIN_ANY] = "",
                [SOCKET_DOMAIN_IPV4] = "/ipv4",
                [SOCKET_DOMAIN_IPV6] = "/ipv6",
        };
        const bool is_ipv6 = listener->host && strchr(listener->host, ':');
        int r;

        if (listener->is_added)
                return 0;
        if (listener->path)
                return settings_replace(&listener->name, listener->path);
        r = asprintf(&listener->name, "%s%s%s%s%u%s%s%s", is_ipv6 ? "[" : "",
                     listener->host ? listener->host : "", is_ipv6 ? "]" : "",
                     listener->host ? ":" : "", listener->port, domains[listener->socket_domain],
                     listener->bind_interface ? "%" : "",
                     listener->bind_interface ? listener->bind_interface : "");
        if (r >= 0)
                return 0;
        listener->name = NULL;
        return -ENOMEM;
}

static int blame_twin(Parser *parser, const SettingsOrigin *at, const char *what, const char *name,
                      const SettingsOrigin *first)
{
        return config_errors_add(parser->errors, CONFIG_ERROR, at->file, at->line,
                                 "%s %s is there already, at %s:%u", what, name,
                                 first->file ? first->file : "-", first->line);
}

static int check_unique(Parser *parser, size_t index)
{
        const ListenerSettings *listener = &parser->settings->listeners[index];
        const Option *socket_name = row("socket_name");

        for (size_t i = 0; i < index; i++) {
                const ListenerSettings *other = &parser->settings->listeners[i];

                if (strcmp(other->name, listener->name) == 0)
                        return blame_twin(parser, &listener->where, "listener", other->name,
                                          &other->where);
                if (other->socket_name && listener->socket_name &&
                    strcmp(other->socket_name, listener->socket_name) == 0)
                        return blame_twin(parser,
                                          settings_origin(socket_name, parser->settings, listener),
                                          "socket_name", other->socket_name,
                                          settings_origin(socket_name, parser->settings, other));
        }
        return 0;
}

static int warn_without_effect(Parser *parser, const ListenerSettings *listener)
{
        static const struct {
                const char *option;
                bool of_unix;
        } rows[] = {
                {"bind_interface", false}, {"socket_domain", false}, {"socket_group", true},
                {"socket_mode", true},     {"socket_owner", true},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const SettingsOrigin *origin =
                        settings_origin(row(rows[i].option), parser->settings, listener);
                int r;

                if (!origin->file || rows[i].of_unix == !!listener->path)
                        continue;
                r = config_errors_add(parser->errors, CONFIG_WARNING, origin->file, origin->line,
                                      "%s has no effect: the listener is %sa unix socket",
                                      rows[i].option, rows[i].of_unix ? "not " : "");
                if (r < 0)
                        return r;
        }
        return 0;
}

/* An option that speaks of another one, which is not there: Mosquitto wants it below a plugin. */
static int refuse_orphan(Parser *parser, const ListenerSettings *listener)
{
        const Option *option = row("auth_plugin_deny_special_chars");
        const SettingsOrigin *origin = settings_origin(option, parser->settings, listener);
        const char *service = listener ? listener->auth_service : parser->settings->auth_service;

        if (!origin->file || service)
                return 0;
        return config_errors_add(parser->errors, CONFIG_ERROR, origin->file, origin->line,
                                 "%s needs auth_service", option->name);
}

static int refuse_orphans(Parser *parser)
{
        const Settings *settings = parser->settings;
        int r = 0;

        if (!settings->per_listener_settings)
                return refuse_orphan(parser, NULL);
        for (size_t i = 0; r == 0 && i < settings->n_listeners; i++)
                r = refuse_orphan(parser, &settings->listeners[i]);
        return r;
}

/* -v and -q win over the file. */
static int apply_verbosity(Parser *parser)
{
        const Option *option = row("log_type");
        char reason[VALUE_REASON_MAX];
        const char *rest;
        Value value;
        int r;

        if (!parser->source->verbose && !parser->source->quiet)
                return 0;
        r = value_parse(option, parser->source->quiet ? "none" : "all", &value, &rest, reason);
        if (r < 0)
                return r;
        value_store(option, parser->settings, NULL, &value);
        *settings_origin(option, parser->settings, NULL) = from_command_line;
        return 0;
}

int parser_finish(Parser *parser)
{
        Settings *settings = parser->settings;
        int r;

        r = add_listeners(parser);
        if (r == 0)
                r = apply_verbosity(parser);
        if (r < 0)
                return r;
        r = value_parse_prefixes(settings->ban_never, &settings->never_banned,
                                 &settings->n_never_banned);
        if (r < 0)
                return r;
        if (!settings->per_listener_settings &&
            !settings_origin(row("allow_anonymous"), settings, NULL)->file)
                settings->allow_anonymous = settings->local_only;

        for (size_t i = 0; i < settings->n_listeners; i++) {
                r = complete_listener(settings, &settings->listeners[i]);
                if (r == 0)
                        r = name_listener(&settings->listeners[i]);
                if (r == 0)
                        r = check_unique(parser, i);
                if (r == 0)
                        r = warn_without_effect(parser, &settings->listeners[i]);
                if (r == 0)
                        r = tls_rules_apply(settings, &settings->listeners[i], parser->errors);
                if (r == 0)
                        r = listener_settings_complete(&settings->listeners[i]);
                if (r < 0)
                        return r;
        }
        return refuse_orphans(parser);
}
