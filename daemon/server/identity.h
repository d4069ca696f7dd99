/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who a CONNECT comes from: the user as CONNECT, TLS, the kernel or the login say, and the client
 * identifier. What is found is put into the greeting, in place of what CONNECT says.
 *
 * All are 0, a reason code to refuse it with, or -ENOMEM.
 *
 * Thread: worker
 */
#pragma once

#include "server/greeting.h"

/* The name that TLS or the kernel knows it by, as a copy; NULL: its listener does not go by that. A
 * reason code: that does, but it has none. */
int identity_name(const Connection *connection, char **ret_name);

/* The user that TLS or the kernel tells, where the listener goes by that: then a password counts
 * for nothing. */
int identity_take_proven(Connection *connection, Greeting *greeting);

/* A method of enhanced authentication names the user: CONNECT may leave it out, or say the same. */
int identity_take_method(Connection *connection, Greeting *greeting);

/* A token, once it has been checked, names its user, whether the CONNECT does or not. */
int identity_take_login(const Connection *connection, Greeting *greeting);

/* [MQTT-3.1.3-7, -8]: who has no client identifier gets one, but not with a session to come back to
 * in MQTT 3. */
int identity_choose_client_id(Connection *connection, Greeting *greeting);
