/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Holds the memory of the process against `memory_limit`, ten times a second, and tells the server
 * when to refuse new work, before the kernel would kill anybody.
 *
 * Thread: control
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

#include "server/server.h"
#include "util/macro.h"

typedef struct MemoryWatch MemoryWatch;

/* Without a limit; event and server outlive it. 0 or -errno. */
int memory_watch_new(sd_event *event, Server *server, MemoryWatch **ret_watch);
MemoryWatch *memory_watch_free(MemoryWatch *watch);
DEFINE_CLEANUP(MemoryWatch, memory_watch_free)

/* In bytes; 0: none. 0 or -errno. */
int memory_watch_set_limit(MemoryWatch *watch, uint64_t limit);

/* Bytes of memory that the process has now; 0 where /proc cannot tell. */
typedef struct MemoryFigures {
        uint64_t resident; /* all of it */
        uint64_t file;     /* of that, what is a picture of files: the program and the store */
} MemoryFigures;

void memory_read(MemoryFigures *ret_figures);
/* The same, all of it. */
uint64_t memory_resident(void);

/* Whether there is pressure at this use: on above the limit, off again below nine tenths of it. */
bool memory_is_pressed(bool pressed, uint64_t used, uint64_t limit);
