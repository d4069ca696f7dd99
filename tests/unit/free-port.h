/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A port of this machine for a test that gives it away and takes it again.
 *
 * Thread: any one at a time
 */
#pragma once

#include <stdint.h>

/*
 * Free at all addresses, and below the ports of outgoing connections: one of those, from any
 * address, would be in the way of a listener that moves to all of them. No other test of this
 * machine is given it while this process lives. Aborts if there is none.
 */
uint16_t free_port(void);
