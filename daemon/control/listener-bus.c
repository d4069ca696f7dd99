/* SPDX-License-Identifier: Apache-2.0 */

/* Listeners on the bus. */
#include "control/listener-bus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/bus-access.h"
#include "control/listener-pause.h"
#include "control/listener-told.h"
#include "server/acceptor-order.h"
#include "util/log.h"
#include "util/utf8.h"

#define USEC_PER_SEC UINT64_C(1000000)

typedef struct ListenerBus {
        Manager *manager;
        sd_event_source *post;
        unsigned reload;    /* the one whose listeners others know */
        unsigned n_pauses;  /* those that they know of */
        ListenersTold told; /* what they know */
} ListenerBus;

/* --- which --- */

/* 1: it is there; 0: the path is that of no listener; -errno, with the error set if there is none
 * of that name. */
static int find_listener(const Manager *manager, const char *path, Listener **ret_listener,
                         sd_bus_error *error)
{
        _cleanup_free_ char *name = NULL;
        Listener *listener;
        int r;

        r = sd_bus_path_decode(path, LISTENER_PATH, &name);
        if (r <= 0 || !name[0])
                return MIN(r, 0);
        listener = listeners_find(&manager->listeners, name);
        if (!listener) {
                sd_bus_error_setf(error, "org.hawker.Error.NoSuchListener",
                                  "There is no listener '%s': 'hawkerctl listeners' and "
                                  "GetManagedObjects() tell which there are",
                                  name);
                /* Which sd-bus answers where it drops the error, for a method that there is not. */
                return -ENOENT;
        }
        *ret_listener = listener;
        return 1;
}

/* What handlers get is that of all: a call that waits for the bus may outlive the listener. */
static int find_object(sd_bus *bus, const char *path, const char *interface, void *data,
                       void **ret_found, sd_bus_error *error)
{
        const ListenerBus *object = data;
        Listener *listener;
        int r;

        r = find_listener(object->manager, path, &listener, error);
        if (r > 0)
                *ret_found = data;
        return r;
}

static void free_paths(char **paths)
{
        for (size_t i = 0; paths && paths[i]; i++)
                free(paths[i]);
        free(paths);
}

static int list_listeners(sd_bus *bus, const char *prefix, void *data, char ***ret_paths,
                          sd_bus_error *error)
{
        const ListenerBus *object = data;
        const Listeners *listeners = &object->manager->listeners;
        char **paths = calloc(listeners->n + 1, sizeof(*paths));
        int r = paths ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < listeners->n; i++)
                r = sd_bus_path_encode(LISTENER_PATH, listeners->items[i]->of->name, &paths[i]);
        if (r < 0) {
                free_paths(paths);
                return r;
        }
        *ret_paths = paths;
        return 0;
}

/* --- properties --- */

static int append_text(sd_bus_message *reply, const char *text)
{
        _cleanup_free_ char *clean = strdup(text);

        if (!clean)
                return -ENOMEM;
        utf8_clean(clean);
        return sd_bus_message_append(reply, "s", clean);
}

static int append_name(sd_bus_message *reply, const Listener *listener)
{
        return sd_bus_message_append(reply, "s", listener->of->name);
}

static int append_protocol(sd_bus_message *reply, const Listener *listener)
{
        static const char *const names[] = {
                [LISTENER_MQTT] = "mqtt",
                [LISTENER_WEBSOCKETS] = "websockets",
                [LISTENER_HTTP_API] = "http_api",
        };

        return sd_bus_message_append(reply, "s", names[listener->of->protocol]);
}

