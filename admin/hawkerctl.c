/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl: the command line of the admin, verb by verb. */
#include <stdio.h>

#include "admin/command.h"
#include "admin/pager.h"
#include "admin/terminal.h"
#include "admin/verb.h"
#include "util/macro.h"

#define OPTIONS(...) ((const VerbOption[]){__VA_ARGS__, {}})

/* verb.h says how to add one. */
const Verb verbs[] = {
        {"status", NULL, "how the broker is", verb_status},
        {"reload", NULL, "have the configuration read again", verb_reload,
         .options = OPTIONS({'w', "wait", NULL, "print what has changed, fail if it failed"},
                            {'q', "quiet", NULL, "do not print what has changed: the log has it"})},
        {"restart", NULL, "restart the broker, with its connections", verb_restart},
        {"test-config", "[FILE]", "say what is wrong in a configuration", verb_test_config},
        {"config", "[FILE]", "the settings, and where each comes from", verb_config,
         .is_long = true,
         .options = OPTIONS({0, "changed", NULL, "only those that are not left at the default"}),
         .more = "FILE is the configuration of the service if none is given."},
        {"doctor", "[FILE]", "is all well, and if not, what mends it", verb_doctor, .is_long = true,
         .more = "FILE is the configuration of the service if none is given. Each line is OK, "
                 "WARN\n"
                 "or FAIL. Exit status: 0 nothing fails, 1 something does, 2 wrong usage."},
        {"log-level", "[emerg|alert|crit|err|warning|notice|info|debug]",
         "how much the log says, or have it say more", verb_log_level,
         .more = "It holds until the next reload or start."},
        {"top", NULL, "the traffic and the clients, as they change", verb_top,
         .options = OPTIONS({'d', "delay", "SECONDS", "between two looks: 1"},
                            {'n', "iterations", "NUMBER", "of looks, then end"},
                            {'1', "once", NULL, "one look, as text: -n 1"},
                            {'s', "sort",
                             "messages|traffic|queued|bytes|inflight|subscriptions|client",
                             "which clients come first: messages"}),
         .more = "On a terminal the keys are: s the next order, q quit. Rates are of the time\n"
                 "between two looks; with --once, of one delay. Without a terminal, or with "
                 "--json,\n"
                 "each look is written below the last."},
        {"clients", "[PATTERN]", "list who is connected", verb_clients, .is_long = true,
         .options = OPTIONS({'a', "address", "ADDRESS", "those of this address or prefix"},
                            {'l', "listener", "NAME", "those that came by this listener"},
                            {'u', "user", "NAME", "those of this user"}),
         .more = "PATTERN is of client identifiers: * stands for any text, ? for one character."},
        {"client", "ID", "all about one that is connected", verb_client, .is_long = true},
        {"kick", "ID", "disconnect a client", verb_kick,
         .options = OPTIONS({'c', "code", "NUMBER", "the reason code that MQTT 5 tells it: 0x98"},
                            {'r', "reason", "TEXT", "why, for the client and the log"},
                            {0, "without-will", NULL, "its will is not published"}),
         .more = "It may come again: 'hawkerctl ban client' keeps it out."},
        {"listeners", NULL, "where clients come in, and with which certificates", verb_listeners,
         .is_long = true},
        {"pause", "NAME", "have a listener accept nobody for now", verb_pause,
         .more = "Who is there stays, who comes waits, until 'hawkerctl resume', over reloads "
                 "too."},
        {"resume", "NAME", "have it accept again", verb_resume},
        {"retained", "[FILTER]", "list, show or clear retained messages", verb_retained,
         .options =
                 OPTIONS({0, "clear", NULL, "take out those that match; nobody is sent anything"},
                         {'s', "show", NULL, "write the payload of one, escaped on a terminal"},
                         {'y', "yes", NULL, "do not ask whether to clear"}),
         .usage = "Usage: hawkerctl retained [OPTION]... [FILTER]\n"
                  "       hawkerctl retained --show TOPIC\n"
                  "       hawkerctl retained --clear [--yes] FILTER",
         .more = "FILTER is a topic filter: 'a/#', '+/b'."},
        {"publish", "TOPIC [MESSAGE]", "publish a message", verb_publish,
         .options = OPTIONS({0, "content-type", "TEXT", "what the message is, as text/plain"},
                            {0, "correlation-data", "TEXT", "for who answers"},
                            {0, "empty", NULL, "no payload; with --retain it clears the topic"},
                            {0, "expiry", "SECONDS", "it is gone after that"},
                            {'f', "file", "FILE", "the payload is in this file"},
                            {'q', "qos", "0|1|2", "else 0"},
                            {0, "response-topic", "TOPIC", "where an answer goes"},
                            {'r', "retain", NULL, "it is retained for its topic"},
                            {0, "text", NULL, "say that the payload is text in UTF-8"},
                            {'u', "user-property", "NAME=VALUE", "as often as there are some"}),
         .more = "MESSAGE is - for standard input. It is done when the broker has the message, on\n"
                 "its disk where it has to last."},
        {"metrics", NULL, "all figures, also for Prometheus", verb_metrics, .is_long = true,
         .options = OPTIONS({0, "prometheus", NULL, "write the text format of Prometheus"}),
         .more = "What each figure means is in org.hawker.Broker1(5)."},
        {"sessions", "[PATTERN]", "list what is kept for clients", verb_sessions, .is_long = true,
         .options = OPTIONS({'a', "away", NULL, "those whose clients are away"},
                            {'c', "connected", NULL, "those whose clients are connected"},
                            {'q', "queued", "NUMBER", "where so many messages wait, or more"}),
         .more = "PATTERN is of client identifiers: * stands for any text, ? for one character."},
        {"session", "ID", "all about the session of a client", verb_session, .is_long = true},
        {"drop", "ID", "end the session of a client", verb_drop,
         .options = OPTIONS({'r', "reason", "TEXT", "why, for the client and the log"},
                            {0, "without-will", NULL, "its will is not published"}),
         .more = "What waits in it is lost. A client that is connected is disconnected; it may "
                 "come\n"
                 "again, to a new session."},
        {"subscriptions", "[ID]", "of a client, or who would get a message", verb_subscriptions,
         .is_long = true,
         .options = OPTIONS({'f', "filter", "PATTERN", "those to filters like this"},
                            {'t', "topic", "TOPIC", "those that a message to it would go by"}),
         .more = "ID is the identifier of a client; without one, those of all are listed. In "
                 "PATTERN\n"
                 "* stands for any text, ? for one character. Of the members of a shared\n"
                 "subscription one would get the message."},
        {"monitor", NULL, "follow who comes and goes, as it happens", verb_monitor,
         .more = "Queues that are full, bans, reloads and certificates that end are told, too. "
                 "Ctrl-C\n"
                 "ends it."},
        {"trace", "ID", "print the packets of a client, as they pass", verb_trace,
         .more = "The client need not be connected yet, and may come and go. -> is what it sends, "
                 "<- what\n"
                 "the broker does. Passwords are never shown. Ctrl-C ends it."},
        {"bans", NULL, "list who is banned", verb_bans, .is_long = true},
        {"ban", "[address|user|client] WHOM", "keep an address, a user or a client out", verb_ban,
         .options = OPTIONS({'f', "for", "TIME", "so long: 90s, 15m, 12h, 7d, 4w; else for good"},
                            {'r', "reason", "TEXT", "why, for the list of bans and the log"}),
         .more = "WHOM is an address or prefix, the name of a user, or a client identifier.\n"
                 "Who is connected is disconnected at once. The ban outlives a restart."},
        {"unban", "[address|user|client] WHOM", "take a ban back", verb_unban,
         .more = "'hawkerctl bans' lists who is banned."},
        {"passwd", "FILE [USER]", "set passwords in a file", verb_passwd, .counts_words = true,
         .options = OPTIONS({0, "batch", NULL, "set the USER:PASSWORD lines of standard input"},
                            {'c', "create", NULL, "make the file, which must not be there yet"},
                            {'D', "delete", NULL, "take a user out"},
                            {'H', "hash", "argon2id|pbkdf2|scram-sha-256|scram-sha-512",
                             "how it is kept: argon2id; pbkdf2, which Mosquitto 2.0\n"
                             "                            reads, too; scram-…, for logins without "
                             "a password"},
                            {'U', "rehash", NULL, "hash what is in plain text"},
                            {0, "stdin", NULL, "read the password from standard input, one line"},
                            {0, "verify", NULL, "is it the password?"}, {'b', "b", NULL, NULL}),
         .usage = "Usage: hawkerctl passwd [OPTION]... FILE USER   set a password, asked twice\n"
                  "       hawkerctl passwd --delete FILE USER\n"
                  "       hawkerctl passwd --verify FILE USER      is it the password?\n"
                  "       hawkerctl passwd --batch FILE\n"
                  "       hawkerctl passwd --rehash FILE"},
        {"acl-test", "USER CLIENT publish|receive|subscribe TOPIC", "may a client do that",
         verb_acl_test,
         .options = OPTIONS({'f', "acl", "FILE", "the rules of this file"},
                            {0, "address", "ADDRESS", "of the client: it may be banned"},
                            {0, "compat", NULL, "(--acl) as with acl_pattern_match compat"},
                            {0, "config", "FILE", "the rules of this configuration"},
                            {0, "listener", "NAME", "that it comes to, where they differ"}),
         .more = "USER is - for a client that does not say who it is. TOPIC is what the broker "
                 "knows,\n"
                 "with the listener's mount point; to subscribe, it is a filter.\n"
                 "\n"
                 "The rules are those that the broker goes by, if it runs; else those of its\n"
                 "configuration as it stands.\n"
                 "\n"
                 "Exit status: 0 allowed, 1 denied, 2 that cannot be told."},
        {"migrate", "[FILE]", "turn a Mosquitto into a Hawker", verb_migrate,
         .options = OPTIONS({0, "dry-run", NULL, "only say what would become of each option"},
                            {0, "force", NULL, "take the place of files that are there already"},
                            {0, "into", "DIR", "write to this folder: /etc/hawker"}),
         .more = "FILE is /etc/mosquitto/mosquitto.conf if none is given; its include_dir counts, "
                 "too.\n"
                 "What it has kept, 'hawkerctl import' takes over."},
        {"import", "FILE", "take over what Mosquitto has kept", verb_import,
         .options = OPTIONS({0, "config", "FILE", "the store of this configuration"},
                            {0, "into", "DIR", "this folder, whose store is empty, or not there"},
                            {0, "partial", NULL, "of a file that is damaged, take what is valid"}),
         .more = "FILE (/var/lib/mosquitto/mosquitto.db) is of version 1.0 or later: sessions,\n"
                 "subscriptions, messages that wait or are in flight, and retained messages.\n"
                 "Mosquitto writes it when it is stopped; hawkerd is stopped too."},
        {"store", "check|dump|load|compact|backup [FILE] [DIR]", "look after what the broker keeps",
         verb_store, .counts_words = true,
         .options = OPTIONS({0, "config", "FILE", "the store of this configuration"},
                            {0, "partial", NULL, "(not load) what is left of a damaged store"}),
         .usage = "Usage: hawkerctl store check [DIR]         say what is damaged\n"
                  "       hawkerctl store dump [DIR]          write all of it as lines of JSON\n"
                  "       hawkerctl store load FILE [DIR]     what dump has written, to an empty "
                  "store\n"
                  "       hawkerctl store compact [DIR]       give unused room back\n"
                  "       hawkerctl store backup [DIR] FILE   copy it",
         .more = "DIR is the folder of the store, by default that of the service. The broker is\n"
                 "stopped; but without DIR, backup asks one that runs.\n"
                 "\n"
                 "Exit status: 0 done, 1 failed or damaged, 2 wrong usage, 4 not allowed."},
        {"completion", "bash|zsh", "write the completion for a shell", verb_completion},
        {"version", NULL, "print the version", verb_version},
        {"help", "[VERB]", "print this, or all about a verb", verb_help, .is_long = true},
};
const size_t n_verbs = ARRAY_SIZE(verbs);

static int no_verb(const char *name)
{
        const char *nearest = name ? verb_nearest(name) : NULL;

        if (!name)
                fputs("hawkerctl: what shall be done?\n", stderr);
        else
                fprintf(stderr, "hawkerctl: there is no verb %s\n", name);
        if (nearest)
                fprintf(stderr, "Did you mean '%s'? ", nearest);
        fputs("Try 'hawkerctl --help'.\n", stderr);
        return EXIT_USAGE;
}

int main(int argc, char **argv)
{
        _cleanup_(command_done) Command command = {.width = terminal_width(),
                                                   .has_colours = terminal_has_colours()};
        const Verb *verb;
        Pager pager = {};
        int at, status;

        status = command_parse_common(argc, argv, &command, &at);
        if (status >= 0)
                return status;
        verb = at < argc ? verb_find(argv[at]) : NULL;
        if (!verb)
                return no_verb(argv[at]);
        status = command_parse(verb, argc - at, argv + at, &command);
        if (status < 0) {
                if (verb->is_long)
                        pager_begin(&command, &pager);
                status = verb->run(&command);
        }
        if (pager_end(&pager) < 0 && status == EXIT_DONE)
                status = EXIT_FAILED;
        return status;
}
