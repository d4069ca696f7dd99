/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl publish: a message is published. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/broker.h"
#include "util/buffer.h"
#include "util/macro.h"
#include "util/utf8.h"

/* The bus of the system takes messages of 32 MiB. */
#define PAYLOAD_MAX (31U * 1024 * 1024)

typedef struct Wanted {
        const Command *command;
        const char *topic, *message, *file;
        uint32_t expiry;
        bool expires, retain;
        uint8_t qos;
} Wanted;

/* --- the words --- */

/* 0, or another status, which stderr explains. */
static int parse_number(const Command *command, const char *option, unsigned long max,
                        unsigned long *ret_number)
{
        const char *text = command_value(command, option);
        unsigned long number;
        char *end;

        errno = 0;
        number = strtoul(text, &end, 10);
        if (errno != 0 || end == text || *end || text[0] == '-' || number > max)
                return command_usage(command, "--%s is a number from 0 to %lu", option, max);
        *ret_number = number;
        return 0;
}

static int parse_numbers(const Command *command, Wanted *wanted)
{
        unsigned long number;
        int status = 0;

        if (command_has(command, "qos")) {
                status = parse_number(command, "qos", 2, &number);
                if (status == 0)
                        wanted->qos = (uint8_t)number;
        }
        if (status == 0 && command_has(command, "expiry")) {
                status = parse_number(command, "expiry", UINT32_MAX, &number);
                if (status == 0)
                        wanted->expiry = (uint32_t)number;
                wanted->expires = true;
        }
        return status;
}

static bool is_text(const char *text)
{
        return utf8_is_valid((const uint8_t *)text, strlen(text));
}

/* The bus takes nothing else. */
static int check_text(const Command *command)
{
        if (!is_text(command->argument))
                return command_usage(command, "the topic is no UTF-8");
        for (size_t i = 0; i < command->n_options; i++) {
                const CommandOption *option = &command->options[i];

                if (strcmp(option->name, "file") != 0 && !is_text(option->value))
                        return command_usage(command, "--%s is no UTF-8", option->name);
                if (strcmp(option->name, "user-property") == 0 && !strchr(option->value, '='))
                        return command_usage(command, "--user-property is NAME=VALUE");
        }
        return 0;
}

/* 0, or another status, which stderr explains. */
static int parse(const Command *command, Wanted *wanted)
{
        *wanted = (Wanted){
                .command = command,
                .topic = command->argument,
                .message = command->n_words > 1 ? command->words[1] : NULL,
                .file = command_value(command, "file"),
                .retain = command_has(command, "retain"),
        };
        if (!!wanted->message + !!wanted->file + command_has(command, "empty") != 1)
                return command_usage(command, "one of a message, - for standard input, --file "
                                              "and --empty");
        return check_text(command) == 0 ? parse_numbers(command, wanted) : EXIT_USAGE;
}

/* --- the payload --- */

/* All up to the end. 0, -EFBIG or -errno. */
static int read_all(int fd, Buffer *payload)
{
        ssize_t n;

        do {
                if (buffer_length(payload) > PAYLOAD_MAX)
                        return -EFBIG;
                if (buffer_reserve(payload, 65536) < 0)
                        return -ENOMEM;
                n = read(fd, buffer_tail(payload), 65536);
                if (n > 0)
                        buffer_commit(payload, (size_t)n);
        } while (n > 0 || (n < 0 && errno == EINTR));
        return n < 0 ? -errno : 0;
}

static int read_file(const char *path, Buffer *payload)
{
        const int fd = open(path, O_RDONLY | O_CLOEXEC);
        int r;

        if (fd < 0)
                return -errno;
        r = read_all(fd, payload);
        close(fd);
        return r;
}

/* EXIT_DONE or another status, which stderr explains. */
static int read_payload(const Wanted *wanted, Buffer *payload)
{
        const char *name = wanted->file ? wanted->file : "standard input";
        int r = 0;

        if (wanted->file)
                r = read_file(wanted->file, payload);
        else if (wanted->message && strcmp(wanted->message, "-") == 0)
                r = read_all(STDIN_FILENO, payload);
        else if (wanted->message)
                r = buffer_append(payload, wanted->message, strlen(wanted->message));
        if (r == 0)
                return EXIT_DONE;
        if (r == -EFBIG)
                fprintf(stderr,
                        "hawkerctl: %s: the bus takes 31 MiB at most: publish it with a client "
                        "of MQTT\n",
                        name);
        else
                fprintf(stderr, "hawkerctl: %s: %s\n", name, strerror(-r));
        return EXIT_FAILED;
}

