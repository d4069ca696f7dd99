/* SPDX-License-Identifier: Apache-2.0 */

/* What the log says of bans. */

#include "control/ban-log.h"

#include <stdio.h>
#include <time.h>

#include "util/log.h"

/* The field that names the subject. */
static const char *const fields_of[BAN_KINDS_N] = {
        [BAN_ADDRESS] = "MQTT_PEER",
        [BAN_USER] = "MQTT_USER",
        [BAN_CLIENT] = "MQTT_CLIENT_ID",
};

const char *ban_end_format(uint64_t until, char buffer[static BAN_END_MAX])
{
        const time_t time = (time_t)until;
        struct tm tm;

        if (until == BAN_FOR_GOOD || !gmtime_r(&time, &tm) ||
            strftime(buffer, BAN_END_MAX, "until %Y-%m-%dT%H:%M:%SZ", &tm) == 0)
                return "for good";
        return buffer;
}

void ban_log_added(const Ban *ban)
{
        char end[BAN_END_MAX];
        const LogField fields[] = {
                {fields_of[ban->kind], ban->subject},
                {"MQTT_REASON", ban->reason},
        };

        log_fields(LOG_CATEGORY_NOTICE, MESSAGE_ID_BANNED, fields, ARRAY_SIZE(fields),
                   "Banned %s %s %s%s%s", ban_kind_to_string(ban->kind), ban->subject,
                   ban_end_format(ban->until, end), ban->reason[0] ? ": " : "", ban->reason);
}

void ban_log_removed(BanKind kind, const char *subject)
{
        const LogField field = {fields_of[kind], subject};

        log_fields(LOG_CATEGORY_NOTICE, MESSAGE_ID_UNBANNED, &field, 1, "No longer banned: %s %s",
                   ban_kind_to_string(kind), subject);
}
