/* SPDX-License-Identifier: Apache-2.0 */
/* log.c: a line is made once and then given to each destination. */

#include "util/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "util/log-line.h"

/* The log is the one thing of a process that is everywhere and of which there is one. */
typedef struct Log {
        LogSettings settings; /* its strings are owned */
        int file_fd;
        bool stderr_is_journal;
        LogTopicSink sink;
        void *sink_data;
} Log;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static Log state = {
        .settings = {.destinations = LOG_TO_STDERR},
        .file_fd = -1,
};
unsigned log_categories_enabled = LOG_CATEGORIES_DEFAULT;

/* systemd says in JOURNAL_STREAM which device and inode the journal's stream is. Somebody may have
 * redirected stderr since, so it is compared. */
static bool stderr_is_journal(void)
{
        const char *stream = getenv("JOURNAL_STREAM");
        unsigned long long device, inode;
        struct stat status;

        return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
               fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
               status.st_ino == inode;
}

static void find_journal(void)
{
        state.stderr_is_journal = stderr_is_journal();
}

/* The lock is held. */
static void write_destinations(const LogEvent *event, const char *time)
{
        unsigned destinations = state.settings.destinations;
        bool is_native = destinations & LOG_TO_STDERR && state.stderr_is_journal;
        int level = log_category_level(event->category);
        const char prefix[] = {'<', (char)('0' + level), '>', 0};

        if (is_native || destinations & LOG_TO_JOURNAL) {
                if (log_line_to_journal(event, state.settings.identifier, state.settings.facility))
                        destinations &= ~(is_native ? (unsigned)LOG_TO_STDERR : 0);
                else if (is_native) /* the stream still works; it understands the prefix */
                        time = "";
        }
        if (destinations & LOG_TO_STDERR)
                log_line_write(STDERR_FILENO, is_native ? prefix : "", time, event->text);
        if (destinations & LOG_TO_STDOUT)
                log_line_write(STDOUT_FILENO, "", time, event->text);
        if (destinations & LOG_TO_FILE)
                log_line_write(state.file_fd, "", time, event->text);
        if (destinations & LOG_TO_SYSLOG)
                syslog(level, "%s", event->text);
}

static void give_to_sink(const LogEvent *event, const char *time, const Log *copy)
{
        _cleanup_free_ char *joined = NULL;

        if (*time && asprintf(&joined, "%s%s", time, event->text) < 0)
                joined = NULL;
        copy->sink(copy->sink_data, event->category, joined ? joined : event->text);
}

static void write_event(const LogEvent *event)
{
        char time[LOG_TIME_MAX] = "";
        Log copy;

        pthread_once(&once, find_journal);
        pthread_mutex_lock(&lock);
        if (state.settings.timestamp)
                log_line_time(time, sizeof(time), state.settings.timestamp_format);
        write_destinations(event, time);
        copy = state;
        pthread_mutex_unlock(&lock);

        /* Outside of the lock: the sink publishes, and nobody knows what that takes. */
        if (copy.settings.destinations & LOG_TO_TOPIC && copy.sink)
                give_to_sink(event, time, &copy);
}

/* Makes the text and writes the event. Without memory a long line is cut, but written. */
_printf_(2, 0) static void write_formatted(LogEvent *event, const char *format, va_list arguments)
{
        _cleanup_free_ char *heap = NULL, *escaped = NULL;
        char fixed[1024], *text = fixed;
        int saved_errno = errno, n;
        va_list again;

        va_copy(again, arguments);
        n = vsnprintf(fixed, sizeof(fixed), format, arguments);
        if (n >= (int)sizeof(fixed)) {
                heap = malloc((size_t)n + 1);
                if (heap) {
                        errno = saved_errno; /* for %m */
                        vsnprintf(heap, (size_t)n + 1, format, again);
                        text = heap;
                }
        }
        va_end(again);
        if (n >= 0) {
                event->text = log_line_escape(text, &escaped);
                write_event(event);
        }
        errno = saved_errno;
}

