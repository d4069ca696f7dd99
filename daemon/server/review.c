/* SPDX-License-Identifier: Apache-2.0 */

/* What newer settings mean for a client that came under older ones. */

#include "server/review.h"

#include <errno.h>
#include <stdlib.h>

#include "access/admission.h"
#include "mqtt/protocol.h"
#include "server/client-access.h"
#include "server/client-account.h"
#include "server/client-pace.h"
#include "server/connection-end.h"
#include "server/consult.h"
#include "server/gate.h"
#include "server/peer-name.h"
#include "server/served.h"

/* In one step: many clients must not hold up a turn. An end costs far more than a look. */
#define REVIEWED_MAX 512U
#define ENDED_MAX    32U

/* --- may it still be here --- */

static bool wants_same_name(const ListenerSettings *a, const ListenerSettings *b)
{
        return a->use_identity_as_username == b->use_identity_as_username &&
               a->use_subject_as_username == b->use_subject_as_username;
}

/* Whether its username is the one that the listener would take from TLS, where it does so. */
static int check_proven_name(const Connection *connection, const ListenerSettings *listener)
{
        TlsName which = listener->use_identity_as_username ? TLS_NAME_COMMON : TLS_NAME_SUBJECT;
        _cleanup_free_ char *name = NULL;
        int r;

        if (wants_same_name(listener, connection_listener(connection)) ||
            (!listener->use_identity_as_username && !listener->use_subject_as_username))
                return 0;
        r = peer_name(connection, which, &name);
        if (r < 0 && r != -ENOMEM)
                return REASON_NOT_AUTHORIZED;
        if (r == 0 &&
            !bytes_equal(bytes_from_string(name), bytes_from_string(connection->username)))
                return REASON_NOT_AUTHORIZED;
        return r;
}

/* 0, or why a CONNECT as it has sent would be refused by this listener now. */
static int check_rights(const Connection *connection, const Endpoint *now)
{
        const ListenerSettings *listener = now->listener;
        const AdmissionRequest request = {
                .of =
                        {
                                .client_id = session_client_id(connection->session),
                                .has_username = connection->username,
                                .username = bytes_from_string(connection->username),
                        },
                .is_proven = connection->is_proven,
        };
        const AdmissionReview review = {
                .method = (LoginMethod)connection->login_method,
                .before = connection->policy,
                .now = now->policy,
        };
        int r;

        if (!(listener->accept_protocol_versions & PROTOCOL_VERSION_BIT(connection->version)))
                return REASON_NOT_AUTHORIZED;
        /* The name could be looked up, but not here: it is when the client comes again. */
        if (listener->unix_peer_username && connection->endpoint->socket->is_unix &&
            !connection->is_proven)
                return REASON_NOT_AUTHORIZED;
        r = check_proven_name(connection, listener);
        return r != 0 ? r
                      : admission_review(connection_settings(connection), listener, &review,
                                         &request);
}

/* --- on which terms --- */

/* Of what CONNACK tells, and what is asked for again later; the rest the connection has copied. */
static bool terms_give_less(const Endpoint *before, const Endpoint *after)
{
        const Settings *told = before->settings, *now = after->settings;
        Bytes told_mount = bytes_from_string(before->listener->mount_point);
        Bytes now_mount = bytes_from_string(after->listener->mount_point);

        return !bytes_equal(told_mount, now_mount) ||
               (now->max_packet_size > 0 &&
                (told->max_packet_size == 0 || now->max_packet_size < told->max_packet_size)) ||
               (told->retain_available && !now->retain_available) ||
               after->listener->max_qos < before->listener->max_qos;
}

static bool was_removed(const Connection *connection)
{
        return atomic_load_explicit(&connection->endpoint->socket->is_retired,
                                    memory_order_acquire);
}

/* True: it has ended. */
static bool review_client(Connection *connection)
{
        const Served *served = served_find(connection->shard, connection->endpoint);
        const Endpoint *now = served && !served->ends ? served->endpoint : connection->endpoint;
        int r;

        if (!served && was_removed(connection)) {
                connection_fail(connection, REASON_ADMINISTRATIVE_ACTION,
                                "its listener was removed");
                return true;
        }
        if (gate_has_banned(connection->shard, &connection->peer.any,
                            bytes_from_string(connection->username),
                            session_client_id(connection->session))) {
                connection_fail(connection, REASON_ADMINISTRATIVE_ACTION, "it is banned");
                return true;
        }
        r = check_rights(connection, now);
        if (r != 0) {
                connection_fail(connection, r, "the settings no longer let it in");
                return true;
        }
        client_access_grant(connection, now->policy);
        client_account_review(connection);
        client_pace_review(connection);
        if (served && !served->ends && !terms_give_less(connection->endpoint, now))
                connection_change_endpoint(connection, served->endpoint);
        consult_about_stay(connection);
        return false;
}

/* Those that were looked at, and newer ones, are behind those that were not. */
void review_go_on(Shard *shard)
{
        unsigned n_ended = 0;

        for (unsigned i = 0; shard_reviews_now(shard) && i < REVIEWED_MAX && n_ended < ENDED_MAX;
             i++) {
                Connection *connection = list_first_entry(&shard->connections, Connection, link);

                if (!connection || connection->review == shard->review) {
                        shard->is_reviewing = false;
                        return;
                }
                connection->review = shard->review;
                list_remove(&connection->link);
                list_append(&shard->connections, &connection->link);
                n_ended += connection->phase == CONNECTION_OPEN && review_client(connection);
        }
}

void review_newcomer(Connection *connection)
{
        const Served *served;

        if (_likely_(connection_terms(connection) == connection_settings(connection) &&
                     !was_removed(connection)))
                return;
        connection->is_admitted = false; /* another worker has let it in by other settings */
        served = served_find(connection->shard, connection->endpoint);
        if (served && !served->ends) {
                connection_change_endpoint(connection, served->endpoint);
        } else if (was_removed(connection)) {
                connection_leave_place(connection);
                connection->refuse = REASON_SERVER_UNAVAILABLE;
        }
}
