/* SPDX-License-Identifier: Apache-2.0 */

/* Holds the memory of the process against `memory_limit`. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "control/memory-watch.h"
#include "util/log.h"

#define PERIOD_USEC   100000U
#define ACCURACY_USEC 10000U
#define TRIM_PERIODS  10U /* while pressed: it walks the whole heap */

struct MemoryWatch {
        sd_event_source *timer;
        Server *server;
        uint64_t limit;     /* 0: none */
        unsigned n_pressed; /* periods; 0: no pressure */
};

void memory_read(MemoryFigures *ret_figures)
{
        const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
        uint64_t total, resident, file;
        _cleanup_close_ int fd = -1;
        char text[128];
        ssize_t n = 0;

        *ret_figures = (MemoryFigures){};
        fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
                n = read(fd, text, sizeof(text) - 1);
        if (n <= 0)
                return;
        text[n] = 0;
        if (sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64, &total, &resident, &file) == 3)
                *ret_figures = (MemoryFigures){resident * page, file * page};
}

uint64_t memory_resident(void)
{
        MemoryFigures figures;

        memory_read(&figures);
        return figures.resident;
}

bool memory_is_pressed(bool pressed, uint64_t used, uint64_t limit)
{
        return used > (pressed ? limit / 10 * 9 : limit);
}

static void watch_look(MemoryWatch *watch)
{
        uint64_t used = memory_resident();

        if (memory_is_pressed(watch->n_pressed > 0, used, watch->limit)) {
                if (watch->n_pressed == 0) {
                        server_set_memory_pressure(watch->server, true);
                        log_warning("Memory use of %" PRIu64 " bytes is above memory_limit %" PRIu64
                                    ": new work is refused",
                                    used, watch->limit);
                }
                /* What was freed counts until it is given back to the system. */
                if (watch->n_pressed % TRIM_PERIODS == 0)
                        malloc_trim(0);
                watch->n_pressed++;
        } else if (watch->n_pressed > 0) {
                server_set_memory_pressure(watch->server, false);
                log_notice("Memory use is down to %" PRIu64 " bytes: new work is accepted again",
                           used);
                watch->n_pressed = 0;
        }
}

static int on_timer(sd_event_source *source, uint64_t usec, void *data)
{
        MemoryWatch *watch = data;
        int r;

        watch_look(watch);
        r = sd_event_source_set_time_relative(source, PERIOD_USEC);
        return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int memory_watch_new(sd_event *event, Server *server, MemoryWatch **ret_watch)
{
        _cleanup_(memory_watch_freep) MemoryWatch *watch = NULL;
        int r;

        watch = calloc(1, sizeof(*watch));
        if (!watch)
                return -ENOMEM;
        watch->server = server;
        r = sd_event_add_time_relative(event, &watch->timer, CLOCK_MONOTONIC, PERIOD_USEC,
                                       ACCURACY_USEC, on_timer, watch);
        if (r == 0)
                r = sd_event_source_set_enabled(watch->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        sd_event_source_set_description(watch->timer, "memory-watch");
        *ret_watch = TAKE_PTR(watch);
        return 0;
}

/* What has begun is looked at again at once, by the new limit. */
int memory_watch_set_limit(MemoryWatch *watch, uint64_t limit)
{
        int r;

        if (watch->limit == limit)
                return 0;
        watch->limit = limit;
        if (limit == 0) {
                watch->n_pressed = 0;
                server_set_memory_pressure(watch->server, false);
                return sd_event_source_set_enabled(watch->timer, SD_EVENT_OFF);
        }
        r = sd_event_source_set_time_relative(watch->timer, 0);
        return r < 0 ? r : sd_event_source_set_enabled(watch->timer, SD_EVENT_ONESHOT);
}

MemoryWatch *memory_watch_free(MemoryWatch *watch)
{
        if (!watch)
                return NULL;
        sd_event_source_disable_unref(watch->timer);
        free(watch);
        return NULL;
}
