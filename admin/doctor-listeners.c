/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl doctor: the listeners, and their certificates. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "admin/doctor.h"
#include "transport/tls-credentials.h"
#include "util/clock.h"
#include "util/macro.h"

#define CONNECT_MS    3000
#define SECONDS_A_DAY 86400
#define DAYS_WARN     21

/* --- does it answer --- */

static int try_connect(const struct sockaddr *address, socklen_t size)
{
        _cleanup_close_ int fd =
                socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct pollfd wait = {fd, POLLOUT, 0};
        socklen_t length = sizeof(int);
        int error = 0;

        if (fd < 0)
                return -errno;
        if (connect(fd, address, size) == 0)
                return 0;
        if (errno != EINPROGRESS)
                return -errno;
        if (poll(&wait, 1, CONNECT_MS) <= 0)
                return -ETIMEDOUT;
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
        return -error;
}

static int try_unix(const char *path)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        strcpy(address.sun_path, path);
        return try_connect((struct sockaddr *)&address, sizeof(address));
}

/* The first of its addresses that answers; without a host, those of this machine itself. */
static int try_port(const char *port, const char *host)
{
        const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
        struct addrinfo *all;
        int r = -EHOSTUNREACH;

        if (getaddrinfo(host, port, &hints, &all) != 0)
                return r;
        for (struct addrinfo *at = all; at && r < 0; at = at->ai_next)
                r = try_connect(at->ai_addr, at->ai_addrlen);
        freeaddrinfo(all);
        return r;
}

/* The listener as hawker.conf has it: "PORT [HOST]", or "0 PATH". */
static void examine_socket(const Patient *patient, const char *listener, Findings *findings)
{
        _cleanup_free_ char *port = strdup(listener);
        char *host = port ? strchr(port, ' ') : NULL;
        int r;

        if (!port)
                return;
        if (host)
                *host++ = 0;
        if (strcmp(port, "0") == 0 && host)
                r = try_unix(host);
        else
                r = try_port(port, host);
        if (r == 0) {
                findings_add(findings, VERDICT_OK, "sockets", "listener %s answers", listener);
                return;
        }
        findings_add(findings, r == -EACCES ? VERDICT_WARN : VERDICT_FAIL, "sockets",
                     "listener %s: %s", listener, strerror(-r));
        if (r == -EACCES)
                findings_mend(findings, "sudo hawkerctl doctor");
        else
                findings_mend(findings, "journalctl -b -u %s", patient->unit);
}

/* --- its certificates --- */

/* The option of the listener whose settings begin at this place; a list one on a line. The caller
 * frees it. */
static char *collect(const SettingList *settings, size_t listener, const char *option)
{
        char *all = NULL;

        for (size_t i = listener + 1; i < settings->n; i++) {
                const Setting *setting = &settings->items[i];
                char *longer;

                if (strcmp(setting->option, "listener") == 0)
                        break;
                if (!setting->value || strcmp(setting->option, option) != 0)
                        continue;
                if (asprintf(&longer, "%s%s%s", all ? all : "", all ? "\n" : "", setting->value) <
                    0)
                        break;
                free(all);
                all = longer;
        }
        return all;
}

static void examine_dates(const char *listener, const TlsCredentials *credentials,
                          Findings *findings)
{
        const int64_t now = (int64_t)clock_realtime();
        const TlsFacts *facts;
        size_t n;

        facts = tls_credentials_describe(credentials, &n);
        for (size_t i = 0; i < n; i++) {
                const int64_t days = (facts[i].not_after - now) / SECONDS_A_DAY;
                const bool is_over = facts[i].not_after <= now;

                if (is_over)
                        findings_add(findings, VERDICT_FAIL, "certificates",
                                     "listener %s: %s has expired", listener, facts[i].certfile);
                else
                        findings_add(findings, days < DAYS_WARN ? VERDICT_WARN : VERDICT_OK,
                                     "certificates",
                                     "listener %s: %s is with its key and valid for %lld days",
                                     listener, facts[i].certfile, (long long)days);
                if (is_over || days < DAYS_WARN)
                        findings_mend(findings, "renew it, then: hawkerctl reload --wait");
        }
}

static void examine_certificates(const Patient *patient, size_t at, Findings *findings)
{
        const SettingList *settings = patient->settings;
        const char *listener = settings->items[at].value;
        _cleanup_free_ char *certfile = collect(settings, at, "certfile");
        _cleanup_free_ char *keyfile = collect(settings, at, "keyfile");
        _cleanup_free_ char *cafile = collect(settings, at, "cafile");
        _cleanup_free_ char *capath = collect(settings, at, "capath");
        _cleanup_(tls_credentials_unrefp) TlsCredentials *credentials = NULL;
        const TlsSettings wanted = {.certfile = certfile,
                                    .keyfile = keyfile,
                                    .cafile = cafile,
                                    .capath = capath,
                                    .minimum_version = 12};
        TlsTicketKey key = {};
        TlsNotes notes = {};
        int r;

        if (!certfile)
                return;
        r = tls_credentials_new(&wanted, &key, &notes, &credentials);
        for (size_t i = 0; i < notes.n; i++) {
                const bool is_hidden = strstr(notes.items[i].text, strerror(EACCES)) != NULL;

                findings_add(findings,
                             notes.items[i].is_error && !is_hidden ? VERDICT_FAIL : VERDICT_WARN,
                             "certificates", "listener %s: %s: %s", listener, notes.items[i].option,
                             notes.items[i].text);
                findings_mend(findings, "%s",
                              is_hidden ? "sudo hawkerctl doctor" : "hawkerctl test-config");
        }
        if (r == 0)
                examine_dates(listener, credentials, findings);
}

void doctor_examine_listeners(const Patient *patient, Findings *findings)
{
        for (size_t i = 0; i < patient->settings->n; i++) {
                const Setting *setting = &patient->settings->items[i];

                if (strcmp(setting->option, "listener") != 0 || !setting->value)
                        continue;
                examine_socket(patient, setting->value, findings);
                examine_certificates(patient, i, findings);
        }
}
