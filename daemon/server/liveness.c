/* SPDX-License-Identifier: Apache-2.0 */

/* Whether all workers are alive. */

#include "server/liveness.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "server/shard.h"

typedef struct Liveness {
        unsigned n;
        atomic_bool answered[];
} Liveness;

static int answer(void *question, Shard *shard)
{
        Liveness *liveness = question;

        atomic_store(&liveness->answered[shard->index], true);
        return GATHER_DONE;
}

static const GatherType type = {answer, free};

int liveness_new(unsigned n_workers, Gather **ret_gather)
{
        Liveness *liveness =
                calloc(1, sizeof(*liveness) + n_workers * sizeof(liveness->answered[0]));
        int r;

        if (!liveness)
                return -ENOMEM;
        liveness->n = n_workers;
        r = gather_new(&type, liveness, n_workers, ret_gather);
        if (r < 0)
                free(liveness);
        return r;
}

int liveness_silent(const Gather *gather)
{
        Liveness *liveness = gather_question(gather);

        for (unsigned i = 0; i < liveness->n; i++)
                if (!atomic_load(&liveness->answered[i]))
                        return (int)i;
        return -1;
}
