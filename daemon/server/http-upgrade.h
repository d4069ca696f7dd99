/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whether a request may become a WebSocket of MQTT (RFC 6455, 4.2.1; [MQTT-6.0.0-3]).
 *
 * Thread: any
 */
#pragma once

#include "config/settings.h"
#include "server/http-request.h"

/* The request by itself: its method, Host, and that nothing follows it. For each one. 0, or the
 * status to refuse it with. */
unsigned http_request_check(const HttpRequest *request);

/* And as an upgrade, by the rules of the listener. The same. */
unsigned http_upgrade_check(const HttpRequest *request, const ListenerSettings *listener);
