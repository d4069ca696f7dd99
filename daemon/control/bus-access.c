/* SPDX-License-Identifier: Apache-2.0 */

/* Who may call a method. */
#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/bus-access.h"
#include "control/bus-action.h"
#include "util/macro.h"

/* As the bus tells them. */
typedef struct Caller {
        bool has_uid;
        uid_t uid;
        const gid_t *gids; /* NULL where the bus does not know them */
        size_t n_gids;
} Caller;

static void call_free(void *data)
{
        bus_call_done(data);
        free(data);
}

static bool caller_is_in_group(const Caller *caller, const char *name)
{
        char buffer[4096];
        struct group group, *found = NULL;

        if (getgrnam_r(name, &group, buffer, sizeof(buffer), &found) != 0 || !found)
                return false;
        for (size_t i = 0; i < caller->n_gids; i++)
                if (caller->gids[i] == found->gr_gid)
                        return true;
        return false;
}

/* Without polkit. */
static bool caller_may(const Caller *caller)
{
        if (!caller->has_uid)
                return false;
        return caller->uid == 0 || caller->uid == geteuid() ||
               caller_is_in_group(caller, BUS_ADMIN_GROUP);
}

static int caller_read_field(Caller *caller, sd_bus_message *reply)
{
        const char *name;
        const void *gids;
        size_t size;
        int r;

        r = sd_bus_message_read(reply, "s", &name);
        if (r < 0)
                return r;
        if (strcmp(name, "UnixUserID") == 0) {
                caller->has_uid = true;
                return sd_bus_message_read(reply, "v", "u", &caller->uid);
        }
        if (strcmp(name, "UnixGroupIDs") != 0)
                return sd_bus_message_skip(reply, "v");
        r = sd_bus_message_enter_container(reply, 'v', "au");
        if (r >= 0)
                r = sd_bus_message_read_array(reply, 'u', &gids, &size);
        if (r < 0)
                return r;
        caller->gids = gids;
        caller->n_gids = size / sizeof(gid_t);
        return sd_bus_message_exit_container(reply);
}

/* The caller borrows from the reply. */
static int caller_read(Caller *caller, sd_bus_message *reply)
{
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
                r = caller_read_field(caller, reply);
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
        }
        return r;
}

static int ask_polkit(const BusCall *call)
{
        return polkit_ask(&call->manager->polkit, call,
                          bus_action_of(sd_bus_message_get_interface(call->message),
                                        sd_bus_message_get_member(call->message)));
}

static int on_credentials(sd_bus_message *reply, void *data, sd_bus_error *ret_error)
{
        const BusCall *call = data;
        Caller caller = {};
        int r;

        /* He may have gone in between: then nobody reads the answer. */
        if (sd_bus_message_is_method_error(reply, NULL) || caller_read(&caller, reply) < 0)
                return bus_call_refuse(call, SD_BUS_ERROR_ACCESS_DENIED,
                                       "The bus does not say who you are");
        r = caller_may(&caller) ? bus_call_run(call) : ask_polkit(call);
        return r < 0 ? sd_bus_reply_method_errno(call->message, r, NULL) : r;
}

int bus_let_admin(sd_bus_message *message, sd_bus_message_handler_t then, Manager *manager)
{
        BusCall *call;
        sd_bus_slot *slot;
        int r;

        call = malloc(sizeof(*call));
        if (!call)
                return -ENOMEM;
        *call = bus_call_ref(&(BusCall){message, then, manager});
        r = sd_bus_call_method_async(sd_bus_message_get_bus(message), &slot, "org.freedesktop.DBus",
                                     "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                     "GetConnectionCredentials", on_credentials, call, "s",
                                     sd_bus_message_get_sender(message));
        if (r < 0) {
                call_free(call);
                return r;
        }
        /* Also when the connection ends before the answer comes. */
        sd_bus_slot_set_destroy_callback(slot, call_free);
        sd_bus_slot_set_floating(slot, true);
        sd_bus_slot_unref(slot);
        return 1;
}
