/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The packets of one connection whose client is watched (traces.h), as lines of JSON:
 * org.hawker.Broker1(5) has their format. What is written is seen where it is, on its way out, so
 * it does not matter who has made it, and what was taken back is not seen.
 *
 * Thread: worker
 */
#pragma once

#include "mqtt/packet.h"
#include "server/output.h"
#include "server/traces.h"
#include "util/macro.h"

typedef struct Tap Tap;

/* Of this client, which speaks this version; what is in the output already is not told. 0 or
 * -ENOMEM. */
int tap_new(Traces *traces, Bytes client, MqttVersion version, const Output *output, Tap **ret_tap);
Tap *tap_free(Tap *tap);
DEFINE_CLEANUP(Tap, tap_free)

/* Whether anybody watches the client still. */
bool tap_is_watched(const Tap *tap);

/* The CONNECT, and where it comes from: told once, though it may be read again. */
void tap_connect(Tap *tap, const Packet *packet, const char *address, const char *listener);

/* Another packet of the client, which is about to take effect. One that waits comes again, and is
 * not told again. */
void tap_received(Tap *tap, const Packet *packet);
void tap_wait(Tap *tap);

/* Before a write: the packets that have been appended since the last one. */
void tap_output(Tap *tap, const Output *output);
/* And after it. */
void tap_written(Tap *tap, const Output *output);

/* It ends: the reason code (0: none) and its name; detail may be NULL. */
void tap_end(Tap *tap, unsigned reason, const char *name, const char *detail);
