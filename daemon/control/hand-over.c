/* SPDX-License-Identifier: Apache-2.0 */

/* A restart that nobody notices. */
#include "control/hand-over.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/listener-pause.h"
#include "control/notify.h"
#include "control/systemd-job.h"
#include "util/log.h"

/* What systemd is to allow for: ms in any case, and bytes of an image in one more, on the slowest
 * of machines. */
#define LOAD_TIME_MIN  30000U
#define LOAD_SPEED_MIN 5000U
/* How often it is told how far it is; with fewer connections it is not. */
#define TOLD_PARTS 10U
#define TOLD_LEAST 100U

/* --- from the last process --- */

static size_t dismiss_all(Parked *parked)
{
        return parked_dismiss_all(parked->items[PARKED_CLIENT], parked->n[PARKED_CLIENT]);
}

static const char *image_error(int error)
{
        switch (error) {
        case -ENOENT:
                return "it left none";
        case -EBADMSG:
                return "it is damaged";
        case -EPROTONOSUPPORT:
                return "another version wrote it, and this one does not know its format";
        default:
                return strerror(-error);
        }
}

static void open_image(HandOver *hand_over)
{
        const Parked *parked = &hand_over->parked;
        int r = -ENOENT;

        if (parked->n[PARKED_IMAGE] > 0)
                r = park_image_open(parked->items[PARKED_IMAGE][0].fd, &hand_over->image);
        if (r < 0 && (parked->n[PARKED_IMAGE] > 0 || parked->n[PARKED_CLIENT] > 0))
                log_error("Cannot go on with the state of the last process, its %zu connections "
                          "are closed: %s",
                          dismiss_all(&hand_over->parked), image_error(r));
}

void hand_over_receive(HandOver *hand_over, PassedSockets *passed)
{
        int r;

        hand_over->began = clock_boottime();
        r = parking_new(passed->parking, passed->n_parking, &hand_over->parking,
                        &hand_over->parked);
        if (r < 0)
                log_error("Connections cannot outlive a restart: %s", strerror(-r));
        else
                open_image(hand_over);
}

int hand_over_ticket_key(const HandOver *hand_over, TlsTicketKey *ret_key)
{
        return hand_over->image ? park_image_ticket_key(hand_over->image, ret_key) : -ENOENT;
}

/* Nobody accepts yet. */
static void pause_again(const HandOver *hand_over, const Listeners *listeners)
{
        for (size_t i = 0; i < listeners->n; i++)
                if (park_image_is_paused(hand_over->image, listeners->items[i]->of->name))
                        listener_pause(listeners->items[i], true);
}

/* Systemd hears of every tenth part, of as many as make somebody wait. */
static void tell(void *data, size_t n)
{
        const size_t all = ((const HandOver *)data)->parked.n[PARKED_CLIENT];

        if (all >= TOLD_LEAST && n <= all && n * TOLD_PARTS / all != (n - 1) * TOLD_PARTS / all)
                notify_taking_over(n, all);
}

static void resume(HandOver *hand_over, Server *server, const Arrival *arrival)
{
        ArrivalCounts *counts = &hand_over->counts;
        size_t lost;
        int r;

        r = server_unpark(server, arrival, counts);
        lost = dismiss_all(&hand_over->parked);
        if (r < 0)
                log_error("Cannot go on with all of the state of the last process, %zu connections "
                          "are closed: %s",
                          lost, image_error(r));
        log_notice("Went on with %zu connections and %zu sessions of the last process, "
                   "%" PRIu64 " ms for it; %zu connections had no listener any more",
                   counts->connections, counts->sessions, clock_boottime() - hand_over->began,
                   counts->unserved);
        hand_over->image = park_image_free(hand_over->image);
        parked_done(&hand_over->parked);
}

int hand_over_resume(HandOver *hand_over, Server *server, const Listeners *listeners)
{
        Arrival arrival = {
                .image = hand_over->image,
                .items = hand_over->parked.items[PARKED_CLIENT],
                .n_items = hand_over->parked.n[PARKED_CLIENT],
                .told = tell,
                .data = hand_over,
        };
        Endpoint **endpoints;
        size_t size;
        int r;

        if (!hand_over->image)
                return 0;
        r = listeners_endpoints(listeners, &endpoints, &arrival.n_endpoints);
        if (r < 0)
                return r;
        pause_again(hand_over, listeners);
        arrival.endpoints = endpoints;
        size = park_image_bytes(hand_over->image).length;
        notify_loading(LOAD_TIME_MIN + size / LOAD_SPEED_MIN);
        resume(hand_over, server, &arrival);
        free(endpoints);
        return 0;
}

void hand_over_settle(Server *server)
{
        server_unpark_end(server);
}

