/* SPDX-License-Identifier: Apache-2.0 */

/* A listener that is paused. */
#include "control/listener-pause.h"

#include "util/log.h"

static bool is_paused(const ListenerSocket *socket)
{
        return socket->endpoint &&
               atomic_load_explicit(&socket->endpoint->socket->is_paused, memory_order_relaxed);
}

static void set_paused(const ListenerSocket *socket, bool paused)
{
        if (socket->endpoint)
                atomic_store_explicit(&socket->endpoint->socket->is_paused, paused,
                                      memory_order_relaxed);
}

bool listener_is_paused(const Listener *listener)
{
        for (size_t i = 0; i < listener->n_sockets; i++)
                if (is_paused(&listener->sockets[i]))
                        return true;
        return false;
}

static void tell(const Listener *listener, bool paused)
{
        const LogField fields[] = {{"MQTT_LISTENER", listener->of->name}};

        if (paused)
                log_fields(LOG_CATEGORY_NOTICE, MESSAGE_ID_LISTENER_PAUSED, fields,
                           ARRAY_SIZE(fields),
                           "Listener %s is paused: it accepts nobody until it is resumed",
                           listener->of->name);
        else
                log_fields(LOG_CATEGORY_NOTICE, MESSAGE_ID_LISTENER_RESUMED, fields,
                           ARRAY_SIZE(fields), "Listener %s accepts again", listener->of->name);
}

void listener_pause(const Listener *listener, bool paused)
{
        const bool before = listener_is_paused(listener);

        for (size_t i = 0; i < listener->n_sockets; i++)
                set_paused(&listener->sockets[i], paused);
        if (before != paused)
                tell(listener, paused);
}

void listener_inherit_pause(const Listener *listener, const Listener *before)
{
        if (!before || !listener_is_paused(before))
                return;
        for (size_t i = 0; i < listener->n_sockets; i++)
                if (!listener->sockets[i].before)
                        set_paused(&listener->sockets[i], true);
}

size_t listeners_n_paused(const Listeners *listeners)
{
        size_t n = 0;

        for (size_t i = 0; i < listeners->n; i++)
                n += listener_is_paused(listeners->items[i]);
        return n;
}
