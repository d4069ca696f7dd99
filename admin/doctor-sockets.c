/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl doctor: the socket units of the broker, whether another program has their addresses,
 * and whether the broker answers there. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "admin/doctor.h"
#include "admin/listener-list.h"
#include "util/macro.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define UNITS   "/org/freedesktop/systemd1/unit"

/* Before the path of a listener on the bus. */
#define UNIX "unix:"

/* The one of which it is known how it is stopped. */
#define MOSQUITTO "mosquitto.service"

/* Whether that is this property of the unit. */
static bool has_state(sd_bus *bus, const char *unit, const char *property, const char *value)
{
        _cleanup_free_ char *path = NULL, *state = NULL;

        return sd_bus_path_encode(UNITS, unit, &path) >= 0 &&
               sd_bus_get_property_string(bus, SYSTEMD, path, SYSTEMD ".Unit", property, NULL,
                                          &state) >= 0 &&
               strcmp(state, value) == 0;
}

/* Of "HOST:PORT" or "[HOST]:PORT"; a path is never taken, for systemd takes it over. */
static bool is_taken(const char *address)
{
        const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                       .ai_socktype = SOCK_STREAM};
        _cleanup_free_ char *host = strdup(address);
        _cleanup_close_ int fd = -1;
        char *port = host ? strrchr(host, ':') : NULL;
        struct addrinfo *at;
        bool is_used;

        if (!port || *address == '/')
                return false;
        *port++ = 0;
        if (*host == '[') {
                memmove(host, host + 1, strlen(host));
                host[strcspn(host, "]")] = 0;
        }
        if (getaddrinfo(host, port, &hints, &at) != 0)
                return false;
        fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        /* What has only just been closed is no other program. */
        if (fd >= 0)
                setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
        is_used = fd >= 0 && bind(fd, at->ai_addr, at->ai_addrlen) < 0 && errno == EADDRINUSE;
        freeaddrinfo(at);
        return is_used;
}

/* What a socket unit listens at, to be read by next_address(). NULL: it cannot be told. */
static sd_bus_message *ask_addresses(sd_bus *bus, const char *unit)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_free_ char *path = NULL;

        if (sd_bus_path_encode(UNITS, unit, &path) < 0 ||
            sd_bus_get_property(bus, SYSTEMD, path, SYSTEMD ".Socket", "Listen", NULL, &reply,
                                "a(ss)") < 0 ||
            sd_bus_message_enter_container(reply, 'a', "(ss)") < 0)
                return NULL;
        return TAKE_PTR(reply);
}

/* NULL: no more. */
static const char *next_address(sd_bus_message *addresses)
{
        const char *kind, *address;

        while (addresses && sd_bus_message_read(addresses, "(ss)", &kind, &address) > 0)
                if (strcmp(kind, "Stream") == 0)
                        return address;
        return NULL;
}

/* --- those that have failed --- */

/* The first of its addresses that another program has; NULL: none. The caller frees it. */
static char *find_taken(sd_bus *bus, const char *unit)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *addresses = ask_addresses(bus, unit);
        const char *address;

        while ((address = next_address(addresses)))
                if (is_taken(address))
                        return strdup(address);
        return NULL;
}

static void examine_failed(const Patient *patient, sd_bus *bus, const char *unit,
                           Findings *findings)
{
        _cleanup_free_ char *address = find_taken(bus, unit);
        const bool is_mosquitto = has_state(bus, MOSQUITTO, "ActiveState", "active");

        if (!address) {
                findings_add(findings, VERDICT_FAIL, "sockets", "%s has failed", unit);
                findings_mend(findings, "journalctl -b -u %s", unit);
                return;
        }
        findings_add(findings, VERDICT_FAIL, "sockets", "%s has failed: another program has %s%s",
                     unit, address, is_mosquitto ? ", and " MOSQUITTO " runs" : "");
        if (is_mosquitto)
                findings_mend(findings,
                              "systemctl disable --now " MOSQUITTO "; systemctl reset-failed %s; "
                              "systemctl restart %s %s",
                              patient->unit, unit, patient->unit);
        else
                findings_mend(findings, "ss -ltnp 'sport = %s'  # who it is",
                              strrchr(address, ':'));
}

/* --- those that are open --- */

