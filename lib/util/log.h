/* SPDX-License-Identifier: Apache-2.0 */
/* log.h: one line per event, to wherever the admin wants it.
 * Thread: any
 *
 * Before log_configure() errors, warnings, notices and information go to stderr, to the journal's
 * own socket if stderr is the journal. Never give it payloads or secrets. What a peer can provoke
 * goes through ratelimit.h first. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <syslog.h> /* LOG_DAEMON, LOG_LOCAL0, … */

#include "util/log-event.h"
#include "util/macro.h"

/* A bitmask; 0 is silence. */
typedef enum LogDestination {
        LOG_TO_STDERR = 1 << 0, /* natively to the journal if stderr is connected to it */
        LOG_TO_STDOUT = 1 << 1,
        LOG_TO_SYSLOG = 1 << 2,
        LOG_TO_FILE = 1 << 3,
        LOG_TO_JOURNAL = 1 << 4,
        LOG_TO_TOPIC = 1 << 5, /* the sink of log_set_topic_sink() */
} LogDestination;

/* Strings are copied. */
typedef struct LogSettings {
        unsigned destinations;        /* LogDestination, or-ed */
        unsigned categories;          /* LOG_CATEGORY_BIT(), or-ed */
        int facility;                 /* of syslog: LOG_DAEMON, LOG_LOCAL0, …; 0: LOG_DAEMON */
        const char *identifier;       /* NULL: the program's name */
        const char *file;             /* for LOG_TO_FILE: opened for appending, 0640 */
        bool timestamp;               /* a time before each line, but to syslog and journal */
        const char *timestamp_format; /* of strftime; NULL: seconds since the epoch */
} LogSettings;

/* Receives each line (with its timestamp, without newline) on the thread that logs. It must not
 * log. */
typedef void (*LogTopicSink)(void *data, LogCategory category, const char *line);

/* All of it takes hold or nothing: -errno if the file cannot be opened or on -ENOMEM, else 0.
 * May be called again, with the settings of a reload. */
int log_configure(const LogSettings *settings);

/* Changes only what is logged (-v, a signal, the bus). */
void log_set_categories(unsigned categories);

/* What is in force now: LogDestination, or-ed. */
unsigned log_destinations_enabled(void);

/* Opens the file anew after logrotate moved it. On failure (-errno) the old one stays in use. */
int log_reopen(void);

/* Back to the beginning: closes the file, forgets settings and sink. */
void log_done(void);

/* Once, before other threads log; NULL to take it away when they no longer do. */
void log_set_topic_sink(LogTopicSink sink, void *data);

/* Reads as a variable, but only log.c writes it. */
extern unsigned log_categories_enabled;

static inline bool log_is_enabled(LogCategory category)
{
        return __atomic_load_n(&log_categories_enabled, __ATOMIC_RELAXED) &
               LOG_CATEGORY_BIT(category);
}

/* The functions behind the macros below: they do not look at the categories. A line may have any
 * length; control characters in it (a peer chose the name) are shown as \xNN. errno is kept. */
void log_write(LogCategory category, const char *format, ...) _printf_(2, 3);
void log_write_fields(LogCategory category, const char *message_id, const LogField *fields,
                      size_t n_fields, const char *format, ...) _printf_(5, 6);

/* log_at(category, format, …): the arguments are evaluated only if the category is on. */
#define log_at(category, ...)                                                                      \
        do {                                                                                       \
                if (_unlikely_(log_is_enabled(category)))                                          \
                        log_write((category), __VA_ARGS__);                                        \
        } while (0)

#define log_error(...)   log_at(LOG_CATEGORY_ERROR, __VA_ARGS__)
#define log_warning(...) log_at(LOG_CATEGORY_WARNING, __VA_ARGS__)
#define log_notice(...)  log_at(LOG_CATEGORY_NOTICE, __VA_ARGS__)
#define log_info(...)    log_at(LOG_CATEGORY_INFORMATION, __VA_ARGS__)
#define log_debug(...)   log_at(LOG_CATEGORY_DEBUG, __VA_ARGS__)

/* log_fields(category, message_id, fields, n_fields, format, …): with fields for the journal and
 * the id of its catalog entry (32 hex digits) or NULL. */
#define log_fields(category, ...)                                                                  \
        do {                                                                                       \
                if (_unlikely_(log_is_enabled(category)))                                          \
                        log_write_fields((category), __VA_ARGS__);                                 \
        } while (0)
