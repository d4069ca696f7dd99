/* SPDX-License-Identifier: Apache-2.0 */

/* A question to all workers. */

#include "server/gather.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "server/shard.h"

struct Gather {
        const GatherType *type;
        void *question;
        int fd;
        atomic_uint references; /* one of each worker that has not answered, one of who asks */
        atomic_uint left;       /* workers that have not answered */
        atomic_int error;       /* the first -errno */
        atomic_bool is_unwanted;
        GatherPart parts[];
};

int gather_new(const GatherType *type, void *question, unsigned n, Gather **ret_gather)
{
        Gather *gather = calloc(1, sizeof(*gather) + n * sizeof(*gather->parts));

        if (!gather)
                return -ENOMEM;
        gather->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (gather->fd < 0) {
                const int r = -errno;

                free(gather);
                return r;
        }
        gather->type = type;
        gather->question = question;
        atomic_init(&gather->references, n + 1);
        atomic_init(&gather->left, n);
        for (unsigned i = 0; i < n; i++)
                gather->parts[i].gather = gather;
        *ret_gather = gather;
        return 0;
}

static void drop_reference(Gather *gather)
{
        if (atomic_fetch_sub_explicit(&gather->references, 1, memory_order_acq_rel) > 1)
                return;
        gather->type->free(gather->question);
        close(gather->fd);
        free(gather);
}

Gather *gather_free(Gather *gather)
{
        if (gather) {
                atomic_store_explicit(&gather->is_unwanted, true, memory_order_relaxed);
                drop_reference(gather);
        }
        return NULL;
}

int gather_fd(const Gather *gather)
{
        return gather->fd;
}

int gather_result(const Gather *gather)
{
        return atomic_load_explicit(&gather->error, memory_order_relaxed);
}

/* The eventfd does not order memory, this does. */
void *gather_question(const Gather *gather)
{
        (void)atomic_load_explicit(&gather->left, memory_order_acquire);
        return gather->question;
}

/* --- workers --- */

static void answer(Gather *gather, int r)
{
        int none = 0;

        if (r < 0)
                atomic_compare_exchange_strong(&gather->error, &none, r);
        if (atomic_fetch_sub_explicit(&gather->left, 1, memory_order_acq_rel) == 1)
                (void)eventfd_write(gather->fd, 1);
        drop_reference(gather);
}

void gather_refuse(Gather *gather, int error)
{
        answer(gather, error);
}

void gather_begin(Shard *shard, Gather *gather)
{
        list_append(&shard->gathers, &gather->parts[shard->index].link);
}

static int work(Gather *gather, Shard *shard)
{
        if (atomic_load_explicit(&gather->is_unwanted, memory_order_relaxed))
                return -ECANCELED;
        return gather->type->work(gather->question, shard);
}

/* Who has more to do goes behind the others: a long question does not hold up short ones. */
void gather_go_on(Shard *shard)
{
        GatherPart *part = list_first_entry(&shard->gathers, GatherPart, link);
        int r;

        if (_likely_(!part))
                return;
        list_remove(&part->link);
        r = work(part->gather, shard);
        if (r > 0)
                list_append(r == GATHER_WAITS ? &shard->waiting : &shard->gathers, &part->link);
        else
                answer(part->gather, r);
}

void gather_wake(Shard *shard)
{
        GatherPart *part;

        while (_unlikely_(part = list_first_entry(&shard->waiting, GatherPart, link))) {
                list_remove(&part->link);
                list_append(&shard->gathers, &part->link);
        }
}

void gather_end(Shard *shard)
{
        GatherPart *part;

        gather_wake(shard);
        while ((part = list_first_entry(&shard->gathers, GatherPart, link))) {
                list_remove(&part->link);
                answer(part->gather, -ESHUTDOWN);
        }
}
