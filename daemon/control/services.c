/* SPDX-License-Identifier: Apache-2.0 */

/* What turns with the control thread because the settings ask for it. */
#include <string.h>

#include "control/services.h"
#include "util/log.h"

int services_prepare(Services *services, const ServicesMeans *means, const Settings *settings)
{
        sd_event *event = means->event;
        Server *server = means->server;
        int r = 0;

        if (settings->log_dest & LOG_TO_TOPIC && !services->log_topic)
                r = log_topic_new(event, server, &services->log_topic);
        if (r == 0 && !services->sys_topics)
                r = sys_topics_new(event, server, means->listeners, &services->sys_topics);
        if (r == 0 && !services->memory_watch)
                r = memory_watch_new(event, server, &services->memory_watch);
        return r;
}

void services_apply(Services *services, const Settings *settings)
{
        int r;

        r = sys_topics_set_interval(services->sys_topics, settings->sys_interval);
        if (r >= 0)
                r = memory_watch_set_limit(services->memory_watch, settings->memory_limit);
        if (r < 0)
                log_error("A timer cannot be set: %s", strerror(-r));
}

void services_done(Services *services)
{
        log_topic_free(services->log_topic);
        memory_watch_free(services->memory_watch);
        sys_topics_free(services->sys_topics);
        *services = (Services){};
}