static int append_addresses(sd_bus_message *reply, const Listener *listener)
{
        char text[ADDRESS_TEXT_MAX];
        int r = sd_bus_message_open_container(reply, 'a', "s");

        for (size_t i = 0; r >= 0 && i < listener->n_sockets; i++)
                r = append_text(reply,
                                address_format(&listener->sockets[i].address, text, sizeof(text)));
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_tls(sd_bus_message *reply, const Listener *listener)
{
        return sd_bus_message_append(reply, "b", listener->credentials != NULL);
}

static int append_paused(sd_bus_message *reply, const Listener *listener)
{
        return sd_bus_message_append(reply, "b", listener_is_paused(listener));
}

static int append_subject(sd_bus_message *reply, const Listener *listener)
{
        const TlsFacts *facts = listener_certificate(listener);

        return append_text(reply, facts ? facts->subject : "");
}

static int append_serial(sd_bus_message *reply, const Listener *listener)
{
        const TlsFacts *facts = listener_certificate(listener);

        return sd_bus_message_append(reply, "s", facts ? facts->serial : "");
}

static int append_not_after(sd_bus_message *reply, const Listener *listener)
{
        const TlsFacts *facts = listener_certificate(listener);

        return sd_bus_message_append(
                reply, "t",
                facts && facts->not_after > 0 ? (uint64_t)facts->not_after * USEC_PER_SEC : 0);
}

static int append_refusals(sd_bus_message *message, const ListenerFigures *figures)
{
        int r = sd_bus_message_open_container(message, 'a', "{st}");

        for (unsigned i = REFUSAL_NONE + 1; r >= 0 && i < REFUSALS_N; i++)
                r = sd_bus_message_append(message, "{st}", refusal_name((Refusal)i),
                                          figures->refused[i]);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_refused(sd_bus_message *reply, const Listener *listener)
{
        ListenerFigures figures;

        listener_figures(listener, &figures);
        return append_refusals(reply, &figures);
}

/* Those that announce their changes (name, type, how) ... */
#define STATE_PROPERTIES(X)                                                                        \
        X("Paused", "b", append_paused)                                                            \
        X("Protocol", "s", append_protocol)                                                        \
        X("Addresses", "as", append_addresses)                                                     \
        X("TLS", "b", append_tls)                                                                  \
        X("CertificateSubject", "s", append_subject)                                               \
        X("CertificateSerial", "s", append_serial)                                                 \
        X("CertificateNotAfter", "t", append_not_after)

/* ... and those that are figures (name, field). */
#define FIGURE_PROPERTIES(X)                                                                       \
        X("Accepted", accepted)                                                                    \
        X("Connections", connections)                                                              \
        X("Handshakes", handshakes)                                                                \
        X("HandshakesFailed", handshakes_failed)                                                   \
        X("HandshakeBytesReceived", handshake_bytes_received)                                      \
        X("HandshakeBytesSent", handshake_bytes_sent)                                              \
        X("Upgrades", upgrades)                                                                    \
        X("UpgradesRefused", upgrades_refused)

static const struct {
        const char *name;
        int (*append)(sd_bus_message *reply, const Listener *listener); /* NULL: a figure */
        size_t offset;                                                  /* in ListenerFigures */
} properties[] = {
#define STATE_ROW(name, type, append) {name, append, 0},
#define FIGURE_ROW(name, field)       {name, NULL, offsetof(ListenerFigures, field)},
        {"Name", append_name, 0},
        {"Refused", append_refused, 0},
        STATE_PROPERTIES(STATE_ROW) FIGURE_PROPERTIES(FIGURE_ROW)
#undef STATE_ROW
#undef FIGURE_ROW
};

static int append_figure(sd_bus_message *reply, const Listener *listener, size_t offset)
{
        ListenerFigures figures;
        uint64_t value;

        listener_figures(listener, &figures);
        memcpy(&value, (const char *)&figures + offset, sizeof(value));
        return sd_bus_message_append(reply, "t", value);
}

static int get_property(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *data, sd_bus_error *error)
{
        const ListenerBus *object = data;
        Listener *listener;
        int r;

        r = find_listener(object->manager, path, &listener, error);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
                if (strcmp(properties[i].name, property) != 0)
                        continue;
                if (!properties[i].append)
                        return append_figure(reply, listener, properties[i].offset);
                return properties[i].append(reply, listener);
        }
        return -ENOENT;
}

/* --- Pause, Resume --- */

/* All workers go by it. */
static int answer_pause(sd_bus_message *call, Gather *gather, sd_bus_error *error)
{
        return sd_bus_reply_method_return(call, NULL);
}

static int set_paused(sd_bus_message *call, Manager *manager, bool paused, sd_bus_error *error)
{
        Listener *listener;
        Gather *gather;
        int r;

        r = find_listener(manager, sd_bus_message_get_path(call), &listener, error);
        if (r == 0)
                r = -ENOENT;
        if (r >= 0)
                r = gathering_admit(&manager->gatherings, call, error);
        if (r >= 0)
                r = acceptor_order_new(server_n_workers(manager->server), &gather);
        if (r < 0)
                return r;
        listener_pause(listener, paused);
        manager->n_pauses++;
        manager_update_status(manager);
        return gathering_start(&manager->gatherings, call, gather, answer_pause);
}

static int do_pause(sd_bus_message *call, void *data, sd_bus_error *error)
{
        return set_paused(call, data, true, error);
}

static int do_resume(sd_bus_message *call, void *data, sd_bus_error *error)
{
        return set_paused(call, data, false, error);
}

static int on_pause(sd_bus_message *call, void *data, sd_bus_error *error)
{
        const ListenerBus *object = data;

        return bus_let_admin(call, do_pause, object->manager);
}

static int on_resume(sd_bus_message *call, void *data, sd_bus_error *error)
{
        const ListenerBus *object = data;

        return bus_let_admin(call, do_resume, object->manager);
}

#define STATE_PROPERTY(name, type, append)                                                         \
        SD_BUS_PROPERTY(name, type, get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
#define FIGURE_PROPERTY(name, field) SD_BUS_PROPERTY(name, "t", get_property, 0, 0),

const sd_bus_vtable listener_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Name", "s", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        STATE_PROPERTIES(STATE_PROPERTY) FIGURE_PROPERTIES(FIGURE_PROPERTY)
                SD_BUS_PROPERTY("Refused", "a{st}", get_property, 0, 0),
        SD_BUS_METHOD("Pause", NULL, NULL, on_pause, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Resume", NULL, NULL, on_resume, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static const char *const announced[] = {
#define STATE_NAME(name, type, append) name,
        STATE_PROPERTIES(STATE_NAME)
#undef STATE_NAME
                NULL,
};

/* --- what changes --- */

static void tell(sd_bus *bus, const char *name, ListenerNews news)
{
        _cleanup_free_ char *path = NULL;

        if (sd_bus_path_encode(LISTENER_PATH, name, &path) < 0)
                return;
        if (news == LISTENER_IS_NEW)
                sd_bus_emit_interfaces_added(bus, path, LISTENER_INTERFACE, NULL);
        else if (news == LISTENER_IS_GONE)
                sd_bus_emit_interfaces_removed(bus, path, LISTENER_INTERFACE, NULL);
        else
                sd_bus_emit_properties_changed_strv(bus, path, LISTENER_INTERFACE,
                                                    (char **)announced);
}

/* Others learn of nothing while there is no bus: who comes to it later asks for all. */
static int on_post(sd_event_source *source, void *data)
{
        ListenerBus *object = data;
        const Manager *manager = object->manager;
        const unsigned reload = manager->last_reload ? manager->last_reload->number : 0;
        sd_bus *bus = bus_connection(manager->bus);
        ListenerNews news;
        const char *name;

        if (reload == object->reload && manager->n_pauses == object->n_pauses)
                return 0;
        object->reload = reload;
        object->n_pauses = manager->n_pauses;
        if (listeners_told_update(&object->told, &manager->listeners) < 0)
                log_debug("Out of memory: what became of listeners is not told");
        while (listeners_told_next(&object->told, &name, &news))
                if (bus)
                        tell(bus, name, news);
        return 0;
}

static void listener_bus_free(void *data)
{
        ListenerBus *object = data;

        sd_event_source_disable_unref(object->post);
        listeners_told_done(&object->told);
        free(object);
}

int listener_bus_add(Manager *manager)
{
        ListenerBus *object = calloc(1, sizeof(*object));
        const char *name;
        ListenerNews news;
        int r;

        if (!object)
                return -ENOMEM;
        object->manager = manager;
        r = listeners_told_update(&object->told, &manager->listeners);
        while (listeners_told_next(&object->told, &name, &news))
                ;
        if (r >= 0)
                r = sd_event_add_post(manager->event, &object->post, on_post, object);
        if (r >= 0)
                r = bus_add(manager->bus, &(BusObject){
                                                  .path = LISTENER_PATH,
                                                  .interface = LISTENER_INTERFACE,
                                                  .vtable = listener_vtable,
                                                  .data = object,
                                                  .free = listener_bus_free,
                                                  .find = find_object,
                                                  .children = list_listeners,
                                          });
        if (r < 0)
                listener_bus_free(object);
        return r < 0 ? r : 0;
}

/* --- all at once --- */

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
