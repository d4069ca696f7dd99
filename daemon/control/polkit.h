/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Questions to polkit(8): may this caller do that? It is asked over the bus and not waited for. It
 * may ask back at the caller's screen, for a password, if his call allows that
 * (ALLOW_INTERACTIVE_AUTHORIZATION); then it has two minutes, else five seconds. A caller who goes
 * takes his questions with him.
 *
 * Thread: control
 */
#pragma once

#include "control/bus-call.h"
#include "util/list.h"

typedef struct Polkit {
        List questions; /* those without an answer so far */
        unsigned n;
        unsigned serial; /* of the last one */
} Polkit;

void polkit_init(Polkit *polkit);

/*
 * Asks whether the caller may do what polkit knows as `action` (static), and lets the call answer
 * if so. Else, and if there is no polkit, or one that does not answer, he gets AccessDenied, or
 * InteractiveAuthorizationRequired if only a password is missing, or LimitsExceeded if too many
 * questions are open, of his or at all. 1, or -errno.
 */
int polkit_ask(Polkit *polkit, const BusCall *call, const char *action);

/* Nobody gets an answer any more: before the bus ends. A zeroed object is fine. */
void polkit_done(Polkit *polkit);
