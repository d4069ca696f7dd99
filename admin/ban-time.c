/* SPDX-License-Identifier: Apache-2.0 */

/* How long a ban lasts. */

#include "admin/ban-time.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "util/macro.h"
#include "util/parse.h"

#define USEC_PER_SEC UINT64_C(1000000)

/* The largest first. */
static const struct {
        char letter;
        unsigned seconds;
} units[] = {
        {'w', 7 * 24 * 3600}, {'d', 24 * 3600}, {'h', 3600}, {'m', 60}, {'s', 1},
};

int ban_time_parse(const char *text, uint64_t *ret_seconds)
{
        const size_t n = strlen(text);
        char digits[16];
        uint64_t value;

        if (n < 2 || n > sizeof(digits))
                return -EINVAL;
        memcpy(digits, text, n - 1);
        digits[n - 1] = 0;
        if (parse_uint64(digits, &value) < 0 || value == 0 || value > UINT32_MAX)
                return -EINVAL;
        for (size_t i = 0; i < ARRAY_SIZE(units); i++)
                if (units[i].letter == text[n - 1]) {
                        *ret_seconds = value * units[i].seconds;
                        return 0;
                }
        return -EINVAL;
}

const char *ban_time_format_left(uint64_t until, uint64_t now, char *buffer, size_t size)
{
        uint64_t left = until > now ? (until - now + USEC_PER_SEC - 1) / USEC_PER_SEC : 0;
        const uint64_t all = left;
        unsigned shown = 0;
        size_t used = 0;

        if (until == 0)
                return "-";
        buffer[0] = 0;
        /* Weeks are for those who write: nobody counts in them. */
        for (size_t i = 1; i < ARRAY_SIZE(units) && shown < 2; i++) {
                const uint64_t n = left / units[i].seconds;

                if (n == 0 && shown == 0 && (all > 0 || units[i].letter != 's'))
                        continue;
                shown++;
                left %= units[i].seconds;
                if (n > 0 || all == 0)
                        used += (size_t)snprintf(buffer + used, size - MIN(used, size),
                                                 "%s%" PRIu64 "%c", used > 0 ? " " : "", n,
                                                 units[i].letter);
        }
        return buffer;
}

const char *ban_time_format_date(uint64_t until, char *buffer, size_t size)
{
        const time_t seconds = (time_t)(until / USEC_PER_SEC);
        struct tm parts;

        if (until == 0 || !localtime_r(&seconds, &parts) ||
            strftime(buffer, size, "%Y-%m-%d %H:%M:%S %Z", &parts) == 0)
                return "for good";
        return buffer;
}
