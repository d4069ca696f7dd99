/* SPDX-License-Identifier: Apache-2.0 */

/* Publishes the changed values of `$SYS/broker/…`. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "control/memory-watch.h"
#include "control/sys-listeners.h"
#include "control/sys-topics.h"
#include "control/sys-tree.h"
#include "util/log.h"

#define USEC_PER_SEC  1000000U
#define ACCURACY_USEC 10000U

struct SysTopics {
        sd_event_source *timer;
        Server *server;
        const Listeners *listeners;
        SysTree *tree;
        SysListeners *listeners_tree;
        uint64_t interval; /* microseconds; 0: off */
};

static void publish(SysTopics *topics, const char *topic, const char *text)
{
        if (server_publish(topics->server, bytes_from_string(topic), bytes_from_string(text),
                           true) < 0)
                log_debug("Out of memory: %s is not published", topic);
}

static void topics_publish_listeners(SysTopics *topics)
{
        const char *topic, *text;

        sys_listeners_begin(topics->listeners_tree);
        for (size_t i = 0; i < topics->listeners->n; i++) {
                const Listener *listener = topics->listeners->items[i];
                ListenerFigures figures;

                listener_figures(listener, &figures);
                if (sys_listeners_add(topics->listeners_tree, listener->of->name, &figures) < 0)
                        log_debug("Out of memory: listener %s is left out", listener->of->name);
        }
        while (sys_listeners_next(topics->listeners_tree, &topic, &text))
                publish(topics, topic, text);
}

static void topics_update(SysTopics *topics)
{
        SysSample sample = {.memory = memory_resident(), .now = clock_boottime()};

        server_counters(topics->server, &sample.counters);
        sys_tree_update(topics->tree, &sample);
}

int sys_topics_give(SysTopics *topics, int (*take)(const char *topic, uint64_t value, void *data),
                    void *data)
{
        topics_update(topics);
        return sys_tree_give(topics->tree, take, data);
}

static void topics_publish(SysTopics *topics)
{
        const char *topic, *text;

        topics_update(topics);
        while (sys_tree_next(topics->tree, &topic, &text))
                publish(topics, topic, text);
        topics_publish_listeners(topics);
}

/* The timer runs on a clock that nobody sets, so the calendar is asked anew for each turn. */
static uint64_t topics_wait(const SysTopics *topics)
{
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return topics->interval -
               ((uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000) %
                       topics->interval;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *data)
{
        SysTopics *topics = data;
        int r;

        topics_publish(topics);
        r = sd_event_source_set_time_relative(source, topics_wait(topics));
        return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int sys_topics_new(sd_event *event, Server *server, const Listeners *listeners,
                   SysTopics **ret_topics)
{
        _cleanup_(sys_topics_freep) SysTopics *topics = NULL;
        int r;

        topics = calloc(1, sizeof(*topics));
        if (!topics)
                return -ENOMEM;
        topics->server = server;
        topics->listeners = listeners;
        r = sys_tree_new(clock_boottime(), &topics->tree);
        if (r == 0)
                r = sys_listeners_new(&topics->listeners_tree);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(event, &topics->timer, CLOCK_BOOTTIME, 0, ACCURACY_USEC,
                                       on_timer, topics);
        if (r == 0)
                r = sd_event_source_set_enabled(topics->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        sd_event_source_set_description(topics->timer, "sys-topics");
        *ret_topics = TAKE_PTR(topics);
        return 0;
}

int sys_topics_set_interval(SysTopics *topics, unsigned interval)
{
        int r;

        if (topics->interval == (uint64_t)interval * USEC_PER_SEC)
                return 0;
        topics->interval = (uint64_t)interval * USEC_PER_SEC;
        if (interval == 0)
                return sd_event_source_set_enabled(topics->timer, SD_EVENT_OFF);
        topics_publish(topics);
        r = sd_event_source_set_time_relative(topics->timer, topics_wait(topics));
        return r < 0 ? r : sd_event_source_set_enabled(topics->timer, SD_EVENT_ONESHOT);
}

SysTopics *sys_topics_free(SysTopics *topics)
{
        if (!topics)
                return NULL;
        sd_event_source_disable_unref(topics->timer);
        sys_tree_free(topics->tree);
        sys_listeners_free(topics->listeners_tree);
        free(topics);
        return NULL;
}
