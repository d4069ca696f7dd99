/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What polkit calls that which a method of the bus does. The actions themselves, with what they
 * need by default, are in policy/org.hawker.Broker1.policy, the manual of all is
 * org.hawker.Broker1(5).
 *
 * Thread: any
 */
#pragma once

/* One that no table names is the gravest of all, org.hawker.manage. Static. */
const char *bus_action_of(const char *interface, const char *method);
