/* SPDX-License-Identifier: Apache-2.0 */

/* A password, held against its hash by a helper. */

#include "server/login.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "mqtt/protocol.h"

/* Of a user who is not there another one's hash is checked, and whatever comes out is wrong. */
int login_verify(const AdmissionProof *proof, Bytes password)
{
        int r = password_hash_verify(proof->hash, password);

        return r == 0 && !proof->is_known ? REASON_BAD_USER_NAME_OR_PASSWORD : r;
}

/* On a helper. From the mail on the login is the worker's. */
static void login_run(Work *work)
{
        Login *login = container_of(work, Login, work);
        const Mail mail = {.kind = MAIL_LOGIN, .login = login};
        Shard *shard = login->shard;

        login->result =
                login_verify(&login->proof, (Bytes){login->password, login->password_length});
        /* Nobody else could give the answer. */
        while (shard_mail_from_outside(shard, &mail) == -ENOMEM)
                sched_yield();
}

int login_new(Connection *connection, Shard *shard, const AdmissionProof *proof, Bytes password,
              Login **ret_login)
{
        Login *login = malloc(sizeof(*login) + password.length);
        int r;

        if (!login)
                return -ENOMEM;
        *login = (Login){
                .work.run = login_run,
                .shard = shard,
                .connection = connection,
                .passwords = passwords_ref(proof->passwords),
                .proof = *proof,
                .password_length = password.length,
        };
        if (password.length > 0)
                memcpy(login->password, password.data, password.length);
        shard->n_steps++;
        r = work_pool_submit(shard->plane->helpers, &login->work);
        if (r < 0)
                login_free(login);
        else
                *ret_login = login; /* before its mail is taken: this thread does */
        return r;
}

Login *login_free(Login *login)
{
        login->shard->n_steps--;
        passwords_unref(login->passwords);
        explicit_bzero(login->password, login->password_length);
        free(login);
        return NULL;
}

void login_abandon(Login *login)
{
        if (!login)
                return;
        login->connection = NULL;
        if (work_pool_withdraw(login->shard->plane->helpers, &login->work))
                login_free(login);
}
