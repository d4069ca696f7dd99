/* SPDX-License-Identifier: Apache-2.0 */

/* What a reload brings to every worker. */

#include "server/settings-change.h"

#include <errno.h>
#include <stdlib.h>

static int make_acceptors(SettingsChange *change)
{
        for (size_t k = 0; k < change->n_workers * change->n_endpoints; k++) {
                const EndpointChange *endpoint = &change->endpoints[k % change->n_endpoints];
                int r = 0;

                if (endpoint->after && !endpoint_change_keeps_socket(endpoint))
                        r = acceptor_new(endpoint->after, &change->acceptors[k]);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int take_endpoints(SettingsChange *change, const EndpointChange *endpoints, size_t n)
{
        change->endpoints = calloc(n, sizeof(*endpoints));
        change->acceptors = calloc(n * change->n_workers, sizeof(*change->acceptors));
        if (n > 0 && (!change->endpoints || !change->acceptors))
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                if (endpoints[i].before)
                        change->endpoints[i].before = endpoint_ref(endpoints[i].before);
                if (endpoints[i].after)
                        change->endpoints[i].after = endpoint_ref(endpoints[i].after);
        }
        change->n_endpoints = n;
        return make_acceptors(change);
}

int settings_change_new(Settings *settings, const EndpointChange *endpoints, size_t n_endpoints,
                        unsigned n_workers, SettingsChange **ret_change)
{
        _cleanup_(settings_change_unrefp) SettingsChange *change = calloc(1, sizeof(*change));
        int r;

        if (!change)
                return -ENOMEM;
        atomic_init(&change->references, 1);
        change->n_workers = n_workers;
        change->settings = settings_ref(settings);
        r = take_endpoints(change, endpoints, n_endpoints);
        if (r < 0)
                return r;
        *ret_change = TAKE_PTR(change);
        return 0;
}

SettingsChange *settings_change_ref(SettingsChange *change)
{
        atomic_fetch_add_explicit(&change->references, 1, memory_order_relaxed);
        return change;
}

SettingsChange *settings_change_unref(SettingsChange *change)
{
        if (!change || atomic_fetch_sub_explicit(&change->references, 1, memory_order_acq_rel) != 1)
                return NULL;
        for (size_t k = 0; k < change->n_workers * change->n_endpoints; k++)
                acceptor_free(change->acceptors[k]);
        for (size_t i = 0; i < change->n_endpoints; i++) {
                endpoint_unref(change->endpoints[i].before);
                endpoint_unref(change->endpoints[i].after);
        }
        free(change->acceptors);
        free(change->endpoints);
        settings_unref(change->settings);
        free(change);
        return NULL;
}
