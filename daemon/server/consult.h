/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the authority of a listener says of topics. A packet whose topics it has not spoken of
 * lately stays unread in the input of its connection, which is not read from meanwhile, until the
 * authority has been asked about each; then it takes effect by what the authority remembers.
 *
 * Thread: worker
 */
#pragma once

#include "mqtt/packet.h"
#include "server/connection.h"
#include "server/consultation.h"

/* 0: the packet may take effect. -EINPROGRESS: the connection has a consultation until
 * MAIL_CONSULTATION; then it is to be asked again. REASON_SERVER_BUSY: too many wait; -ENOMEM. */
int consult_about(Connection *connection, const Packet *packet);

/*
 * After a reload: asks whether a client that the authority has let in may stay, if the authority
 * wants to be asked; the connection goes on meanwhile. -EBUSY, -ENOMEM: it stays unasked.
 */
int consult_about_stay(Connection *connection);

/* With its mail. 0, or REASON_NOT_AUTHORIZED: it is to go. Without an answer it stays, which is
 * told. */
int consult_stay_answered(Consultation *consultation);

/* 0, or REASON_NOT_AUTHORIZED: it says no, or has not been asked. The topic is as the broker knows
 * it: with the mount point, without `$share/group/`. */
int consult_verdict(const Connection *connection, AuthorityVerb verb, Bytes topic);

/* Whether the packets of this client are to be looked at. */
static inline bool consult_is_due(const Connection *connection)
{
        return _unlikely_(connection->policy != NULL) && connection->policy->parts.authority &&
               connection->phase == CONNECTION_OPEN;
}
