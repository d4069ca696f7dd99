/* SPDX-License-Identifier: Apache-2.0 */

/* May this client in. */

#include "server/client-admit.h"

#include <errno.h>
#include <stdlib.h>

#include "mqtt/protocol.h"
#include "server/connection-end.h"
#include "server/login.h"

/* In MQTT 3 "bad user name or password" is about their form (3.1.1, 3.2.2.3): what is wrong with
 * them is "not authorized", as Mosquitto says it too. */
static int answer_to(const Connection *connection, int r)
{
        return r == REASON_BAD_USER_NAME_OR_PASSWORD && connection->version != MQTT_5
                       ? REASON_NOT_AUTHORIZED
                       : r;
}

/* What the login has shown stays with the connection, for its CONNECT is read again. */
static int take_result(Connection *connection, const Proof *proof, ProofResult *result)
{
        int r = connection_set_tenure(connection, result->expires);

        if (r < 0)
                return r;
        if (result->username) {
                free(connection->username);
                connection->username = TAKE_PTR(result->username);
        }
        connection->login_method = (uint8_t)proof->method;
        connection->is_admitted = true;
        return 0;
}

static int check_here(Connection *connection, const Proof *proof, const ProofRequest *request,
                      const char **ret_detail)
{
        ProofResult result;
        int r = proof_check(proof, request, clock_realtime(), &result);

        *ret_detail = result.why;
        if (r == 0)
                r = take_result(connection, proof, &result);
        proof_result_done(&result);
        return r;
}

static int check(Connection *connection, const Proof *proof, const ProofRequest *request,
                 const char **ret_detail)
{
        Extras *extras;
        int r;

        if (proof_cost(proof) == PROOF_QUICK)
                return check_here(connection, proof, request, ret_detail);
        extras = extras_own(&connection->extras);
        if (!extras)
                return -ENOMEM;
        r = login_new(connection, connection->shard, proof, request, &extras->login);
        if (r == 0)
                return -EINPROGRESS;
        if (r == -EBUSY || proof_cost(proof) == PROOF_BLOCKS)
                return REASON_SERVER_BUSY;
        return r == -ENOMEM ? r : check_here(connection, proof, request, ret_detail);
}

int client_admit(Connection *connection, const AdmissionRequest *request, const char **ret_detail)
{
        char address[ADDRESS_TEXT_MAX];
        AdmissionRequest full = *request;
        Proof proof = {};
        int r;

        if (connection->is_admitted)
                return 0;
        full.of.listener = connection_listener(connection)->name;
        full.of.address = connection_peer_host(connection, address, sizeof(address));
        r = admission_check(connection_settings(connection), connection_listener(connection),
                            connection->endpoint->policy, &full, &proof);
        if (r == 0)
                r = check(connection, &proof, &full.of, ret_detail);
        return answer_to(connection, r);
}

int client_admit_proved(Connection *connection, Login *login, const char **ret_detail)
{
        int r = login->r;

        *ret_detail = login->result.why;
        if (r == 0)
                r = take_result(connection, &login->proof, &login->result);
        return answer_to(connection, r);
}

static void tenure_due(LoopTimer *timer, msec_t now)
{
        Tenure *tenure = container_of(timer, Tenure, timer);
        Connection *connection = tenure->connection;

        if (connection->phase != CONNECTION_OPEN)
                return;
        if (tenure_is_over(tenure))
                connection_fail(connection, REASON_NOT_AUTHORIZED, "its token has expired");
        else
                tenure_watch(tenure, &connection->shard->loop, tenure_due);
}

int client_admit_for_now(Connection *connection)
{
        return tenure_watch(connection->extras->tenure, &connection->shard->loop, tenure_due);
}
