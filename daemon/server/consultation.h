/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One question of a client that is in to the authority of its listener, asked by a helper that
 * waits for the answer. MAIL_CONSULTATION tells that the authority can be asked again: it remembers
 * the answer.
 *
 * Thread: worker
 */
#pragma once

#include "access/authority.h"
#include "server/shard.h"
#include "util/work-pool.h"

typedef struct Consultation {
        Work work;
        Shard *shard;
        Connection *connection;     /* NULL: it has ended; no helper looks at this */
        Authority *authority;       /* a reference */
        AuthorityQuestion question; /* its texts lie in `texts` */
        int r;                      /* with the mail: as authority_ask() */
        bool allow;
        size_t length;
        uint8_t texts[];
} Consultation;

/* 0 and *ret_consultation, which is the caller's again with the mail; -EBUSY: too many wait;
 * -ENOMEM; or -errno: nobody helps. */
int consultation_new(Connection *connection, Shard *shard, Authority *authority,
                     const AuthorityQuestion *question, Consultation **ret_consultation);

/* With its mail. */
Consultation *consultation_free(Consultation *consultation);

/* The connection wants no answer any more. Takes NULL. */
void consultation_abandon(Consultation *consultation);
