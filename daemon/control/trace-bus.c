/* SPDX-License-Identifier: Apache-2.0 */

/* Traces of clients, for callers of the bus. */

#include "control/trace-bus.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "server/trace-begin.h"

/* Of an identifier, as MQTT has it. */
#define CLIENT_MAX 65535U

/* The message has a copy; ours is closed with the question, so that we see when he closes his. */
static int answer(sd_bus_message *call, Gather *gather, sd_bus_error *error)
{
        return sd_bus_reply_method_return(call, "h", trace_begin_reader(gather));
}

/* Who is connected is seen from now on, too. What goes wrong closes the reader's end, and so ends
 * the trace. */
static int start(Manager *manager, sd_bus_message *call, const char *client)
{
        _cleanup_close_ int reader = -1;
        Gather *gather;
        int r;

        r = trace_jobs_add(&manager->traces, client, &reader);
        if (r < 0)
                return r;
        r = trace_begin_new(client, reader, server_n_workers(manager->server), &gather);
        if (r < 0)
                return r;
        reader = -1;
        return gathering_start(&manager->gatherings, call, gather, answer);
}

int trace_bus_start(sd_bus_message *call, void *data, sd_bus_error *error)
{
        Manager *manager = data;
        const char *client;
        int r;

        r = sd_bus_message_read(call, "s", &client);
        if (r >= 0)
                r = gathering_admit(&manager->gatherings, call, error);
        if (r < 0)
                return r;
        if (!client[0] || strlen(client) > CLIENT_MAX)
                return sd_bus_error_set(error, "org.hawker.Error.InvalidClient",
                                        "A client identifier has 1 to 65535 bytes");
        r = start(manager, call, client);
        if (r == -EMFILE)
                return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                        "Too many clients are traced: end some of the traces");
        return r;
}