void log_write(LogCategory category, const char *format, ...)
{
        LogEvent event = {.category = category};
        va_list arguments;

        va_start(arguments, format);
        write_formatted(&event, format, arguments);
        va_end(arguments);
}

void log_write_fields(LogCategory category, const char *message_id, const LogField *fields,
                      size_t n_fields, const char *format, ...)
{
        LogEvent event = {category, message_id, fields, n_fields, NULL};
        va_list arguments;

        va_start(arguments, format);
        write_formatted(&event, format, arguments);
        va_end(arguments);
}

static void settings_done(LogSettings *settings)
{
        free((char *)settings->identifier);
        free((char *)settings->file);
        free((char *)settings->timestamp_format);
        *settings = (LogSettings){0};
}

static int copy_string(const char **string)
{
        char *copy;

        if (!*string)
                return 0;
        copy = strdup(*string);
        *string = copy;
        return copy ? 0 : -ENOMEM;
}

/* On failure what was copied is freed. */
static int settings_copy(const LogSettings *from, LogSettings *ret)
{
        LogSettings copy = *from;

        copy.categories &= LOG_CATEGORIES_ALL;
        /* All three before the test, so that none still points to the caller's string. */
        if (copy_string(&copy.identifier) + copy_string(&copy.file) +
                    copy_string(&copy.timestamp_format) <
            0) {
                settings_done(&copy);
                return -ENOMEM;
        }
        *ret = copy;
        return 0;
}

static int open_file(const char *path)
{
        int fd;

        if (!path)
                return -EINVAL;
        fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
        return fd < 0 ? -errno : fd;
}

/* Puts settings and file in place and frees the old ones. */
static void install(LogSettings *settings, int file_fd)
{
        LogSettings old_settings;
        int old_fd;

        pthread_once(&once, find_journal);
        pthread_mutex_lock(&lock);
        old_settings = state.settings;
        old_fd = state.file_fd;
        state.settings = *settings;
        state.file_fd = file_fd;
        state.stderr_is_journal = stderr_is_journal();
        /* syslog(3) keeps the pointer to the name: it changes before the old one is freed. */
        closelog();
        if (settings->destinations & LOG_TO_SYSLOG)
                openlog(settings->identifier, LOG_PID,
                        settings->facility ? settings->facility : LOG_DAEMON);
        pthread_mutex_unlock(&lock);
        log_set_categories(settings->categories);

        settings_done(&old_settings);
        if (old_fd >= 0)
                close(old_fd);
}

int log_configure(const LogSettings *settings)
{
        LogSettings copy;
        int fd = -1, r;

        if (settings->destinations & LOG_TO_FILE) {
                fd = open_file(settings->file);
                if (fd < 0)
                        return fd;
        }
        r = settings_copy(settings, &copy);
        if (r < 0) {
                closep(&fd);
                return r;
        }
        install(&copy, fd);
        return 0;
}

void log_set_categories(unsigned mask)
{
        __atomic_store_n(&log_categories_enabled, mask & LOG_CATEGORIES_ALL, __ATOMIC_RELAXED);
}

unsigned log_destinations_enabled(void)
{
        unsigned destinations;

        pthread_mutex_lock(&lock);
        destinations = state.settings.destinations;
        pthread_mutex_unlock(&lock);
        return destinations;
}

int log_reopen(void)
{
        int r = 0, fd = -1;

        pthread_mutex_lock(&lock);
        if (state.settings.destinations & LOG_TO_FILE) {
                fd = r = open_file(state.settings.file);
                if (fd >= 0) {
                        close(state.file_fd);
                        state.file_fd = fd;
                        r = 0;
                }
        }
        pthread_mutex_unlock(&lock);
        return r;
}

void log_done(void)
{
        LogSettings none = {
                .destinations = LOG_TO_STDERR,
                .categories = LOG_CATEGORIES_DEFAULT,
        };

        log_set_topic_sink(NULL, NULL);
        install(&none, -1);
}

void log_set_topic_sink(LogTopicSink sink, void *data)
{
        pthread_mutex_lock(&lock);
        state.sink = sink;
        state.sink_data = data;
        pthread_mutex_unlock(&lock);
}