/* --- the call --- */

static int append_text(sd_bus_message *call, const char *name, const char *text)
{
        return text ? sd_bus_message_append(call, "{sv}", name, "s", text) : 0;
}

static int append_correlation(sd_bus_message *call, const char *text)
{
        int r;

        if (!text)
                return 0;
        r = sd_bus_message_open_container(call, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(call, "s", "CorrelationData");
        if (r >= 0)
                r = sd_bus_message_open_container(call, 'v', "ay");
        if (r >= 0)
                r = sd_bus_message_append_array(call, 'y', text, strlen(text));
        for (unsigned i = 0; r >= 0 && i < 2; i++)
                r = sd_bus_message_close_container(call);
        return r;
}

static int append_pair(sd_bus_message *call, const char *pair)
{
        const char *value = strchr(pair, '=');
        char *name = strndup(pair, (size_t)(value - pair));
        int r = name ? sd_bus_message_append(call, "(ss)", name, value + 1) : -ENOMEM;

        free(name);
        return r;
}

static int append_pairs(sd_bus_message *call, const Command *command)
{
        int r;

        if (!command_has(command, "user-property"))
                return 0;
        r = sd_bus_message_open_container(call, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(call, "s", "UserProperties");
        if (r >= 0)
                r = sd_bus_message_open_container(call, 'v', "a(ss)");
        if (r >= 0)
                r = sd_bus_message_open_container(call, 'a', "(ss)");
        for (size_t i = 0; r >= 0 && i < command->n_options; i++)
                if (strcmp(command->options[i].name, "user-property") == 0)
                        r = append_pair(call, command->options[i].value);
        for (unsigned i = 0; r >= 0 && i < 3; i++)
                r = sd_bus_message_close_container(call);
        return r;
}

static int append_properties(sd_bus_message *call, const Wanted *wanted)
{
        int r = sd_bus_message_open_container(call, 'a', "{sv}");

        if (r >= 0 && wanted->expires)
                r = sd_bus_message_append(call, "{sv}", "MessageExpiry", "u", wanted->expiry);
        if (r >= 0 && command_has(wanted->command, "text"))
                r = sd_bus_message_append(call, "{sv}", "PayloadFormat", "y", (uint8_t)1);
        if (r >= 0)
                r = append_text(call, "ContentType",
                                command_value(wanted->command, "content-type"));
        if (r >= 0)
                r = append_text(call, "ResponseTopic",
                                command_value(wanted->command, "response-topic"));
        if (r >= 0)
                r = append_correlation(call, command_value(wanted->command, "correlation-data"));
        if (r >= 0)
                r = append_pairs(call, wanted->command);
        return r < 0 ? r : sd_bus_message_close_container(call);
}

static int ask(const Broker *broker, const Wanted *wanted, Bytes payload)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        int matched, r, status;

        r = broker_new_call(broker, BROKER_MANAGER, "Publish", &call);
        if (r >= 0)
                r = sd_bus_message_append(call, "s", wanted->topic);
        if (r >= 0)
                r = sd_bus_message_append_array(call, 'y', payload.data, payload.length);
        if (r >= 0)
                r = sd_bus_message_append(call, "yb", wanted->qos, (int)wanted->retain);
        if (r >= 0)
                r = append_properties(call, wanted);
        if (r < 0)
                return broker_failed(r);
        status = broker_call(broker, call, 0, &reply);
        if (status != EXIT_DONE)
                return status;
        r = sd_bus_message_read(reply, "b", &matched);
        if (r < 0)
                return broker_failed(r);
        if (!matched && !wanted->retain)
                fputs("Nobody subscribes to that topic.\n", stderr);
        return EXIT_DONE;
}

int verb_publish(const Command *command)
{
        _cleanup_(broker_done) Broker broker = {};
        _cleanup_(buffer_done) Buffer payload = {};
        Wanted wanted;
        int status;

        status = parse(command, &wanted);
        if (status == EXIT_DONE)
                status = read_payload(&wanted, &payload);
        if (status == EXIT_DONE)
                status = broker_init(&broker, command);
        return status == EXIT_DONE ? ask(&broker, &wanted, buffer_bytes(&payload)) : status;
}
