/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who asks for a page of `protocol http_api`: by its certificate, or by name and password of the
 * request, proven as those of a client of that listener. What takes time is done by helpers, with
 * copies of their own.
 *
 * Thread: control
 */
#pragma once

#include <systemd/sd-event.h>

#include "config/settings.h"
#include "server/http-question.h"
#include "server/server.h"
#include "util/macro.h"

typedef struct HttpLogins HttpLogins;
typedef struct HttpLogin HttpLogin;

/* That of `job` has come to its end, and is gone: 0, a reason code or -errno. username: who it is,
 * borrowed; NULL: nobody has been shown. */
typedef void (*HttpLoginDone)(void *job, int r, const char *username);

/* 0 or -errno; event and server outlive it. */
int http_logins_new(sd_event *event, Server *server, HttpLoginDone done, HttpLogins **ret_logins);
/* Nobody hears of those that are under way. */
HttpLogins *http_logins_free(HttpLogins *logins);
DEFINE_CLEANUP(HttpLogins, http_logins_free)

/*
 * 0: it may come in, as *ret_username (borrowed from the question; NULL: as nobody in particular).
 * Whom TLS or the kernel names, where the listener goes by that, needs no password.
 * -EACCES: the listener goes by that, and it has no name, or claims another one.
 * -EINPROGRESS: *ret_login is until done() is called for the job. Else a reason code
 * (proof_was_refused()); -EBUSY: too many wait; or -errno.
 */
int http_login_begin(HttpLogins *logins, const HttpQuestion *question, void *job,
                     const char **ret_username, HttpLogin **ret_login);

/* The job wants no answer any more. Takes NULL. */
void http_login_abandon(HttpLogin *login);

/* Whether this user (NULL: nobody in particular) may read what the pages tell, by the rules of the
 * listener: all of `$SYS`. */
bool http_login_may_read(const HttpQuestion *question, const char *username);
