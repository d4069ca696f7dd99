/* SPDX-License-Identifier: Apache-2.0 */

/* What came of a reload. */
#include "control/reload-result.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t now_usec(clockid_t clock)
{
        struct timespec now;

        clock_gettime(clock, &now);
        return (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U;
}

int reload_result_new(unsigned number, ReloadResult **ret_result)
{
        ReloadResult *result = calloc(1, sizeof(*result));

        if (!result)
                return -ENOMEM;
        result->number = number;
        result->began = now_usec(CLOCK_REALTIME);
        /* Somebody may set the clock of the calendar meanwhile. */
        result->duration = now_usec(CLOCK_MONOTONIC);
        *ret_result = result;
        return 0;
}

ReloadResult *reload_result_free(ReloadResult *result)
{
        if (!result)
                return NULL;
        config_errors_done(&result->errors);
        changes_done(&result->changes);
        free(result);
        return NULL;
}

void reload_result_finish(ReloadResult *result, int error)
{
        result->error = error;
        result->duration = now_usec(CLOCK_MONOTONIC) - result->duration;
        if (error < 0)
                changes_done(&result->changes);
}

static const char *plural(size_t n)
{
        return n == 1 ? "" : "s";
}

static void format_success(const ReloadResult *result, char *buffer, size_t size)
{
        const size_t later = changes_count(&result->changes, OPTION_RESTART);
        const size_t n = result->changes.n - later;

        if (n > 0 && later > 0)
                snprintf(buffer, size, "Reloaded: %zu change%s, %zu more after a restart", n,
                         plural(n), later);
        else if (n > 0)
                snprintf(buffer, size, "Reloaded: %zu change%s", n, plural(n));
        else if (later > 0)
                snprintf(buffer, size, "Reloaded: %zu change%s after a restart", later,
                         plural(later));
        else
                snprintf(buffer, size, "Reloaded: nothing has changed");
}

const char *reload_result_format(const ReloadResult *result, char *buffer, size_t size)
{
        const ConfigError *first = config_errors_first(&result->errors);

        if (result->error == 0)
                format_success(result, buffer, size);
        else if (first)
                config_error_format(first, buffer, size);
        else
                snprintf(buffer, size, "Error: %s", strerror(-result->error));
        return buffer;
}

const char *reload_change_format(const Change *change, char *buffer, size_t size)
{
        const char *of = change->listener ? " of " : "";
        const char *listener = change->listener ? change->listener : "";
        const char *when = option_change_to_string(change->when);

        if (strcmp(change->option, "listener") == 0)
                snprintf(buffer, size, "listener %s: %s", listener,
                         change->after ? "added" : "removed");
        else if (!change->before && !change->after)
                snprintf(buffer, size, "%s%s%s: other content, %s", change->option, of, listener,
                         when);
        else if (!change->before)
                snprintf(buffer, size, "%s%s%s: %s (was not set), %s", change->option, of, listener,
                         change->after, when);
        else
                snprintf(buffer, size, "%s%s%s: %s (was %s), %s", change->option, of, listener,
                         change->after ? change->after : "not set any more", change->before, when);
        return buffer;
}
