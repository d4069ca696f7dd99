/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A local service that decides who may come in and what they may do, asked over a Unix socket. What
 * it does not answer in time is not allowed. Counted.
 *
 * Thread: any
 */
#pragma once

#include "access/authority-words.h"
#include "util/macro.h"

/* For an answer, ms: a client does not wait much longer for CONNACK. */
#define AUTHORITY_TIMEOUT 2000U

typedef struct Authority Authority;

/* At this path; one that begins with @ is abstract. It has so many ms for an answer. Does not
 * connect yet. 0, -ENAMETOOLONG, -ENOMEM, or -EIO without random numbers. */
int authority_new(const char *path, unsigned timeout, Authority **ret_authority);
Authority *authority_ref(Authority *authority);
Authority *authority_unref(Authority *authority);
DEFINE_CLEANUP(Authority, authority_unref)

const char *authority_path(const Authority *authority);

/* What it said to the same question before, if that holds still: 1; 0: it is to be asked; or
 * -ENOMEM. Does not block. */
int authority_recall(Authority *authority, const AuthorityQuestion *question, bool *ret_allow);

/* What it has said before holds no longer. */
void authority_forget(Authority *authority);

/*
 * Asks, and waits for the answer: not for a worker. What is about a topic is remembered for a
 * second at least, and for that time no answer is a no. 0; -ETIMEDOUT; -EBADMSG: its answer is
 * none; -EHOSTDOWN: it could not be reached lately, and is not tried again yet; or -errno. Any
 * number of threads may ask at a time: each has a connection of its own meanwhile.
 */
int authority_ask(Authority *authority, const AuthorityQuestion *question, bool *ret_allow);
