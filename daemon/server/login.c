/* SPDX-License-Identifier: Apache-2.0 */

/* What a CONNECT is to prove, checked by a helper. */

#include "server/login.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"

/* On a helper. From the mail on the login is the worker's. */
static void login_run(Work *work)
{
        Login *login = container_of(work, Login, work);
        const Mail mail = {.kind = MAIL_LOGIN, .login = login};
        Shard *shard = login->shard;

        login->r = proof_check(&login->proof, &login->request, clock_realtime(), &login->result);
        /* Nobody else could give the answer. */
        while (shard_mail_from_outside(shard, &mail) == -ENOMEM)
                sched_yield();
}

/* Copies to the texts, with a NUL behind. */
static Bytes keep(Login *login, Bytes text)
{
        uint8_t *to = login->texts + login->length;

        if (!text.data)
                return text;
        memcpy(to, text.data, text.length);
        to[text.length] = 0;
        login->length += text.length + 1;
        return (Bytes){to, text.length};
}

static void keep_request(Login *login, const ProofRequest *request)
{
        login->request = *request;
        login->request.client_id = keep(login, request->client_id);
        login->request.username = keep(login, request->username);
        login->request.password = keep(login, request->password);
        login->request.will = keep(login, request->will);
        login->request.listener =
                (const char *)keep(login, bytes_from_string(request->listener)).data;
        login->request.address =
                (const char *)keep(login, bytes_from_string(request->address)).data;
}

static size_t size_of(const ProofRequest *request)
{
        return request->client_id.length + request->username.length + request->password.length +
               request->will.length + bytes_from_string(request->listener).length +
               bytes_from_string(request->address).length + 6;
}

int login_new(Connection *connection, Shard *shard, const Proof *proof, const ProofRequest *request,
              Login **ret_login)
{
        Login *login = malloc(sizeof(*login) + size_of(request));
        Plane *plane = shard->plane;
        int r;

        if (!login)
                return -ENOMEM;
        *login = (Login){
                .work.run = login_run,
                .pool = proof_cost(proof) == PROOF_BLOCKS ? plane->askers : plane->helpers,
                .shard = shard,
                .connection = connection,
                .policy = access_policy_ref(proof->policy),
                .proof = *proof,
        };
        keep_request(login, request);
        shard->n_steps++;
        r = work_pool_submit(login->pool, &login->work);
        if (r < 0)
                login_free(login);
        else
                *ret_login = login; /* before its mail is taken: this thread does */
        return r;
}

Login *login_free(Login *login)
{
        login->shard->n_steps--;
        proof_result_done(&login->result);
        access_policy_unref(login->policy);
        explicit_bzero(login->texts, login->length);
        free(login);
        return NULL;
}

void login_abandon(Login *login)
{
        if (!login)
                return;
        login->connection = NULL;
        if (work_pool_withdraw(login->pool, &login->work))
                login_free(login);
}
