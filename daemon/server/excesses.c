/* SPDX-License-Identifier: Apache-2.0 */

/* What clients of one worker have wanted above their limits. */

#include "server/excesses.h"

#include <stdio.h>
#include <string.h>

#include "util/log.h"
#include "util/macro.h"

/* Between summaries, ms. */
#define SUMMARY_INTERVAL 10000U

#define NAME_MAX_SHOWN 128

const char *excess_option(Excess excess)
{
        static const char *const options[EXCESSES_N] = {
                [EXCESS_CLIENT_MESSAGE_RATE] = "client_max_message_rate",
                [EXCESS_CLIENT_RECEIVE_RATE] = "client_max_receive_rate",
                [EXCESS_CLIENT_SEND_RATE] = "client_max_send_rate",
                [EXCESS_CLIENT_RETAINED] = "client_max_retained",
                [EXCESS_CLIENT_RETAINED_BYTES] = "client_max_retained_bytes",
                [EXCESS_USER_RETAINED] = "user_max_retained",
                [EXCESS_USER_RETAINED_BYTES] = "user_max_retained_bytes",
                [EXCESS_CLIENT_SUBSCRIPTIONS] = "client_max_subscriptions",
                [EXCESS_CLIENT_WILDCARD_LEVELS] = "client_max_wildcard_levels",
                [EXCESS_USER_CONNECTION_RATE] = "user_max_connection_rate",
                [EXCESS_USER_CONNECTIONS] = "user_max_connections",
                [EXCESS_USER_MESSAGE_RATE] = "user_max_message_rate",
                [EXCESS_USER_RECEIVE_RATE] = "user_max_receive_rate",
                [EXCESS_USER_SEND_RATE] = "user_max_send_rate",
                [EXCESS_USER_SESSIONS] = "user_max_sessions",
                [EXCESS_USER_SUBSCRIPTIONS] = "user_max_subscriptions",
        };

        return options[excess];
}

/* Returns their sum. */
static unsigned write_counts(const Excesses *excesses, char *text, size_t size)
{
        unsigned total = 0;
        size_t used = 0;

        text[0] = 0;
        for (unsigned i = 0; i < EXCESSES_N; i++) {
                const unsigned n = excesses->counts[i];
                int written;

                if (n == 0)
                        continue;
                written = snprintf(text + used, size - used, "%s%s %u", total > 0 ? ", " : "",
                                   excess_option((Excess)i), n);
                used = MIN(used + (size_t)written, size - 1);
                total += n;
        }
        return total;
}

static void summary_due(LoopTimer *timer, msec_t now)
{
        Excesses *excesses = container_of(timer, Excesses, timer);
        char text[1024];
        const unsigned total = write_counts(excesses, text, sizeof(text));

        if (total == 0)
                return;
        memset(excesses->counts, 0, sizeof(excesses->counts));
        log_fields(LOG_CATEGORY_NOTICE, MESSAGE_ID_EXCESS_MORE, NULL, 0,
                   "Clients were above their limits %u more times in %u seconds: %s", total,
                   SUMMARY_INTERVAL / 1000, text);
        loop_timer_arm(excesses->loop, timer, now + SUMMARY_INTERVAL);
}

void excesses_init(Excesses *excesses, Loop *loop)
{
        *excesses = (Excesses){.loop = loop};
        loop_timer_init(&excesses->timer, summary_due);
}

bool excesses_note(Excesses *excesses, Excess excess)
{
        if (loop_timer_is_armed(excesses->loop, &excesses->timer)) {
                excesses->counts[excess]++;
                return false;
        }
        loop_timer_arm(excesses->loop, &excesses->timer,
                       loop_now(excesses->loop) + SUMMARY_INTERVAL);
        return true;
}

/* A log line is no place for 65,535 bytes. */
static const char *shown(Bytes name, char buffer[NAME_MAX_SHOWN])
{
        snprintf(buffer, NAME_MAX_SHOWN, "%.*s", (int)MIN(name.length, (size_t)NAME_MAX_SHOWN - 1),
                 name.length > 0 ? (const char *)name.data : "");
        return buffer;
}

void excesses_tell(Excess excess, Bytes client_id, Bytes username, const char *peer)
{
        char id[NAME_MAX_SHOWN], user[NAME_MAX_SHOWN];
        const LogField fields[] = {
                {"MQTT_CLIENT_ID", shown(client_id, id)},
                {"MQTT_USER", username.data ? shown(username, user) : NULL},
                {"MQTT_PEER", peer},
                {"MQTT_LIMIT", excess_option(excess)},
        };

        log_fields(LOG_CATEGORY_NOTICE, MESSAGE_ID_EXCESS, fields, ARRAY_SIZE(fields),
                   "Client %s%s%s%s%s is above %s", id, peer ? " at " : "", peer ? peer : "",
                   username.data ? ", user " : "", username.data ? user : "",
                   excess_option(excess));
}
