/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c: the life of a Settings */
#include "config/settings.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "config/listener-settings.h"
#include "config/values.h"
#include "util/macro.h"

#define WORKERS_AUTOMATIC_MAX 16

static void settings_free(Settings *settings)
{
        values_clear_strings(settings, NULL);
        for (size_t i = 0; i < settings->n_listeners; i++)
                listener_settings_done(&settings->listeners[i]);
        free(settings->listeners);
        for (size_t i = 0; i < settings->n_files; i++)
                free(settings->files[i]);
        free(settings->files);
        free(settings->log_file);
        free(settings->never_banned);
        free(settings->origins);
        free(settings);
}

Settings *settings_ref(Settings *settings)
{
        if (settings)
                atomic_fetch_add_explicit(&settings->n_refs, 1, memory_order_relaxed);
        return settings;
}

Settings *settings_unref(Settings *settings)
{
        if (settings && atomic_fetch_sub_explicit(&settings->n_refs, 1, memory_order_acq_rel) == 1)
                settings_free(settings);
        return NULL;
}

unsigned settings_workers(const Settings *settings)
{
        cpu_set_t cpus;

        if (settings->workers > 0)
                return settings->workers;
        if (sched_getaffinity(0, sizeof cpus, &cpus) < 0)
                return 1;
        return (unsigned)MIN(CPU_COUNT(&cpus), WORKERS_AUTOMATIC_MAX);
}
