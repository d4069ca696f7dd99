/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is known of something, as a{sv} in messages of the bus: a table says which field of its
 * struct goes by which name.
 *
 * Thread: control
 */
#pragma once

#include <stddef.h>
#include <systemd/sd-bus.h>

/* The field is a const char *, a bool or a uint64_t. */
typedef struct Fact {
        const char *name;
        char type; /* of D-Bus: 's', 'b', 't' */
        size_t offset;
} Fact;

#define FACT(name, type, structure, field)                                                         \
        {                                                                                          \
                name, type, offsetof(structure, field)                                             \
        }

/* All n facts of this struct. 0 or -errno. */
int fact_table_append(sd_bus_message *reply, const Fact *table, size_t n, const void *facts);
