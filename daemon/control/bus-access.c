/* SPDX-License-Identifier: Apache-2.0 */

/* Who may do on the bus what changes the broker. */
#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/bus-access.h"
#include "util/macro.h"

/* A call that waits for the bus to say whose it is. */
typedef struct Applicant {
        sd_bus_message *call;
        sd_bus_message_handler_t then;
        void *data;
} Applicant;

/* As the bus tells them. */
typedef struct Caller {
        bool has_uid;
        uid_t uid;
        const gid_t *gids; /* NULL where the bus does not know them */
        size_t n_gids;
} Caller;

static void applicant_free(void *data)
{
        Applicant *applicant = data;

        sd_bus_message_unref(applicant->call);
        free(applicant);
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

static int applicant_refuse(const Applicant *applicant)
{
        return sd_bus_reply_method_errorf(applicant->call, SD_BUS_ERROR_ACCESS_DENIED,
                                          "Only root and members of the group %s may do this",
                                          BUS_ADMIN_GROUP);
}

static int on_credentials(sd_bus_message *reply, void *data, sd_bus_error *ret_error)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        const Applicant *applicant = data;
        Caller caller = {};
        int r;

        /* He may have gone in between: then nobody reads the answer. */
        if (sd_bus_message_is_method_error(reply, NULL) || caller_read(&caller, reply) < 0 ||
            !caller_may(&caller))
                return applicant_refuse(applicant);
        r = applicant->then(applicant->call, applicant->data, &error);
        if (r < 0 || sd_bus_error_is_set(&error))
                r = sd_bus_reply_method_errno(applicant->call, r, &error);
        return r;
}

int bus_let_admin(sd_bus_message *call, sd_bus_message_handler_t then, void *data)
{
        Applicant *applicant;
        sd_bus_slot *slot;
        int r;

        applicant = malloc(sizeof(*applicant));
        if (!applicant)
                return -ENOMEM;
        *applicant = (Applicant){sd_bus_message_ref(call), then, data};
        r = sd_bus_call_method_async(sd_bus_message_get_bus(call), &slot, "org.freedesktop.DBus",
                                     "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                     "GetConnectionCredentials", on_credentials, applicant, "s",
                                     sd_bus_message_get_sender(call));
        if (r < 0) {
                applicant_free(applicant);
                return r;
        }
        /* Also when the connection ends before the answer comes. */
        sd_bus_slot_set_destroy_callback(slot, applicant_free);
        sd_bus_slot_set_floating(slot, true);
        sd_bus_slot_unref(slot);
        return 1;
}
