/* SPDX-License-Identifier: Apache-2.0 */
/* log-event.h: what one line of the log is about: its category, its fields, its text.
 * Thread: any */
#pragma once

#include <stddef.h>

/* What a line is about: the words of log_type. Each has a level; one can be silenced alone. */
typedef enum LogCategory {
        LOG_CATEGORY_ERROR,
        LOG_CATEGORY_WARNING,
        LOG_CATEGORY_NOTICE,
        LOG_CATEGORY_INFORMATION,
        LOG_CATEGORY_DEBUG,
        LOG_CATEGORY_SUBSCRIBE,   /* level notice */
        LOG_CATEGORY_UNSUBSCRIBE, /* level notice */
        LOG_CATEGORY_INTERNAL,    /* level debug */
        LOG_CATEGORY_WEBSOCKETS,  /* level debug */
        LOG_CATEGORY_N,
} LogCategory;

/* A set of categories is a bitmask. */
#define LOG_CATEGORY_BIT(category) (1u << (category))
#define LOG_CATEGORIES_NONE        0u
#define LOG_CATEGORIES_ALL         (LOG_CATEGORY_BIT(LOG_CATEGORY_N) - 1)
#define LOG_CATEGORIES_DEFAULT     (LOG_CATEGORY_BIT(LOG_CATEGORY_DEBUG) - 1)

/* The word of log_type: "error", "warning", …, "websockets". */
const char *log_category_to_string(LogCategory category);

/* Returns 0 or -EINVAL. */
int log_category_from_string(const char *word, LogCategory *ret);

/* LOG_ERR … LOG_DEBUG of <syslog.h>. */
int log_category_level(LogCategory category);

/* A field for the journal: MQTT_CLIENT_ID=…; other destinations show the message alone. */
typedef struct LogField {
        const char *name;  /* A-Z, 0-9, _ */
        const char *value; /* NULL: the field is left out */
} LogField;

/* Borrows all of it. */
typedef struct LogEvent {
        LogCategory category;
        const char *message_id; /* may be NULL */
        const LogField *fields;
        size_t n_fields;
        const char *text;
} LogEvent;
