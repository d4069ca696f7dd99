/* SPDX-License-Identifier: Apache-2.0 */
/* attempt.h: load a configuration in a test, and look at what came of it */
#pragma once

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "config/settings.h"
#include "util/config-errors.h"

typedef struct Attempt {
        int result;
        Settings *settings;
        ConfigErrors errors;
} Attempt;

static inline Attempt attempt_bytes(const char *text, size_t n, SettingsSource source)
{
        Attempt a = {};

        source.file = source.file ? source.file : "test.conf";
        a.result = settings_parse(&source, text, n, &a.settings, &a.errors);
        g_assert_cmpint(a.result == 0, ==, a.settings != NULL);
        g_assert_cmpint(a.result == 0, ==, a.errors.n_errors == 0);
        return a;
}

static inline Attempt attempt(const char *text)
{
        return attempt_bytes(text, strlen(text), (SettingsSource){});
}

static inline void attempt_done(Attempt *a)
{
        settings_unref(a->settings);
        config_errors_done(&a->errors);
}

/* The first message of that severity, or NULL. */
_unused_ static inline const ConfigError *attempt_message(const Attempt *a, ConfigSeverity severity)
{
        for (size_t i = 0; i < a->errors.n_items; i++)
                if (a->errors.items[i].severity == severity)
                        return &a->errors.items[i];
        return NULL;
}

/* Load text that must be right, and say so if it is not. */
_unused_ static inline Attempt attempt_valid(const char *text)
{
        Attempt a = attempt(text);
        const ConfigError *error = attempt_message(&a, CONFIG_ERROR);

        if (error)
                g_test_message("%s: line %u: %s", text, error->line, error->text);
        g_assert_cmpint(a.result, ==, 0);
        return a;
}
