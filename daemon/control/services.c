/* SPDX-License-Identifier: Apache-2.0 */

/* What turns with the control thread because the settings ask for it. */
#include "control/services.h"

void services_done(Services *services)
{
        log_topic_free(services->log_topic);
        memory_watch_free(services->memory_watch);
        sys_topics_free(services->sys_topics);
        *services = (Services){};
}

int services_init(Services *services, sd_event *event, Server *server, const Settings *settings)
{
        int r = 0;

        *services = (Services){};
        if (settings->log_dest & LOG_TO_TOPIC)
                r = log_topic_new(event, server, &services->log_topic);
        if (r == 0 && settings->sys_interval > 0)
                r = sys_topics_new(event, server, settings->sys_interval, &services->sys_topics);
        if (r == 0 && settings->memory_limit > 0)
                r = memory_watch_new(event, server, settings->memory_limit,
                                     &services->memory_watch);
        if (r < 0)
                services_done(services);
        return r;
}
