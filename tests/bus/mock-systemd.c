/* SPDX-License-Identifier: Apache-2.0 */

/*
 * mock-systemd: what systemd tells of the one unit that there is, mqtt.service. Lines of stdin,
 * "NAME VALUE", are its properties from then on: SubState, StatusText, Result. Writes "ready" and
 * then a line for each line that it has read. Ends with stdin.
 */
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#define SYSTEMD "org.freedesktop.systemd1"
#define UNIT    "/org/freedesktop/systemd1/unit/mqtt_2eservice"

/* One after the other, as read. */
static struct {
        const char *name;
        char value[256];
} properties[] = {
        {"Id", "mqtt.service"},
        {"SubState", "running"},
        {"StatusText", ""},
        {"Result", "success"},
};

static char *find(const char *name)
{
        for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++)
                if (strcmp(properties[i].name, name) == 0)
                        return properties[i].value;
        return NULL;
}

static int on_unit(sd_bus_message *call, void *data, sd_bus_error *error)
{
        const char *interface, *name, *value;
        int r;

        if (!sd_bus_message_is_method_call(call, "org.freedesktop.DBus.Properties", "Get"))
                return 0;
        r = sd_bus_message_read(call, "ss", &interface, &name);
        if (r < 0)
                return r;
        value = find(name);
        return value ? sd_bus_reply_method_return(call, "v", "s", value) : 0;
}

static int on_manager(sd_bus_message *call, void *data, sd_bus_error *error)
{
        if (!sd_bus_message_is_method_call(call, NULL, "GetUnitByPID"))
                return 0;
        return sd_bus_reply_method_return(call, "o", UNIT);
}

static int on_line(sd_event_source *source, int fd, uint32_t events, void *data)
{
        char line[512], *space, *value;
        ssize_t n = read(fd, line, sizeof(line) - 1);

        if (n <= 0)
                return sd_event_exit(data, 0);
        line[n] = 0;
        line[strcspn(line, "\n")] = 0;
        space = strchr(line, ' ');
        if (!space)
                return sd_event_exit(data, 2);
        *space = 0;
        value = find(line);
        if (!value)
                return sd_event_exit(data, 2);
        snprintf(value, sizeof(properties[0].value), "%s", space + 1);
        puts("done");
        return 0;
}

int main(void)
{
        sd_event *event = NULL;
        sd_bus *bus = NULL;
        int r;

        setvbuf(stdout, NULL, _IOLBF, 0);
        r = sd_event_new(&event);
        if (r >= 0)
                r = sd_bus_open_system(&bus);
        if (r >= 0)
                r = sd_bus_add_object(bus, NULL, "/org/freedesktop/systemd1", on_manager, NULL);
        if (r >= 0)
                r = sd_bus_add_object(bus, NULL, UNIT, on_unit, NULL);
        if (r >= 0)
                r = sd_bus_request_name(bus, SYSTEMD, 0);
        if (r >= 0)
                r = sd_bus_attach_event(bus, event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_event_add_io(event, NULL, STDIN_FILENO, EPOLLIN, on_line, event);
        if (r >= 0)
                puts("ready");
        if (r >= 0)
                r = sd_event_loop(event);
        sd_bus_flush_close_unref(bus);
        sd_event_unref(event);
        return r < 0 ? 1 : r;
}
