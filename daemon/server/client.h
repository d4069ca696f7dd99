/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A client on its connection: what arrives is read and takes effect packet by packet, what is due
 * is sent, silence has its limits.
 *
 * Thread: worker
 */
#pragma once

#include "server/connection.h"

/* Begins to serve an accepted socket (taken over on success). 0; REASON_SERVER_BUSY: so many have
 * not said yet who they are that another one was ended for it; or -errno. */
int client_accept(Shard *shard, const ConnectionOrigin *origin);

/* A connection that moved here: it is one of shard->movers. Closes it on failure. */
void client_adopt(Shard *shard, Connection *connection);

/* Goes on with what is in the input of these, until so many ns have passed, but with one at least.
 */
void client_serve_movers(Shard *shard, uint64_t ns);

/* One that another process has begun and that is as it was there: waiting for CONNECT, or open with
 * its session. 0, or -errno: then it is in no loop and can only be freed. */
int client_resume(Shard *shard, Connection *connection);

/* A helper has asked an authority about its next packet. Frees the consultation. */
void client_consulted(Consultation *consultation);

/* A helper has checked its password (MAIL_LOGIN). Frees the login. */
void client_proved(Login *login);

/* In a new turn: clients whose messages the store had no room for go on, if it has. */
void client_serve_stalled(Shard *shard);

/* In a new turn: packets with many filters go on, the one that waits longest first. */
void client_serve_subscribing(Shard *shard);

/* The end of the turn: fetches what the session has to send, writes. */
void client_flush(Connection *connection);
