/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whether a request may become a WebSocket of MQTT (RFC 6455, 4.2.1; [MQTT-6.0.0-3]).
 *
 * Thread: any
 */
#pragma once

#include "config/settings.h"
#include "server/http-request.h"

/* What is wrong with it. */
typedef struct HttpRefusal {
        unsigned status;    /* 0: nothing is */
        const char *fields; /* of the answer; NULL: none */
} HttpRefusal;

/* The request by itself: its method, Host, and that nothing follows it. For each one. */
HttpRefusal http_request_check(const HttpRequest *request);

/* And as an upgrade, by the rules of the listener. */
HttpRefusal http_upgrade_check(const HttpRequest *request, const ListenerSettings *listener);
