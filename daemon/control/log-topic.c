/* SPDX-License-Identifier: Apache-2.0 */

/* log_dest topic. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "control/log-topic.h"

#define LINES_MAX 512 /* waiting; more are dropped: a log must not hold up a worker */

typedef struct WaitingLine {
        const char *topic;
        char *text;
} WaitingLine;

struct LogTopic {
        Server *server;
        sd_event_source *source;
        int fd; /* an eventfd: lines wait */
        pthread_mutex_t lock;
        size_t n;
        WaitingLine lines[LINES_MAX];
};

const char *log_topic_name(LogCategory category)
{
        static const char *const names[LOG_CATEGORY_N] = {
                [LOG_CATEGORY_ERROR] = "$SYS/broker/log/E",
                [LOG_CATEGORY_WARNING] = "$SYS/broker/log/W",
                [LOG_CATEGORY_NOTICE] = "$SYS/broker/log/N",
                [LOG_CATEGORY_INFORMATION] = "$SYS/broker/log/I",
                [LOG_CATEGORY_SUBSCRIBE] = "$SYS/broker/log/M/subscribe",
                [LOG_CATEGORY_UNSUBSCRIBE] = "$SYS/broker/log/M/unsubscribe",
                [LOG_CATEGORY_WEBSOCKETS] = "$SYS/broker/log/WS",
        };

        return (unsigned)category < LOG_CATEGORY_N ? names[category] : NULL;
}

/* On any thread, and inside the log: it neither logs nor waits. */
static void on_line(void *data, LogCategory category, const char *line)
{
        LogTopic *topic = data;
        const char *name = log_topic_name(category);
        char *text = name ? strdup(line) : NULL;
        bool first = false, kept = false;

        if (!text)
                return;
        pthread_mutex_lock(&topic->lock);
        if (topic->n < LINES_MAX) {
                first = topic->n == 0;
                kept = true;
                topic->lines[topic->n++] = (WaitingLine){name, text};
        }
        pthread_mutex_unlock(&topic->lock);
        if (!kept)
                free(text);
        if (first)
                eventfd_write(topic->fd, 1);
}

static int on_waiting(sd_event_source *source, int fd, uint32_t events, void *data)
{
        LogTopic *topic = data;
        WaitingLine lines[LINES_MAX];
        eventfd_t count;
        size_t n;

        eventfd_read(fd, &count);
        pthread_mutex_lock(&topic->lock);
        n = topic->n;
        memcpy(lines, topic->lines, n * sizeof(lines[0]));
        topic->n = 0;
        pthread_mutex_unlock(&topic->lock);

        for (size_t i = 0; i < n; i++) {
                server_publish(topic->server, bytes_from_string(lines[i].topic),
                               bytes_from_string(lines[i].text), false);
                free(lines[i].text);
        }
        return 0;
}

int log_topic_new(sd_event *event, Server *server, LogTopic **ret_topic)
{
        _cleanup_(log_topic_freep) LogTopic *topic = NULL;
        int r;

        topic = calloc(1, sizeof(*topic));
        if (!topic)
                return -ENOMEM;
        topic->server = server;
        pthread_mutex_init(&topic->lock, NULL);
        topic->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (topic->fd < 0)
                return -errno;
        r = sd_event_add_io(event, &topic->source, topic->fd, EPOLLIN, on_waiting, topic);
        if (r < 0)
                return r;
        log_set_topic_sink(on_line, topic);
        *ret_topic = TAKE_PTR(topic);
        return 0;
}

LogTopic *log_topic_free(LogTopic *topic)
{
        if (!topic)
                return NULL;
        log_set_topic_sink(NULL, NULL);
        sd_event_source_disable_unref(topic->source);
        if (topic->fd >= 0)
                close(topic->fd);
        for (size_t i = 0; i < topic->n; i++)
                free(topic->lines[i].text);
        pthread_mutex_destroy(&topic->lock);
        free(topic);
        return NULL;
}
