/* SPDX-License-Identifier: Apache-2.0 */

/* What listeners have counted, on the bus. */
#include "control/listener-bus.h"

static int append_refusals(sd_bus_message *message, const ListenerFigures *figures)
{
        int r = sd_bus_message_open_container(message, 'a', "{st}");

        for (unsigned i = REFUSAL_NONE + 1; r >= 0 && i < REFUSALS_N; i++)
                r = sd_bus_message_append(message, "{st}", refusal_name((Refusal)i),
                                          figures->refused[i]);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_listener(sd_bus_message *message, const Listener *listener)
{
        ListenerFigures figures;
        int r;

        listener_figures(listener, &figures);
        r = sd_bus_message_open_container(message, 'r', "sttttta{st}");
        if (r >= 0)
                r = sd_bus_message_append(message, "sttttt", listener->of->name, figures.accepted,
                                          figures.handshakes, figures.handshakes_failed,
                                          figures.handshake_bytes_received,
                                          figures.handshake_bytes_sent);
        if (r >= 0)
                r = append_refusals(message, &figures);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

int listener_bus_append_counters(sd_bus_message *message, const Listeners *listeners)
{
        int r = sd_bus_message_open_container(message, 'a', "(sttttta{st})");

        for (size_t i = 0; r >= 0 && i < listeners->n; i++)
                r = append_listener(message, listeners->items[i]);
        return r < 0 ? r : sd_bus_message_close_container(message);
}
