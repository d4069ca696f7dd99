/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The pages of `protocol http_api`, which hawker-http(7) describes: figures for Prometheus, whether
 * the broker is alive and ready, and what Mosquitto tells under /api/v1. Nothing can be changed by
 * them. Who may read them the settings of the listener say: who comes in as a client would, and may
 * read all of `$SYS`; those two about health are for everybody who reaches the listener.
 *
 * Thread: control
 */
#pragma once

#include "control/manager.h"

/* Answers the questions of the HTTP thread from now on. 0 or -errno. */
int http_pages_new(Manager *manager, HttpPages **ret_pages);
/* What was asked is answered with 503. Before the server goes. */
HttpPages *http_pages_free(HttpPages *pages);
DEFINE_CLEANUP(HttpPages, http_pages_free)
