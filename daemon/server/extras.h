/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What few connections have, or each one only for a moment: in a part of its own, so that an idle
 * connection is small. Who has none shares `extras_none`: nobody has to ask before reading.
 *
 * Thread: worker
 */
#pragma once

#include "server/tenure.h"

typedef struct Extras {
        struct HandshakeStep *step;        /* while a helper has the transport: nobody touches it */
        struct Login *login;               /* while it PROVES */
        struct Exchange *exchange;         /* an enhanced authentication under way */
        struct Consultation *consultation; /* while its next packet waits for an authority */
        struct Consultation *stay;         /* while an authority is asked whether it may stay */
        struct Subscribing *subscribing;   /* while its next packet takes effect in parts */
        Tenure *tenure;                    /* of one whose login has an end */
        struct Tap *tap;                   /* while its client is watched */
        struct Relay *relay;               /* while it UPGRADES */
        struct Pump *pump;                 /* of a WebSocket whose frames libwebsockets makes */
        char *proxy_name; /* in the certificate that its proxy has seen; NULL: none */
} Extras;

extern const Extras extras_none;

/* To be written to: made now if there are none. NULL without memory. */
Extras *extras_own(const Extras **extras);

/* Gives them back: what is in them is not theirs. */
void extras_drop(const Extras **extras);

/* The same, if nothing is in them. */
void extras_trim(const Extras **extras);
