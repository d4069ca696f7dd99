/* SPDX-License-Identifier: Apache-2.0 */

/*
 * mock-polkit yes|no|password|typed|silent|nonsense: what polkit is to who asks it, with one answer
 * to all questions; "typed" is the password, if it may be asked for. Writes a line for each: "check
 * ACTION FLAGS" and "cancel". Ends with the bus.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

static int skip_subject(sd_bus_message *call)
{
        const char *kind;
        int r;

        r = sd_bus_message_enter_container(call, 'r', "sa{sv}");
        if (r >= 0)
                r = sd_bus_message_read(call, "s", &kind);
        if (r >= 0 && strcmp(kind, "system-bus-name") != 0)
                return -EINVAL;
        if (r >= 0)
                r = sd_bus_message_skip(call, "a{sv}");
        return r < 0 ? r : sd_bus_message_exit_container(call);
}

static int on_check(sd_bus_message *call, void *data, sd_bus_error *error)
{
        const char *answer = data, *action;
        uint32_t flags;
        int r;

        r = skip_subject(call);
        if (r >= 0)
                r = sd_bus_message_read(call, "s", &action);
        if (r >= 0)
                r = sd_bus_message_skip(call, "a{ss}");
        if (r >= 0)
                r = sd_bus_message_read(call, "u", &flags);
        if (r < 0)
                return r;
        printf("check %s %u\n", action, flags);
        if (strcmp(answer, "silent") == 0)
                return 1;
        if (strcmp(answer, "nonsense") == 0)
                return sd_bus_reply_method_return(call, "s", "perhaps");
        if (strcmp(answer, "typed") == 0)
                answer = flags & 1 ? "yes" : "password";
        return sd_bus_reply_method_return(call, "(bba{ss})", strcmp(answer, "yes") == 0,
                                          strcmp(answer, "password") == 0, 0);
}

/* No vtable: sd-bus would not let nonsense pass. */
static int on_call(sd_bus_message *call, void *data, sd_bus_error *error)
{
        if (sd_bus_message_is_method_call(call, NULL, "CheckAuthorization"))
                return on_check(call, data, error);
        if (!sd_bus_message_is_method_call(call, NULL, "CancelCheckAuthorization"))
                return 0;
        puts("cancel");
        return sd_bus_reply_method_return(call, NULL);
}

int main(int argc, char **argv)
{
        sd_bus *bus = NULL;
        int r;

        if (argc != 2)
                return 2;
        setvbuf(stdout, NULL, _IOLBF, 0);
        r = sd_bus_open_system(&bus);
        if (r >= 0)
                r = sd_bus_add_object(bus, NULL, "/org/freedesktop/PolicyKit1/Authority", on_call,
                                      argv[1]);
        if (r >= 0)
                r = sd_bus_request_name(bus, "org.freedesktop.PolicyKit1", 0);
        if (r >= 0)
                puts("ready");
        while (r >= 0) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
        }
        fprintf(stderr, "mock-polkit: %s\n", strerror(-r));
        sd_bus_unref(bus);
        return 1;
}
