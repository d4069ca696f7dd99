/* SPDX-License-Identifier: Apache-2.0 */

/* A step of a handshake that a helper makes. */

#include "server/handshake-step.h"

#include <errno.h>
#include <sched.h>

/* On a helper. From the mail on the step is the worker's. */
static void step_run(Work *work)
{
        HandshakeStep *step = container_of(work, HandshakeStep, work);
        const Mail mail = {.kind = MAIL_HANDSHAKE, .connection = step->connection};
        Shard *shard = step->shard;

        step->result = step->transport->ops->handshake(step->transport);
        /* Nobody else could give the connection back. */
        while (shard_mail_from_outside(shard, &mail) == -ENOMEM)
                sched_yield();
}

int handshake_step_new(Connection *connection, Shard *shard, Transport *transport,
                       HandshakeStep **ret_step)
{
        HandshakeStep *step = malloc(sizeof(*step));
        int r;

        if (!step)
                return -ENOMEM;
        *step = (HandshakeStep){
                .work.run = step_run,
                .shard = shard,
                .connection = connection,
                .transport = transport,
        };
        r = work_pool_submit(shard->plane->helpers, &step->work);
        if (r < 0) {
                free(step);
                return r;
        }
        shard->n_steps++;
        *ret_step = step; /* before its mail is taken: this thread does */
        return 0;
}

HandshakeStep *handshake_step_free(HandshakeStep *step)
{
        if (step)
                step->shard->n_steps--;
        free(step);
        return NULL;
}

bool handshake_step_withdraw(HandshakeStep *step)
{
        if (!work_pool_withdraw(step->shard->plane->helpers, &step->work))
                return false;
        handshake_step_free(step);
        return true;
}
