/* SPDX-License-Identifier: Apache-2.0 */

/* A stage whose server gives way to another one. */

#include "stage-park.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void stage_leave(Stage *stage, Luggage *ret_luggage)
{
        static const TlsTicketKey key = {.bytes = "ticket key"};
        static const char *paused[] = {"one", "two"};
        const ParkNotes notes = {&key, paused, ARRAY_SIZE(paused)};
        Luggage luggage = {.image = park_image_create()};
        Park park = {};

        stage_must(luggage.image >= 0);
        server_suspend(stage->server);
        stage_must(server_park(stage->server, &notes, luggage.image, &park) == 0);
        stage_must(park_image_seal(luggage.image) == 0);
        luggage.n = park.n;
        luggage.items = calloc(park.n + 1, sizeof(*luggage.items));
        stage_must(luggage.items);
        for (size_t i = 0; i < park.n; i++) {
                luggage.items[i] = park.items[i];
                luggage.items[i].fd = fcntl(park.items[i].fd, F_DUPFD_CLOEXEC, 3);
                stage_must(luggage.items[i].fd >= 0);
        }
        server_leave(stage->server, &park, park.n, 0);
        park_done(&park);
        stage_must(stage_counters(stage).sockets_open == 0);
        stage_must(stage->plane->connections == 0);
        stage_must(stage->endpoint->references == 1);
        stage->server = server_free(stage->server);
        *ret_luggage = luggage;
}

int stage_arrive(Stage *stage, unsigned workers, Luggage *luggage, ArrivalCounts *ret_counts)
{
        _cleanup_(park_image_freep) ParkImage *image = NULL;
        Arrival arrival = {
                .items = luggage->items,
                .n_items = luggage->n,
                .endpoints = &stage->endpoint,
                .n_endpoints = 1,
        };
        int r;

        stage->settings->workers = workers;
        stage_serve(stage);
        r = park_image_open(luggage->image, &image);
        if (r < 0)
                return r;
        arrival.image = image;
        r = server_unpark(stage->server, &arrival, ret_counts);
        server_unpark_end(stage->server);
        return r;
}

void luggage_done(Luggage *luggage)
{
        for (size_t i = 0; i < luggage->n; i++)
                closep(&luggage->items[i].fd);
        closep(&luggage->image);
        free(luggage->items);
        *luggage = (Luggage){.image = -1};
}

ArrivalCounts stage_restart(Stage *stage, unsigned workers)
{
        ArrivalCounts counts;
        Luggage luggage;

        stage_leave(stage, &luggage);
        stage_must(stage_arrive(stage, workers, &luggage, &counts) == 0);
        for (size_t i = 0; i < luggage.n; i++)
                stage_must(luggage.items[i].fd == -1);
        stage_must(counts.connections == luggage.n);
        luggage_done(&luggage);
        return counts;
}