/* Whether a listener has this address of a socket unit, or none can be asked for it. */
static bool is_served(ListenerList *listeners, const char *address)
{
        const bool has_name = *address == '/' || *address == '@';
        ListenerRow row;
        int r = listener_list_rewind(listeners);

        while (r >= 0 && (r = listener_list_next(listeners, &row)) > 0)
                for (size_t i = 0; i < row.n_addresses; i++) {
                        const char *served = row.addresses[i];

                        if (has_name && strncmp(served, UNIX, strlen(UNIX)) == 0)
                                served += strlen(UNIX);
                        if (strcmp(served, address) == 0)
                                return true;
                }
        return r < 0;
}

/* All of the addresses of the unit that no listener has; NULL: there are none. The caller frees
 * them. */
static char *find_unserved(sd_bus *bus, const char *unit, ListenerList *listeners)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *addresses = ask_addresses(bus, unit);
        _cleanup_free_ char *all = NULL;
        const char *address;

        while ((address = next_address(addresses))) {
                char *longer;

                if (is_served(listeners, address))
                        continue;
                if (asprintf(&longer, "%s%s%s", all ? all : "", all ? ", " : "", address) < 0)
                        return NULL;
                free(all);
                all = longer;
        }
        return TAKE_PTR(all);
}

/* The configuration has a listener for the sockets of this name. */
static bool is_wanted(const SettingList *settings, const char *name)
{
        for (size_t i = 0; i < settings->n; i++) {
                const Setting *setting = &settings->items[i];

                if (strcmp(setting->option, "socket_name") == 0 && setting->value &&
                    strcmp(setting->value, name) == 0)
                        return true;
        }
        return false;
}

static void examine_open(const Patient *patient, sd_bus *bus, const char *unit,
                         ListenerList *listeners, Findings *findings)
{
        _cleanup_free_ char *addresses = find_unserved(bus, unit, listeners);
        _cleanup_free_ char *path = NULL, *name = NULL;

        if (!addresses || sd_bus_path_encode(UNITS, unit, &path) < 0 ||
            sd_bus_get_property_string(bus, SYSTEMD, path, SYSTEMD ".Socket", "FileDescriptorName",
                                       NULL, &name) < 0)
                return;
        findings_add(findings, VERDICT_WARN, "sockets", "%s is open, and nobody answers at %s",
                     unit, addresses);
        if (is_wanted(patient->settings, name)) {
                findings_mend(findings, "systemctl reload %s", patient->unit);
                return;
        }
        /* What the last socket unit would have started is started without it. */
        findings_mend(findings,
                      "systemctl disable --now %s; systemctl enable %s; systemctl restart %s"
                      "  # or a listener with socket_name %s",
                      unit, patient->unit, patient->unit, name);
}

/* --- all of them --- */

static void examine_each(const Patient *patient, sd_bus *bus, char **units, ListenerList *listeners,
                         Findings *findings)
{
        for (char **unit = units; unit && *unit; unit++) {
                if (listeners && has_state(bus, *unit, "ActiveState", "active"))
                        examine_open(patient, bus, *unit, listeners, findings);
                /* One that was disabled since then is not wanted. */
                if (has_state(bus, *unit, "ActiveState", "failed") &&
                    !has_state(bus, *unit, "UnitFileState", "disabled"))
                        examine_failed(patient, bus, *unit, findings);
        }
}

void doctor_examine_sockets(const Patient *patient, Findings *findings)
{
        _cleanup_(listener_list_done) ListenerList listeners = {};
        _cleanup_(broker_done) Broker broker = {};
        _cleanup_free_ char *path = NULL;
        bool is_known;
        sd_bus *bus = NULL;
        char **units = NULL;

        /* Without the bus: that is said of the service. */
        if (sd_bus_open_system(&bus) < 0)
                return;
        if (sd_bus_path_encode(UNITS, patient->unit, &path) >= 0 &&
            sd_bus_get_property_strv(bus, SYSTEMD, path, SYSTEMD ".Unit", "TriggeredBy", NULL,
                                     &units) >= 0) {
                is_known = broker_init(&broker, patient->command) == EXIT_DONE &&
                           listener_list_try(&broker, &listeners) >= 0;
                examine_each(patient, bus, units, is_known ? &listeners : NULL, findings);
        }
        for (char **unit = units; unit && *unit; unit++)
                free(*unit);
        free(units);
        sd_bus_flush_close_unref(bus);
}
