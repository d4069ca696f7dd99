/* SPDX-License-Identifier: Apache-2.0 */

/* May this client in. */

#include "server/client-admit.h"

#include <errno.h>

#include "mqtt/protocol.h"
#include "server/login.h"

/* In MQTT 3 "bad user name or password" is about their form (3.1.1, 3.2.2.3): what is wrong with
 * them is "not authorized", as Mosquitto says it too. */
static int answer_to(const Connection *connection, int r)
{
        return r == REASON_BAD_USER_NAME_OR_PASSWORD && connection->version != MQTT_5
                       ? REASON_NOT_AUTHORIZED
                       : r;
}

static int check_password(Connection *connection, const AdmissionProof *proof, Bytes password)
{
        int r;

        if (password_hash_is_quick(proof->hash))
                return login_verify(proof, password);
        r = login_new(connection, connection->shard, proof, password, &connection->login);
        if (r == 0)
                return -EINPROGRESS;
        if (r == -EBUSY)
                return REASON_SERVER_BUSY;
        return r == -ENOMEM ? r : login_verify(proof, password); /* nobody helps */
}

int client_admit(Connection *connection, const AdmissionRequest *request)
{
        AdmissionProof proof = {};
        int r;

        if (connection->is_admitted)
                return 0;
        r = admission_check(connection_settings(connection), connection_listener(connection),
                            connection->endpoint->policy, request, &proof);
        if (r == 0 && proof.hash)
                r = check_password(connection, &proof, request->password);
        connection->is_admitted = r == 0;
        return answer_to(connection, r);
}

int client_admit_proved(Connection *connection, int result)
{
        connection->is_admitted = result == 0;
        return answer_to(connection, result);
}
