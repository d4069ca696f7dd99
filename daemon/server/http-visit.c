/* SPDX-License-Identifier: Apache-2.0 */
/* http-visit.c: what a worker and the HTTP thread know of one connection. */

#include "server/http-visit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "transport/websocket-frame.h"

int http_visit_new(Endpoint *endpoint, bool is_secure, bool may_forward, const char *peer,
                   HttpVisit **ret_visit)
{
        HttpVisit *visit = calloc(1, sizeof(*visit));

        if (!visit)
                return -ENOMEM;
        atomic_init(&visit->references, 1);
        visit->endpoint = endpoint_ref(endpoint);
        visit->is_secure = is_secure;
        visit->may_forward = may_forward;
        visit->payload_fd = -1;
        atomic_init(&visit->close_code, WEBSOCKET_NORMAL);
        snprintf(visit->peer, sizeof(visit->peer), "%s", peer);
        *ret_visit = visit;
        return 0;
}

HttpVisit *http_visit_ref(HttpVisit *visit)
{
        if (visit)
                atomic_fetch_add_explicit(&visit->references, 1, memory_order_relaxed);
        return visit;
}

HttpVisit *http_visit_unref(HttpVisit *visit)
{
        if (!visit || atomic_fetch_sub_explicit(&visit->references, 1, memory_order_acq_rel) > 1)
                return NULL;
        if (visit->payload_fd >= 0)
                close(visit->payload_fd);
        endpoint_unref(visit->endpoint);
        free(visit->proven_name);
        free(visit->failed_name);
        free(visit);
        return NULL;
}