/* --- to the next one --- */

/* Those that are paused, in a new array. 0 or -ENOMEM. */
static int list_paused(const Listeners *listeners, const char ***ret_names, size_t *ret_n)
{
        const char **names = calloc(listeners->n + 1, sizeof(*names));
        size_t n = 0;

        if (!names)
                return -ENOMEM;
        for (size_t i = 0; i < listeners->n; i++)
                if (listener_is_paused(listeners->items[i]))
                        names[n++] = listeners->items[i]->of->name;
        *ret_names = names;
        *ret_n = n;
        return 0;
}

/* The image, or -errno. */
static int write_image(Server *server, const TlsTicketKey *key, const Listeners *listeners,
                       Park *ret_park)
{
        ParkNotes notes = {.key = key};
        _cleanup_close_ int image = park_image_create();
        int r;

        if (image < 0)
                return image;
        r = list_paused(listeners, &notes.paused, &notes.n_paused);
        if (r < 0)
                return r;
        r = server_park(server, &notes, image, ret_park);
        free(notes.paused);
        if (r < 0)
                return r;
        r = park_image_seal(image);
        if (r < 0) {
                park_done(ret_park);
                return r;
        }
        return TAKE_FD(image);
}

/* The image goes first: each connection that follows can be served, whenever this process ends.
 * How many have gone, or -errno: none of them. */
static ssize_t send_all(HandOver *hand_over, int image, const Park *park,
                        const Listeners *listeners)
{
        const ParkedItem state = {.fd = image};
        size_t n;
        int r;

        r = parking_send(hand_over->parking, PARKED_IMAGE, &state, 1, &n);
        if (r < 0)
                return r;
        r = listeners_park(listeners, hand_over->parking);
        if (r < 0)
                log_warning("Cannot park a listening socket: %s", strerror(-r));
        r = parking_send(hand_over->parking, PARKED_CLIENT, park->items, park->n, &n);
        if (r < 0)
                log_warning("Cannot park %zu of %zu connections, they are closed: %s", park->n - n,
                            park->n, strerror(-r));
        return (ssize_t)n;
}

void hand_over_leave(HandOver *hand_over, Server *server, const TlsTicketKey *key,
                     const Listeners *listeners, msec_t timeout)
{
        const msec_t began = clock_boottime();
        _cleanup_(park_done) Park park = {};
        _cleanup_close_ int image = -1;
        ssize_t n;

        server_suspend(server);
        n = image = write_image(server, key, listeners, &park);
        if (image >= 0)
                n = send_all(hand_over, image, &park, listeners);
        if (n < 0)
                log_error("Cannot hand the connections on, they are closed: %s", strerror((int)-n));
        else
                log_notice("Handed on %zd connections to the next process, %" PRIu64 " ms for it",
                           n, clock_boottime() - began);
        server_leave(server, &park, n < 0 ? 0 : (size_t)n, timeout);
}

/* Who is not systemd, and gave us a place to notify, is trusted. */
bool hand_over_is_possible(const HandOver *hand_over)
{
        unsigned n;

        if (!hand_over->parking)
                return false;
        if (systemd_job_kept_descriptors(&n) < 0 || n >= 2)
                return true;
        log_warning("systemd keeps nothing for the next process: the unit needs "
                    "FileDescriptorStoreMax=2 or more");
        return false;
}

void hand_over_forget(HandOver *hand_over)
{
        parking_forget(hand_over->parking);
}

void hand_over_refuse(HandOver *hand_over)
{
        dismiss_all(&hand_over->parked);
        hand_over->image = park_image_free(hand_over->image);
        parked_done(&hand_over->parked);
}

void hand_over_refuse_all(void)
{
        _cleanup_(config_errors_done) ConfigErrors ignored = CONFIG_ERRORS_INIT;
        _cleanup_(passed_sockets_done) PassedSockets passed = {};
        _cleanup_(hand_over_done) HandOver hand_over = {};

        if (passed_sockets_receive(&ignored, &passed) < 0 || passed.n_parking == 0)
                return;
        hand_over_receive(&hand_over, &passed);
        hand_over_refuse(&hand_over);
}

static void put_back(HandOver *hand_over)
{
        const Parked *parked = &hand_over->parked;
        size_t n;

        for (unsigned kind = 0; kind < PARKED_KINDS_N; kind++)
                parking_send(hand_over->parking, kind, parked->items[kind], parked->n[kind], &n);
}

void hand_over_done(HandOver *hand_over)
{
        if (hand_over->image && hand_over->parking)
                put_back(hand_over);
        park_image_free(hand_over->image);
        parked_done(&hand_over->parked);
        parking_free(hand_over->parking);
        *hand_over = (HandOver){};
}
