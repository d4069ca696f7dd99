/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl doctor: the socket units of the broker, and whether another program has their
 * addresses. */
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "admin/doctor.h"
#include "util/macro.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define UNITS   "/org/freedesktop/systemd1/unit"

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

/* The first of its addresses that another program has; NULL: none. The caller frees it. */
static char *find_taken(sd_bus *bus, const char *unit)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_free_ char *path = NULL;
        const char *kind, *address;

        if (sd_bus_path_encode(UNITS, unit, &path) < 0 ||
            sd_bus_get_property(bus, SYSTEMD, path, SYSTEMD ".Socket", "Listen", NULL, &reply,
                                "a(ss)") < 0 ||
            sd_bus_message_enter_container(reply, 'a', "(ss)") < 0)
                return NULL;
        while (sd_bus_message_read(reply, "(ss)", &kind, &address) > 0)
                if (strcmp(kind, "Stream") == 0 && is_taken(address))
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

void doctor_examine_sockets(const Patient *patient, Findings *findings)
{
        _cleanup_free_ char *path = NULL;
        sd_bus *bus = NULL;
        char **units = NULL;

        /* Without the bus: that is said of the service. */
        if (sd_bus_open_system(&bus) < 0)
                return;
        if (sd_bus_path_encode(UNITS, patient->unit, &path) >= 0 &&
            sd_bus_get_property_strv(bus, SYSTEMD, path, SYSTEMD ".Unit", "TriggeredBy", NULL,
                                     &units) >= 0)
                for (char **unit = units; unit && *unit; unit++)
                        /* One that was disabled since then is not wanted. */
                        if (has_state(bus, *unit, "ActiveState", "failed") &&
                            !has_state(bus, *unit, "UnitFileState", "disabled"))
                                examine_failed(patient, bus, *unit, findings);
        for (char **unit = units; unit && *unit; unit++)
                free(*unit);
        free(units);
        sd_bus_flush_close_unref(bus);
}
