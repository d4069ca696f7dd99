/* SPDX-License-Identifier: Apache-2.0 */

/* Questions to the workers of a stage. */

#include "stage-gather.h"

#include <glib.h>
#include <poll.h>

#define TURNS_MAX 1000U

bool stage_has_answer(const Gather *gather)
{
        struct pollfd poll_fd = {.fd = gather_fd(gather), .events = POLLIN};

        return poll(&poll_fd, 1, 0) == 1;
}

void stage_await(Stage *stage, Gather *gather)
{
        for (unsigned i = 0; i < TURNS_MAX && !stage_has_answer(gather); i++)
                stage_turn(stage);
        stage_must(stage_has_answer(gather));
        stage_must(gather_result(gather) == 0);
}

void stage_gather(Stage *stage, Gather *gather)
{
        server_gather(stage->server, gather);
        stage_await(stage, gather);
}

char *stage_keys(Gather *gather)
{
        GString *text = g_string_new(NULL);
        Page page;

        stage_must(session_pages_result(gather, &page) == 0);
        for (size_t i = 0; i < page.n; i++)
                g_string_append_printf(text, "%s ", page.rows[i].key);
        if (page.next[0])
                g_string_append(text, "...");
        gather_free(gather);
        return g_string_free(text, false);
}

void stage_expect(Stage *stage, Gather *gather, const char *keys)
{
        g_autofree char *shown = NULL;

        stage_gather(stage, gather);
        shown = stage_keys(gather);
        g_assert_cmpstr(shown, ==, keys);
}

Client *stage_join(Stage *stage, const char *id)
{
        return client_join(stage, plane_owner(stage->plane, bytes_from_string(id)), MQTT_5, id);
}

Client *stage_join_for(Stage *stage, const char *id, uint32_t expiry)
{
        Client *client =
                client_new(stage, plane_owner(stage->plane, bytes_from_string(id)), MQTT_5);
        Connect connect = client_connect_base(client, id);

        connect.properties.present |= PROPERTY_BIT(PROPERTY_SESSION_EXPIRY_INTERVAL);
        connect.properties.session_expiry_interval = expiry;
        g_assert_cmpuint(client_connect(client, &connect).reason, ==, 0);
        return client;
}

void stage_with_workers(void (*test)(Stage *stage))
{
        const unsigned counts[] = {1, 4};

        for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
                Stage stage;

                stage_init(&stage, counts[i], NULL);
                test(&stage);
                stage_done(&stage);
        }
}
