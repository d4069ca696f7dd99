/* SPDX-License-Identifier: Apache-2.0 */

/* Methods and the actions that they are. */
#include <string.h>

#include "control/bus-action.h"
#include "control/bus.h"
#include "util/macro.h"

#define INSPECT    "org.hawker.inspect"
#define DISCONNECT "org.hawker.disconnect"
#define PUBLISH    "org.hawker.publish"
#define RELOAD     "org.hawker.reload"
#define MANAGE     "org.hawker.manage"

/* To see clients and messages; to end a connection; to be heard by clients; to have the files read
 * that others have written; all that stays. In the order of the names. */
static const struct {
        const char *interface;
        const char *method;
        const char *action;
} actions[] = {
        /* clang-format off */
        {LISTENER_INTERFACE, "Pause", MANAGE},
        {LISTENER_INTERFACE, "Resume", MANAGE},
        {MANAGER_INTERFACE, "AddListener", MANAGE},
        {MANAGER_INTERFACE, "Backup", MANAGE},
        {MANAGER_INTERFACE, "Ban", MANAGE},
        {MANAGER_INTERFACE, "ClearRetained", PUBLISH},
        {MANAGER_INTERFACE, "Disconnect", DISCONNECT},
        {MANAGER_INTERFACE, "DropSession", MANAGE},
        {MANAGER_INTERFACE, "GetClient", INSPECT},
        {MANAGER_INTERFACE, "GetRetained", INSPECT},
        {MANAGER_INTERFACE, "GetSession", INSPECT},
        {MANAGER_INTERFACE, "ListBans", INSPECT},
        {MANAGER_INTERFACE, "ListBusyTopics", INSPECT},
        {MANAGER_INTERFACE, "ListClients", INSPECT},
        {MANAGER_INTERFACE, "ListRetained", INSPECT},
        {MANAGER_INTERFACE, "ListSessions", INSPECT},
        {MANAGER_INTERFACE, "ListSubscriptions", INSPECT},
        {MANAGER_INTERFACE, "Publish", PUBLISH},
        {MANAGER_INTERFACE, "Reload", RELOAD},
        {MANAGER_INTERFACE, "RemoveListener", MANAGE},
        {MANAGER_INTERFACE, "Restart", MANAGE},
        {MANAGER_INTERFACE, "Subscribe", INSPECT},
        {MANAGER_INTERFACE, "TestAccess", INSPECT},
        {MANAGER_INTERFACE, "TraceClient", INSPECT},
        {MANAGER_INTERFACE, "Unban", MANAGE},
        {MANAGER_INTERFACE, "Unsubscribe", INSPECT},
        /* clang-format on */
};

const char *bus_action_of(const char *interface, const char *method)
{
        for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
                if (interface && method && strcmp(actions[i].interface, interface) == 0 &&
                    strcmp(actions[i].method, method) == 0)
                        return actions[i].action;
        return MANAGE;
}
