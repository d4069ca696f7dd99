/* SPDX-License-Identifier: Apache-2.0 */

/* From the log_* options to the log. */
#include "control/logging.h"
#include "util/log.h"

static int facility_of(int local)
{
        return local < 0 ? LOG_DAEMON : LOG_LOCAL0 + (local << 3);
}

static int apply(const Settings *settings, unsigned destinations, unsigned categories)
{
        const LogSettings log = {
                .destinations = destinations,
                .categories = categories,
                .facility = facility_of(settings->log_facility),
                .identifier = "hawkerd",
                .file = settings->log_file,
                .timestamp = settings->log_timestamp,
                .timestamp_format = settings->log_timestamp_format,
        };

        return log_configure(&log);
}

int logging_apply(const Settings *settings)
{
        return apply(settings, settings->log_dest, settings->log_type);
}

int logging_redirect(const Settings *settings, unsigned destinations)
{
        return apply(settings, destinations, log_categories_enabled);
}

void logging_report(const ConfigErrors *errors)
{
        static const LogCategory of_severity[] = {
                [CONFIG_NOTICE] = LOG_CATEGORY_NOTICE,
                [CONFIG_WARNING] = LOG_CATEGORY_WARNING,
                [CONFIG_ERROR] = LOG_CATEGORY_ERROR,
        };
        char text[1024];

        for (size_t i = 0; i < errors->n_items; i++)
                log_at(of_severity[errors->items[i].severity], "%s",
                       config_error_format(&errors->items[i], text, sizeof(text)));
}
