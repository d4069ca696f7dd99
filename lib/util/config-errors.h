/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ConfigErrors: what is wrong, or worth a word, in what an admin has written (the configuration,
 * users, access rules); for the caller to tell
 * Thread: any (one owner)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef enum ConfigSeverity {
        CONFIG_NOTICE,  /* deprecated spelling, implicit behaviour */
        CONFIG_WARNING, /* something will not be as written */
        CONFIG_ERROR,   /* refused */
} ConfigSeverity;

typedef struct ConfigError {
        ConfigSeverity severity;
        char *file;    /* NULL: no file */
        unsigned line; /* from 1; 0: none in particular */
        char *text;    /* one line, no full stop at the end */
} ConfigError;

typedef struct ConfigErrors {
        ConfigError *items;
        size_t n_items;
        size_t n_allocated;
        size_t n_errors; /* items with CONFIG_ERROR, counted even when there was no memory to keep
                            them */
} ConfigErrors;

/* A zeroed object is a valid empty one. */
#define CONFIG_ERRORS_INIT                                                                         \
        {                                                                                          \
        }

void config_errors_done(ConfigErrors *errors);

/* Add one; returns 0 or -ENOMEM. Beyond 1000 items nothing more is kept, only counted. */
int config_errors_add(ConfigErrors *errors, ConfigSeverity severity, const char *file,
                      unsigned line, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The first that is CONFIG_ERROR, or NULL. */
const ConfigError *config_errors_first(const ConfigErrors *errors);

/* "Error: /etc/hawker/hawker.conf:12: Unknown option …" in @buffer, cut to its size; returns
 * buffer. */
const char *config_error_format(const ConfigError *error, char *buffer, size_t size);
