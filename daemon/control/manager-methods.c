/* SPDX-License-Identifier: Apache-2.0 */

/* What the methods of org.hawker.Broker1.Manager do. */
#include "control/manager-methods.h"

#include <errno.h>
#include <string.h>

#include "control/access-bus.h"
#include "control/backup-bus.h"
#include "control/ban-bus.h"
#include "control/bus-access.h"
#include "control/client-bus.h"
#include "control/event-bus.h"
#include "control/listener-add.h"
#include "control/publish-bus.h"
#include "control/reload-message.h"
#include "control/reload.h"
#include "control/retained-bus.h"
#include "control/session-bus.h"
#include "control/subscription-bus.h"
#include "control/topic-bus.h"
#include "control/trace-bus.h"
#include "util/log.h"
#include "util/macro.h"

static int reload(sd_bus_message *call, void *data, sd_bus_error *error)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const ReloadResult *result;
        int r;

        r = manager_reload(data, &result);
        if (r < 0)
                return reload_message_set_error(error, result, r);
        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = reload_message_append_changes(reply, result);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int restart(sd_bus_message *call, void *data, sd_bus_error *error)
{
        int r;

        r = manager_restart(data);
        if (r == -EOPNOTSUPP)
                return sd_bus_error_set(error, "org.hawker.Error.RestartNotPossible",
                                        "No service manager keeps the connections of this broker");
        if (r < 0)
                return r;
        log_notice("Restarting as the bus asks");
        return sd_bus_reply_method_return(call, NULL);
}

/* In the order of the names. */
static const struct {
        const char *name;
        sd_bus_message_handler_t body; /* with the manager, for callers who may */
} methods[] = {
        /* clang-format off */
        {"AddListener", listener_add_bus},
        {"Backup", backup_bus_start},
        {"Ban", ban_bus_ban},
        {"ClearRetained", retained_bus_clear},
        {"Disconnect", client_bus_disconnect},
        {"DropSession", session_bus_drop},
        {"GetClient", client_bus_get},
        {"GetRetained", retained_bus_get},
        {"GetSession", session_bus_get},
        {"ListBans", ban_bus_list},
        {"ListBusyTopics", topic_bus_list},
        {"ListClients", client_bus_list},
        {"ListRetained", retained_bus_list},
        {"ListSessions", session_bus_list},
        {"ListSubscriptions", subscription_bus_list},
        {"Publish", publish_bus_publish},
        {"Reload", reload},
        {"RemoveListener", listener_remove_bus},
        {"Restart", restart},
        {"Subscribe", event_bus_subscribe},
        {"TestAccess", access_bus_test},
        {"TraceClient", trace_bus_start},
        {"Unban", ban_bus_unban},
        {"Unsubscribe", event_bus_unsubscribe},
        /* clang-format on */
};

int manager_methods_call(sd_bus_message *call, Manager *manager, sd_bus_error *error)
{
        const char *name = sd_bus_message_get_member(call);

        for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
                if (strcmp(methods[i].name, name) == 0)
                        return bus_let_admin(call, methods[i].body, manager);
        return sd_bus_error_set(error, SD_BUS_ERROR_UNKNOWN_METHOD, NULL);
}
