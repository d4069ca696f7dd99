/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a broker read another configuration, and sees when it has. */
/* Thread: any one */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* What the command line says of it. */
typedef struct ReloadForm {
        const char *exchange; /* this file or folder and EXCHANGE.next take each other's place */
        int notify_fd;        /* the broker's NOTIFY_SOCKET, a datagram socket; -1: it has none */
} ReloadForm;

/* Exchanges, then sends SIGHUP. What the broker has said until now is forgotten. 0 or -errno. */
int reload_begin(const ReloadForm *form, pid_t pid);

/* Whether the broker has said since then that it is ready again, without waiting for it. */
bool reload_has_ended(const ReloadForm *form);
