/* SPDX-License-Identifier: Apache-2.0 */

/* What the service manager is told of the life of the broker. */
#include <ctype.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "control/notify.h"

static uint64_t monotonic_usec(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U;
}

void notify_ready(void)
{
        sd_notifyf(false, "READY=1\nMONOTONIC_USEC=%" PRIu64, monotonic_usec());
}

void notify_reloading(void)
{
        sd_notifyf(false, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, monotonic_usec());
}

void notify_loading(uint64_t ms)
{
        sd_notifyf(false,
                   "EXTEND_TIMEOUT_USEC=%" PRIu64 "\nSTATUS=Going on with the state of before",
                   ms * 1000);
}

void notify_taking_over(size_t done, size_t all)
{
        sd_notifyf(false, "STATUS=Going on with connections: %zu of %zu", done, all);
}

void notify_stopping(void)
{
        sd_notifyf(false,
                   "STOPPING=1\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=Stopping: sending what clients "
                   "have not yet read",
                   monotonic_usec());
}

void notify_failed(int error, const ConfigErrors *errors)
{
        const ConfigError *first = errors ? config_errors_first(errors) : NULL;
        char text[1024];

        snprintf(text, sizeof(text), "%s", strerror(-error));
        if (first)
                config_error_format(first, text, sizeof(text));
        sd_notifyf(false, "ERRNO=%d\nSTATUS=%s", -error, notify_one_line(text));
}

const char *notify_one_line(char *text)
{
        for (char *at = text; *at; at++)
                if (iscntrl((unsigned char)*at))
                        *at = ' ';
        return text;
}
